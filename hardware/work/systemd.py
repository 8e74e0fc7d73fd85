"""Workloads as units of systemd: each its own user and cgroup, alive across our own crashes.

It speaks through `systemctl`, which polkit lets the daemon's user do for these units alone. A
running workload is watched through its pidfd, so that looking after it starts no process.
"""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from hardware.work.held import Holder
from hardware.work.logs import LogCommand
from hardware.work.tree import members_of, say_status, use_of
from solard.core.errors import SolardError
from solard.core.work import WorkSpec, WorkUse
from solard.system.clock import CLOCK_VARIABLE
from solard.system.exec_work import Order, OrderInvalid, read_order, write_order
from solard.system.processes import catches

ANSWER_S = 10.0
"""Real seconds that systemd may take to start a unit, or to say what it runs."""
LOOK_AGAIN_S = 5.0
"""How long a workload that was not found is believed to be gone, real seconds."""
OUR_UNIT = "solard.service"
HANDED_ON = (CLOCK_VARIABLE,)
"""Of our own environment: all processes of a run share a clock."""

CLD_EXITED = "1"
"""What `ExecMainCode` says of a program that ended by itself (waitid(2))."""
DROP_IN = "solard.conf"
"""Name of the drop-in that the installer writes for a workload's user and caps."""
SETTLED_S = 15.0
"""Real seconds after which a program whose handlers cannot be seen is believed to have them."""
POLL_S = 0.1
_NAME = re.compile(r"[a-z0-9-]{1,26}")
"""The unit's user is `work-NAME`, and a user's name has at most 31 characters."""


class UnitRefused(SolardError):
    """systemd does not do what was asked for a workload's unit."""


class SystemdBackend:
    """Starts `solard-miner@NAME.service`; its command lies in `directory`/NAME.json."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._holder = Holder(_main_pid, LOOK_AGAIN_S)

    def note(self, spec: WorkSpec) -> str | None:
        """Return what its unit does not do yet, in one line: drop-ins are the installer's."""
        if not drop_in(spec) or DROP_IN in self._shown(spec, "DropInPaths")[0]:
            return None
        return "its user and caps wait for `sudo solard install`, which writes them to its unit"

    def start(self, spec: WorkSpec) -> int:
        """Write the command down and start the unit; return the program's pid."""
        unit = unit_of(spec.name)
        env = tuple((name, os.environ[name]) for name in HANDED_ON if name in os.environ)
        order = Order(command=spec.command, env=(*env, *spec.env))
        write_order(self._directory / f"{spec.name}.json", order)
        systemctl("start", unit)
        pid = self._holder.look(spec.name)
        if pid is None:
            raise UnitRefused(
                f"workload {spec.name!r} ended as soon as it was started "
                f"({self.ending(spec) or 'no reason given'}); see: journalctl -u {unit} -n 20"
            )
        return pid

    def adopt(self, spec: WorkSpec) -> int | None:
        """Return the pid of the unit's program, started by whomever."""
        return self._holder.find(spec.name)

    async def drain(self, spec: WorkSpec) -> bool:
        """Ask the program to finish; return whether it ended within its grace."""
        if self.adopt(spec) is None:
            return True
        self.thaw(spec)
        await asyncio.to_thread(self._signal, spec, "SIGTERM", "main")
        return await self._has_ended(spec, spec.grace_s)

    async def stop(self, spec: WorkSpec) -> None:
        """End the program and all that it started: SIGTERM, its grace, SIGKILL."""
        if not await self.drain(spec):
            await self.kill(spec)
        await asyncio.to_thread(systemctl, "stop", unit_of(spec.name))
        self._holder.forget(spec.name)

    async def kill(self, spec: WorkSpec) -> None:
        """End the program and all that it started, now."""
        if self.adopt(spec) is None:
            return
        await asyncio.to_thread(self._signal, spec, "SIGKILL", "all")
        if not await self._has_ended(spec, ANSWER_S):
            raise UnitRefused(
                f"workload {spec.name!r} does not end, although killed; "
                f"see: systemctl status {unit_of(spec.name)}"
            )

    def signal(self, spec: WorkSpec, number: signal.Signals) -> int:
        """Send a signal to the program, unless it is seen not to catch it; return 1 or 0.

        Its user differs from ours, so that its handlers may be hidden: then it is given time.
        """
        pid = self.adopt(spec)
        does = None if pid is None else catches(pid, number)
        if pid is None or does is False or (does is None and self._age_s(spec) < SETTLED_S):
            return 0
        self._signal(spec, number.name, "main")
        return 1

    def freeze(self, spec: WorkSpec) -> None:
        """Stop every process of the unit where it stands."""
        if self.adopt(spec) is None:
            return
        try:
            systemctl("freeze", unit_of(spec.name))
        except UnitRefused:
            # Machines with both versions of cgroups have no freezer for units.
            self._signal(spec, "SIGSTOP", "all")

    def thaw(self, spec: WorkSpec) -> None:
        """Let a frozen unit go on."""
        if self.adopt(spec) is None:
            return
        if self._shown(spec, "FreezerState")[0].startswith(("frozen", "freezing")):
            systemctl("thaw", unit_of(spec.name))
        self._signal(spec, "SIGCONT", "all")

    def stats(self, spec: WorkSpec) -> WorkUse | None:
        """Return what the unit takes now; None while it does not run."""
        pid = self.adopt(spec)
        if pid is None:
            return None
        use = use_of(members_of(pid).values())
        names = ("TasksCurrent", "MemoryCurrent", "CPUUsageNSec", "FreezerState")
        tasks, memory, cpu_ns, freezer = self._shown(spec, *names)
        return replace(
            use,
            processes=int(tasks) if tasks.isdecimal() else use.processes,
            memory_bytes=int(memory) if memory.isdecimal() else use.memory_bytes,
            cpu_s=int(cpu_ns) / 1e9 if cpu_ns.isdecimal() else use.cpu_s,
            frozen=freezer == "frozen" or use.frozen,
        )

    def ending(self, spec: WorkSpec) -> str | None:
        """Return how the program last ended, in a few words."""
        result, code, status = self._shown(spec, "Result", "ExecMainCode", "ExecMainStatus")
        if result == "oom-kill":
            return "out of memory (oom-kill)"
        if not status.isdecimal() or code in {"", "0"}:
            return None
        return say_status(int(status) if code == CLD_EXITED else -int(status))

    def running_command(self, spec: WorkSpec) -> tuple[str, ...] | None:
        """Return the command with which the living program was started."""
        if self.adopt(spec) is None:
            return None
        try:
            return read_order(self._directory / f"{spec.name}.json").command
        except OrderInvalid:
            return None

    def log(self, spec: WorkSpec) -> LogCommand:
        """Return its log in the journal."""
        return journal_of(unit_of(spec.name))

    async def _has_ended(self, spec: WorkSpec, within_s: float) -> bool:
        for _ in range(max(1, round(within_s / POLL_S))):
            if self.adopt(spec) is None:
                return True
            await asyncio.sleep(POLL_S)
        return self.adopt(spec) is None

    def _signal(self, spec: WorkSpec, name: str, whom: str) -> None:
        systemctl("kill", f"--signal={name}", f"--kill-who={whom}", unit_of(spec.name))

    def _age_s(self, spec: WorkSpec) -> float:
        """Return how long the program has run, real seconds."""
        (started_us,) = self._shown(spec, "ExecMainStartTimestampMonotonic")
        return time.monotonic() - int(started_us) / 1e6 if started_us.isdecimal() else 0.0

    def _shown(self, spec: WorkSpec, *names: str) -> tuple[str, ...]:
        """Return what systemd shows of a unit, empty where it does not know the name."""
        said = systemctl("show", f"--property={','.join(names)}", unit_of(spec.name))
        values = dict(line.partition("=")[::2] for line in said.splitlines())
        return tuple(values.get(name, "") for name in names)


