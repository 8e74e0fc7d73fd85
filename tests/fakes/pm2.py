"""pm2 as solard meets it: `start NAME -- COMMAND`, `start NAME`, `stop NAME`, `jlist`.

It keeps what it runs as JSON in HOME and starts real processes. Like pm2 it stops by SIGINT, and by
SIGKILL 1.6 s later.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(home: Path, verb: str, words: list[str]) -> int:
    kept = home / "pm2.json"
    apps = json.loads(kept.read_text()) if kept.exists() else {}
    if verb == "jlist":
        print(">>>> In-memory PM2 is out-of-date, do: pm2 update")
        rows = [{"name": n, "pid": a["pid"] if _lives(a["pid"]) else 0} for n, a in apps.items()]
        print(json.dumps(rows))
        return 0
    name = words[0]
    if verb == "start":
        command = words[2:] or apps[name]["command"]
        child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        apps[name] = {"pid": child.pid, "command": command}
        kept.write_text(json.dumps(apps))
    elif name not in apps:
        print(f"[PM2][ERROR] Process or Namespace {name} not found", file=sys.stderr)
        return 1
    elif verb == "stop":
        _end(apps[name]["pid"])
    return 0


def _end(pid: int) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        if _lives(pid):
            os.kill(pid, number)
        ends = time.monotonic() + 1.6
        while _lives(pid) and time.monotonic() < ends:
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
