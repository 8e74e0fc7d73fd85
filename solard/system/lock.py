"""One daemon for each state directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from solard.core.errors import SolardError
from solard.system.places import Places


class AlreadyRunning(SolardError):
    """Another daemon works in the same state directory."""

    exit_status: ClassVar[int] = 75


class PlaceUnusable(SolardError):
    """A directory that solard needs cannot be made or written."""


@contextmanager
def only_daemon(places: Places) -> Iterator[None]:
    """Hold the state directory's lock; raise AlreadyRunning with the pid of who holds it."""
    try:
        places.make()
        descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as err:
        raise PlaceUnusable(
            f"cannot use {err.filename}: {err.strerror}; give another home with --dir, or run as "
            "the user that owns it"
        ) from err
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
            raise AlreadyRunning(
                f"another daemon (pid {holder}) works in {places.state}; stop it first, or give "
                "this one a home of its own with --dir"
            ) from err
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
