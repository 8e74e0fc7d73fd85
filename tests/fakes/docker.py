"""docker as solard meets it: `start stop kill pause unpause inspect`, as docker 20 to 28 answer.

Containers are JSON in HOME, made there by the test, and real processes. Like docker's own pid
namespace, one that ends takes all with it that it started, in whatever session.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
FIELDS = {
    "{{.State.Pid}}": lambda one: str(one["pid"] if _lives(one["pid"]) else 0),
    "{{.State.Paused}}": lambda one: str(one["paused"]).lower(),
    "{{.State.OOMKilled}} {{.State.ExitCode}}": lambda one: f"false {_status(one)}",
}


def main(home: Path, verb: str, words: list[str]) -> int:
    kept = home / "docker.json"
    containers = json.loads(kept.read_text())
    name = words[-1]
    if name not in containers:
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
        return 1
    one = {"pid": 0, "shim": 0, "paused": False} | containers[name]
    if verb == "inspect":
        print(FIELDS[words[1]](one))
        return 0
    if verb in {"pause", "unpause"} and one["paused"] == (verb == "pause"):
        print(f"Error response from daemon: container {name} is already so", file=sys.stderr)
        return 1
    if verb == "start" and not _lives(one["pid"]):
        one |= _start(home, one["command"])
    elif verb in {"pause", "unpause"}:
        one["paused"] = verb == "pause"
        _signal_all(one["shim"], signal.SIGSTOP if one["paused"] else signal.SIGCONT)
    elif verb == "stop":
        _signal_all(one["shim"], signal.SIGCONT)
        _end(one, (signal.SIGTERM, float(words[1])), (signal.SIGKILL, 5.0))
    elif verb == "kill":
        _end(one, (signal.SIGKILL, 5.0))
    kept.write_text(json.dumps(containers | {name: one}))
    return 0


def _start(home: Path, command: list[str]) -> dict[str, object]:
    (home / "status").unlink(missing_ok=True)
    shim = subprocess.Popen(
        [sys.executable, __file__, "--shim", str(home), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert shim.stdout is not None
    pid = int(shim.stdout.readline())
    return {"pid": pid, "shim": shim.pid, "paused": False, "status": str(home / "status")}


def shim(home: Path, command: list[str]) -> int:
    """Run a container's program, and end whatever it leaves behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    print(program.pid, flush=True)
    while True:  # also who was adopted is collected here
        pid, status = os.waitpid(-1, 0)
        if pid == program.pid:
            break
    _signal_all(os.getpid(), signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    (home / "status").write_text(str(128 - code if code < 0 else code))
    return 0


def _end(one: dict[str, object], *steps: tuple[signal.Signals, float]) -> None:
    for number, within_s in steps:
        if _lives(one["pid"]):
            os.kill(int(str(one["pid"])), number)
        ends = time.monotonic() + within_s
        while _lives(one["pid"]) and time.monotonic() < ends:
            time.sleep(0.02)


def _signal_all(shim_pid: object, number: signal.Signals) -> None:
    """Signal all that descends from a container's shim, which adopts orphans."""
    reached = {int(str(shim_pid))}
    while True:
        new = {pid for pid, parent in _parents() if parent in reached} - reached
        if not new:
            return
        for pid in new:
            os.kill(pid, number)
        reached |= new


def _parents() -> list[tuple[int, int]]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [(pid, int(fields[1])) for pid in pids if (fields := _fields(pid))]


def _fields(pid: object) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _lives(pid: object) -> bool:
    fields = _fields(pid)
    return bool(fields) and fields[0] not in {"Z", "X"}


def _status(one: dict[str, object]) -> str:
    path = Path(str(one.get("status")))
    return path.read_text() if path.exists() else "0"


if __name__ == "__main__":
    if sys.argv[1] == "--shim":
        sys.exit(shim(Path(sys.argv[2]), sys.argv[3:]))
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