def runs_as_our_unit() -> bool:
    """Return whether this process is the daemon that systemd runs, so that its units are there."""
    with contextlib.suppress(OSError):
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        return any(line.endswith(f"/{OUR_UNIT}") for line in groups)
    return False


def has_unit(name: str) -> bool:
    """Return whether systemd here has seen a workload's unit run."""
    try:
        return bool(systemctl("show", "--property=InvocationID", "--value", unit_of(name)).strip())
    except UnitRefused:
        return False


def unit_of(name: str) -> str:
    """Return the unit of a workload; raise UnitRefused for a name that the rules do not allow."""
    if not _NAME.fullmatch(name):
        raise UnitRefused(
            f"workload {name!r} cannot be a unit; use at most 26 lower-case letters, digits and "
            "dashes"
        )
    return f"solard-miner@{name}.service"


def journal_of(unit: str) -> LogCommand:
    """Return what the journal keeps of a unit."""
    base = ("journalctl", "--no-pager", "--quiet", "--output=short-iso", "--unit", unit)
    return LogCommand(show=(*base, "--lines=COUNT"), tail=(*base, "--follow", "--lines=0"))


def drop_in(spec: WorkSpec) -> str:
    """Return what a workload's own unit says beyond the template; empty where nothing."""
    lines = []
    if spec.user is not None:
        lines += ["DynamicUser=no", f"User={spec.user}", "Group=solard-work"]
    if spec.directory != "/":
        lines.append(f"WorkingDirectory={spec.directory}")
    if spec.caps.memory_bytes is not None:
        lines += [f"MemoryMax={spec.caps.memory_bytes}", "MemorySwapMax=0"]
    if spec.caps.cpu_cores is not None:
        lines.append(f"CPUQuota={spec.caps.cpu_cores * 100:.0f}%")
    if spec.caps.tasks is not None:
        lines.append(f"TasksMax={spec.caps.tasks}")
    return "\n".join(["[Service]", *lines, ""]) if lines else ""


def _main_pid(name: str) -> int:
    said = systemctl("show", "--property=MainPID", "--value", unit_of(name)).strip()
    return int(said) if said.isdecimal() else 0


def systemctl(verb: str, *arguments: str, within_s: float = ANSWER_S) -> str:
    """Return what `systemctl` prints; raise UnitRefused with a sentence."""
    command = ("systemctl", "--no-ask-password", verb, *arguments)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
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
