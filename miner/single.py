"""One process per directory: the second one is told who is there."""

import fcntl
import os
from pathlib import Path
from typing import IO

from solard.core.errors import SolardError


class AlreadyRunning(SolardError):
    """Another process works in this directory."""


def hold(home: Path) -> IO[str]:
    """Lock a directory for this process; the kernel frees it at any kind of death.

    Keep the returned file open as long as the lock is wanted.
    """
    home.mkdir(mode=0o750, parents=True, exist_ok=True)
    lock = (home / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise AlreadyRunning(f"{home} is in use by process {owner}; stop it first") from err
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
