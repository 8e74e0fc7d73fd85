"""Child processes: started in sessions of their own, reaped by us, ended with all their kin."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from solard.core.errors import SolardError
from solard.system.processes import descendants, signal_all

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CHECK_EVERY_S = 0.05


class NotStarted(SolardError):
    """A program could not be started."""


def become_subreaper() -> None:
    """Make orphans of our children our own, so that none escapes (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> int:
    """Start a program in its own session, output appended to `log`; return its pid.

    It gets SIGTERM when this process dies. Call from the main thread: the kernel ties that signal
    to the thread that forked.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0),
            )
    except OSError as err:
        raise NotStarted(f"{command[0]} does not start: {err}") from err
    child.returncode = 0  # `reap` waits for all children; Popen must not wait for this one
    return child.pid


def reap() -> frozenset[int]:
    """Collect every child that has ended, adopted ones too; return their pids."""
    ended: set[int] = set()
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            ended.add(found[0])
    return frozenset(ended)


def end_all(grace_s: float) -> frozenset[int]:
    """End every process below this one: SIGTERM, a grace in real seconds, SIGKILL.

    Returns the pids that had to be killed.
    """
    here = os.getpid()
    signal_all(descendants(here), signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline:
        reap()
        if not descendants(here):
            return frozenset()
        time.sleep(CHECK_EVERY_S)
    killed: set[int] = set()
    while left := descendants(here):
        killed |= left
        signal_all(left, signal.SIGKILL)
        time.sleep(CHECK_EVERY_S)
        reap()
    return frozenset(killed)
