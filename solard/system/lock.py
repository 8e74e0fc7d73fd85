"""One process for each directory: the second one is told who is there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self

from solard.core.errors import SolardError
from solard.system.places import Places


class AlreadyRunning(SolardError):
    """Another process works in the same directory."""

    exit_status: ClassVar[int] = 75


class PlaceUnusable(SolardError):
    """A directory that solard needs cannot be made or written."""


class DirectoryLock:
    """A directory held by this process; the kernel frees it at any kind of death."""

    def __init__(self, directory: Path, who: str, advice: str) -> None:
        """Take the lock; `who` and `advice` are words of the refusal.

        Raises:
            AlreadyRunning: another process holds it; says its pid.
            OSError: the directory cannot be made or written.
        """
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        path = directory / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"another {who} (pid {holder}) works in {directory}; {advice}"
            ) from err
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


@contextmanager
def only_daemon(places: Places) -> Iterator[None]:
    """Hold the state directory's lock; raise AlreadyRunning with the pid of who holds it."""
    try:
        places.make()
        lock = DirectoryLock(
            places.state, "daemon", "stop it first, or give this one a home of its own with --dir"
        )
    except OSError as err:
        raise PlaceUnusable(
            f"cannot use {err.filename}: {err.strerror}; give another home with --dir, or run as "
            "the user that owns it"
        ) from err
    with lock:
        yield
