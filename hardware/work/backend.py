"""The backend of this machine, and beside it the one for programs that somebody else runs."""

import signal
from pathlib import Path

from hardware.work.cgroup import find_groups
from hardware.work.external import ExternalBackend
from hardware.work.logs import WorkLog
from hardware.work.process import ProcessBackend
from hardware.work.systemd import SystemdBackend, runs_as_our_unit
from solard.core.work import WorkSpec, WorkUse


class RigBackend:
    """Hands each call to the backend that a workload belongs to."""

    def __init__(self, own: SystemdBackend | ProcessBackend) -> None:
        self._own = own
        self._external = ExternalBackend()

    def start(self, spec: WorkSpec) -> int:
        """Start a program, return its pid."""
        return self._of(spec).start(spec)

    def adopt(self, spec: WorkSpec) -> int | None:
        """Return the pid of a program that runs under this name, started by whomever."""
        return self._of(spec).adopt(spec)

    async def drain(self, spec: WorkSpec) -> bool:
        """Ask the program to finish; return whether it ended within its grace."""
        return await self._of(spec).drain(spec)

    async def stop(self, spec: WorkSpec) -> None:
        """End the program and all that it started."""
        await self._of(spec).stop(spec)

    async def kill(self, spec: WorkSpec) -> None:
        """End the program and all that it started, now."""
        await self._of(spec).kill(spec)

    def signal(self, spec: WorkSpec, number: signal.Signals) -> int:
        """Send a signal to those processes of the program that catch it; return how many do."""
        return self._of(spec).signal(spec, number)

    def freeze(self, spec: WorkSpec) -> None:
        """Stop every process where it stands."""
        self._of(spec).freeze(spec)

    def thaw(self, spec: WorkSpec) -> None:
        """Let a frozen program go on."""
        self._of(spec).thaw(spec)

    def stats(self, spec: WorkSpec) -> WorkUse | None:
        """Return what it takes now; None while it does not run."""
        return self._of(spec).stats(spec)

    def ending(self, spec: WorkSpec) -> str | None:
        """Return how it last ended, in a few words."""
        return self._of(spec).ending(spec)

    def running_command(self, spec: WorkSpec) -> tuple[str, ...] | None:
        """Return the command with which the living program was started."""
        return self._of(spec).running_command(spec)

    def note(self, spec: WorkSpec) -> str | None:
        """Return what of its description cannot be done here, and how to get it."""
        return self._of(spec).note(spec)

    def log(self, spec: WorkSpec) -> WorkLog:
        """Return its log, wherever that is."""
        return self._of(spec).log(spec)

    def _of(self, spec: WorkSpec) -> SystemdBackend | ProcessBackend | ExternalBackend:
        return self._own if spec.external is None else self._external


def make_backend(work: Path, logs: Path) -> RigBackend:
    """Return the backend of this process: units where systemd runs the daemon, else processes."""
    if runs_as_our_unit():
        return RigBackend(SystemdBackend(work))
    return RigBackend(ProcessBackend(work, logs, find_groups()))
