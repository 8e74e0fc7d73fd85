"""Workloads as units of systemd: each its own user and cgroup, alive across our own crashes.

It speaks through `systemctl`, which polkit lets the daemon's user do for these units alone. A
running workload is watched through its pidfd, so that looking after it starts no process.
"""

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from solard.core.errors import SolardError
from solard.core.work import WorkSpec
from solard.system.clock import CLOCK_VARIABLE
from solard.system.exec_work import Order, write_order

ANSWER_S = 10.0
"""Real seconds that systemd may take to start a unit, or to say what it runs."""
STOP_MARGIN_S = 10.0
LOOK_AGAIN_S = 5.0
"""How long a workload that was not found is believed to be gone, real seconds."""
OUR_UNIT = "solard.service"
HANDED_ON = (CLOCK_VARIABLE,)
"""Of our own environment: all processes of a run share a clock."""

_NAME = re.compile(r"[a-z0-9-]{1,26}")
"""The unit's user is `work-NAME`, and a user's name has at most 31 characters."""


class UnitRefused(SolardError):
    """systemd does not do what was asked for a workload's unit."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A process, held so that its number cannot come to mean another one."""

    pid: int
    descriptor: int

    @property
    def is_alive(self) -> bool:
        ready, _, _ = select.select([self.descriptor], [], [], 0)
        return not ready


class SystemdBackend:
    """Starts `solard-miner@NAME.service`; its command lies in `directory`/NAME.json."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running: dict[str, _Running] = {}
        self._missed_s: dict[str, float] = {}

    def start(self, spec: WorkSpec) -> int:
        """Write the command down and start the unit; return the program's pid."""
        unit = unit_of(spec.name)
        env = tuple((name, os.environ[name]) for name in HANDED_ON if name in os.environ)
        order = Order(command=spec.command, env=(*env, *spec.env))
        write_order(self._directory / f"{spec.name}.json", order)
        _systemctl("start", unit)
        pid = self._ask(spec.name)
        if pid is None:
            raise UnitRefused(
                f"workload {spec.name!r} ended as soon as it was started; "
                f"see: journalctl -u {unit} -n 20"
            )
        return pid

    def find(self, spec: WorkSpec) -> int | None:
        """Return the pid of the unit's program, started by whomever."""
        known = self._running.get(spec.name)
        if known is not None:
            if known.is_alive:
                return known.pid
            self._forget(spec.name)
        missed_s = self._missed_s.get(spec.name)
        if missed_s is not None and time.monotonic() - missed_s < LOOK_AGAIN_S:
            return None
        return self._ask(spec.name)

    async def stop(self, spec: WorkSpec) -> None:
        """Stop the unit: SIGTERM to all of it, its grace, SIGKILL."""
        unit = unit_of(spec.name)
        process = await asyncio.create_subprocess_exec(
            "systemctl",
            "--no-ask-password",
            "stop",
            unit,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(spec.grace_s + STOP_MARGIN_S):
                _, said = await process.communicate()
        except TimeoutError as err:
            process.kill()
            await process.wait()
            raise UnitRefused(f"{unit} does not stop; see: systemctl status {unit}") from err
        if process.returncode:
            raise _refused("stop", unit, said.decode(errors="replace"))
        self._forget(spec.name)

    def signal(self, spec: WorkSpec, number: signal.Signals) -> None:
        """Send a signal to all of the unit's processes; nothing where it has ended."""
        if self.find(spec) is not None:
            _systemctl("kill", f"--signal={number.name}", unit_of(spec.name))

    def _ask(self, name: str) -> int | None:
        """Ask systemd for the pid, and hold the process that has it."""
        said = _systemctl("show", "--property=MainPID", "--value", unit_of(name)).strip()
        pid = int(said) if said.isdecimal() else 0
        running = _hold(pid) if pid else None
        if running is None:
            self._missed_s[name] = time.monotonic()
            return None
        self._forget(name)
        self._running[name] = running
        return pid

    def _forget(self, name: str) -> None:
        self._missed_s.pop(name, None)
        known = self._running.pop(name, None)
        if known is not None:
            os.close(known.descriptor)


def runs_as_our_unit() -> bool:
    """Return whether this process is the daemon that systemd runs, so that its units are there."""
    with contextlib.suppress(OSError):
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        return any(line.endswith(f"/{OUR_UNIT}") for line in groups)
    return False


def unit_of(name: str) -> str:
    """Return the unit of a workload; raise UnitRefused for a name that the rules do not allow."""
    if not _NAME.fullmatch(name):
        raise UnitRefused(
            f"workload {name!r} cannot be a unit; use at most 26 lower-case letters, digits and "
            "dashes"
        )
    return f"solard-miner@{name}.service"


def _hold(pid: int) -> _Running | None:
    try:
        return _Running(pid, os.pidfd_open(pid))
    except OSError:
        return None


def _systemctl(verb: str, *arguments: str) -> str:
    command = ("systemctl", "--no-ask-password", verb, *arguments)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise UnitRefused(f"systemctl {verb} {arguments[-1]}: {err}") from err
    if done.returncode:
        raise _refused(verb, arguments[-1], done.stderr)
    return done.stdout


def _refused(verb: str, unit: str, said: str) -> UnitRefused:
    last = (said.strip().splitlines() or ["no reason given"])[-1]
    if "authentication" in last.lower() or "access denied" in last.lower():
        return UnitRefused(
            f"solard may not {verb} {unit}: {last}; its polkit rule is missing: install polkit "
            "(122 or newer), then run `sudo solard install`"
        )
    return UnitRefused(f"systemctl {verb} {unit}: {last}; see: journalctl -u {unit} -n 20")
