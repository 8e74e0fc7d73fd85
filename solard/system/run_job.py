"""`python -m solard.system.run_job RESULT DIRECTORY COMMAND…`: run a job, and write how it ended.

It outlives the daemon, so that a job's exit status is known even if nobody was there to wait for
it. Signals to the whole group reach the job; this process only waits.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PASSED_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Meant for the job: it saves and ends, and we write down how."""
CANNOT_RUN = 127
"""As a shell says it."""


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end; always 0, so that nothing starts it a second time."""
    result, directory, *command = arguments
    for number in PASSED_BY:
        # A handler and not SIG_IGN, which the job would inherit.
        signal.signal(number, lambda _number, _frame: None)
    write_result(Path(result), _run(command, Path(directory)))
    return 0


def write_result(path: Path, status: int) -> None:
    """Put an exit status where the daemon reads it; a job may be another user."""
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, 0o644), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(json.dumps({"status": status}))
    fresh.replace(path)


def read_result(path: Path) -> int | None:
    """Return the exit status of a job's last run, or None while there is none."""
    try:
        status = json.loads(path.read_text(encoding="utf-8"))["status"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return status if isinstance(status, int) else None


def _run(command: Sequence[str], directory: Path) -> int:
    # A job that calls `solard` means the one that runs it.
    own = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join((own, os.environ.get("PATH") or os.defpath))
    try:
        # systemd gives a unit a directory of its own.
        if "STATE_DIRECTORY" not in os.environ:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            os.chdir(directory)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL).wait()
    except OSError as err:
        sys.stderr.write(f"solard: {command[0]} does not start: {err.strerror}; check the job\n")
        return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
