"""Workloads that their owner's own supervisor runs: adopted as they are, told by its commands."""

import asyncio
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hardware.work.held import Holder
from hardware.work.logs import LogCommand, LogFiles, WorkLog
from hardware.work.systemd import journal_of
from hardware.work.tree import members_of, say_status, use_of
from solard.core.errors import SolardError
from solard.core.work import External, Keeper, WorkSpec, WorkUse
from solard.system.processes import catches, is_alive, signal_all

ANSWER_S = 15.0
"""Real seconds that a command of the owner's supervisor may take: `pm2` starts a node each time."""
LOOK_AGAIN_S = 15.0
STOP_MARGIN_S = 15.0
POLL_S = 0.05
MOST_BYTES = 8 << 20
DYING_S = 2.0


class OwnerRefused(SolardError):
    """The supervisor that runs a workload does not do what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verbs:
    """One supervisor's commands; `NAME` stands for the workload's name there."""

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()


_VERBS: Mapping[Keeper, _Verbs] = {
    Keeper.PM2: _Verbs(
        start=("pm2", "start", "NAME"),
        stop=("pm2", "stop", "NAME"),
    ),
    Keeper.DOCKER: _Verbs(
        start=("docker", "start", "NAME"),
        stop=("docker", "stop", "-t", "GRACE", "NAME"),
        kill=("docker", "kill", "NAME"),
    ),
    Keeper.SYSTEMD: _Verbs(
        start=("systemctl", "--no-ask-password", "start", "NAME"),
        stop=("systemctl", "--no-ask-password", "stop", "NAME"),
    ),
    Keeper.PID_FILE: _Verbs(),
}


class ExternalBackend:
    """Adopts programs of pm2, docker, systemd, or of whoever writes a pid file."""

    def __init__(self) -> None:
        self._specs: dict[str, WorkSpec] = {}
        self._holder = Holder(self._ask, LOOK_AGAIN_S)

    def note(self, spec: WorkSpec) -> str | None:
        """Return what cannot be done for a workload, in one line."""
        caps = spec.caps
        if (caps.memory_bytes, caps.tasks, caps.cpu_cores) == (None, None, None):
            return None
        return f"its caps are for {_external(spec).keeper.value} to enforce, which runs it"

    def start(self, spec: WorkSpec) -> int:
        """Start it by the owner's command; return its pid."""
        external = _external(spec)
        command = external.start or _spelled(_VERBS[external.keeper].start, spec)
        if not command:
            raise OwnerRefused(
                f"workload {spec.name!r} has no start command; write workloads.{spec.name}."
                "external.start"
            )
        ask_owner(command)
        self._specs[spec.name] = spec
        pid = self._holder.look(spec.name)
        if pid is None:
            ending = self.ending(spec)
            raise OwnerRefused(
                f"workload {spec.name!r} does not run after {' '.join(command)}"
                f"{f': {ending}' if ending else ''}"
            )
        return pid

    def adopt(self, spec: WorkSpec) -> int | None:
        """Return its pid while it lives, started by whomever."""
        self._specs[spec.name] = spec
        return self._holder.find(spec.name)

    async def drain(self, spec: WorkSpec) -> bool:
        """Let its supervisor end it; return whether it ended within its grace."""
        pid = self.adopt(spec)
        if pid is None:
            return True
        self.thaw(spec)
        external = _external(spec)
        command = external.stop or _spelled(_VERBS[external.keeper].stop, spec)
        if command:
            await asyncio.to_thread(ask_owner, command, spec.grace_s + STOP_MARGIN_S)
        else:
            _signal((pid,), signal.SIGTERM, spec)
        return await self._has_ended(spec, spec.grace_s)

    async def stop(self, spec: WorkSpec) -> None:
        """End it as its supervisor does; what it leaves behind is killed."""
        before = members_of(self.adopt(spec))
        if not await self.drain(spec):
            await self.kill(spec)
        left = [pid for pid, stat in before.items() if is_alive(pid, stat.start_ticks)]
        _signal(left, signal.SIGKILL, spec)
        self._holder.forget(spec.name)

    async def kill(self, spec: WorkSpec) -> None:
        """End it and all that it started, now; its supervisor is told first, or would restart."""
        pid = self.adopt(spec)
        if pid is None:
            return
        external = _external(spec)
        members = members_of(pid)
        if external.keeper is not Keeper.DOCKER:
            _signal(members, signal.SIGSTOP, spec)  # it forks no more
            members |= members_of(pid)
            _signal(members, signal.SIGKILL, spec)
        command = _spelled(_VERBS[external.keeper].kill, spec) or external.stop
        command = command or _spelled(_VERBS[external.keeper].stop, spec)
        if command:
            await asyncio.to_thread(ask_owner, command, ANSWER_S)
        if not await self._has_ended(spec, DYING_S):
            raise OwnerRefused(
                f"workload {spec.name!r} (pid {pid}) does not end; {external.keeper.value} runs it"
            )

    def freeze(self, spec: WorkSpec) -> None:
        """Stop every process where it stands."""
        pid = self.adopt(spec)
        if pid is None:
            return
        if _external(spec).keeper is not Keeper.DOCKER:
            _signal(members_of(pid), signal.SIGSTOP, spec)
        elif not _is_paused(spec):
            ask_owner(("docker", "pause", _external(spec).name))

    def thaw(self, spec: WorkSpec) -> None:
        """Let it go on; what runs, or is another user's, is left as it is."""
        pid = self.adopt(spec)
        if pid is None:
            return
        if _external(spec).keeper is not Keeper.DOCKER:
            signal_all(members_of(pid), signal.SIGCONT)
        elif _is_paused(spec):
            ask_owner(("docker", "unpause", _external(spec).name))

    def stats(self, spec: WorkSpec) -> WorkUse | None:
        """Return what its processes take; None while it does not run."""
        pid = self.adopt(spec)
        if pid is None:
            return None
        use = use_of(members_of(pid).values())
        if _external(spec).keeper is Keeper.DOCKER:  # it freezes a cgroup: no process shows it
            return replace(use, frozen=_is_paused(spec))
        return use

    def ending(self, spec: WorkSpec) -> str | None:
        """Return how it last ended, where its supervisor says so."""
        if _external(spec).keeper is not Keeper.DOCKER:
            return None
        said = _inspect(spec, "{{.State.OOMKilled}} {{.State.ExitCode}}")
        oom, _, status = said.partition(" ")
        if oom == "true":
            return "out of memory (oom-kill)"
        return say_status(int(status)) if status.isdecimal() else None

    def running_command(self, spec: WorkSpec) -> tuple[str, ...] | None:  # noqa: ARG002
        """Return nothing: the command is its owner's."""
        return None

    def log(self, spec: WorkSpec) -> WorkLog:
        """Return where its log is: the file that is written down, or what its supervisor keeps."""
        external = _external(spec)
        if external.log_file:
            return LogFiles(Path(external.log_file))
        name = external.name
        match external.keeper:
            case Keeper.DOCKER:
                base: tuple[str, ...] = ("docker", "logs", "--timestamps")
                return LogCommand(
                    show=(*base, "--tail", "COUNT", name),
                    tail=(*base, "--follow", "--tail", "0", name),
                )
            case Keeper.SYSTEMD:
                return journal_of(name)
            case Keeper.PM2:
                base = ("pm2", "logs", name, "--raw")
                return LogCommand(
                    show=(*base, "--nostream", "--lines", "COUNT"), tail=(*base, "--lines", "0")
                )
            case Keeper.PID_FILE:
                raise OwnerRefused(
                    f"nobody says where workload {spec.name!r} logs; write "
                    f"workloads.{spec.name}.external.log_file"
                )

    # Inside.

    async def _has_ended(self, spec: WorkSpec, within_s: float) -> bool:
        for _ in range(max(1, round(within_s / POLL_S))):
            if self.adopt(spec) is None:
                return True
            await asyncio.sleep(POLL_S)
        return self.adopt(spec) is None

    def _ask(self, name: str) -> int:
        """Return the pid that its supervisor knows; 0 for none."""
        external = _external(self._specs[name])
        if external.pid_file:
            return _pid_in(Path(external.pid_file))
        match external.keeper:
            case Keeper.PM2:
                return _pid_of_pm2(ask_owner(("pm2", "jlist")), external.name)
            case Keeper.DOCKER:
                said = _inspect(self._specs[name], "{{.State.Pid}}")
            case Keeper.SYSTEMD:
                said = ask_owner(
                    ("systemctl", "show", "--property=MainPID", "--value", external.name)
                )
            case Keeper.PID_FILE:
                return _pid_in(Path(external.name))
        return int(said) if said.strip().isdecimal() else 0

    def signal(self, spec: WorkSpec, number: signal.Signals) -> int:
        """Send a signal to those processes of the program that catch it; return how many do."""
        takers = [pid for pid in members_of(self.adopt(spec)) if catches(pid, number)]
        _signal(takers, number, spec)
        return len(takers)


def _external(spec: WorkSpec) -> External:
    assert spec.external is not None
    return spec.external


def _inspect(spec: WorkSpec, form: str) -> str:
    return ask_owner(("docker", "inspect", "--format", form, _external(spec).name)).strip()


def _is_paused(spec: WorkSpec) -> bool:
    return _inspect(spec, "{{.State.Paused}}") == "true"


def _spelled(words: tuple[str, ...], spec: WorkSpec) -> tuple[str, ...]:
    values = {"NAME": _external(spec).name, "GRACE": f"{spec.grace_s:.0f}"}
    return tuple(values.get(word, word) for word in words)


def _pid_in(path: Path) -> int:
    try:
        text = path.read_text(encoding="ascii").strip()
    except PermissionError as err:
        raise OwnerRefused(
            f"{path} cannot be read: {err.strerror}; let the user of solard read it (where its "
            f"unit hides it: a drop-in with BindReadOnlyPaths={path.parent})"
        ) from err
    except (OSError, ValueError):
        return 0
    return int(text) if text.isdecimal() else 0


def _pid_of_pm2(said: str, name: str) -> int:
    """Read the pid of a process out of `pm2 jlist`, which may chatter before its JSON."""
    try:
        rows = json.loads(said[said.index("[{") :]) if "[{" in said else []
        pids = [row.get("pid") for row in rows if row.get("name") == name]
    except (ValueError, AttributeError) as err:
        raise OwnerRefused("pm2 jlist answers with something that is no JSON") from err
    return next((pid for pid in pids if isinstance(pid, int)), 0)


def ask_owner(command: tuple[str, ...], within_s: float = ANSWER_S) -> str:
    """Run a command of the owner's; return what it printed.

    It prints into a file: a pipe would stay open as long as what it started in the background.
    """
    with tempfile.TemporaryFile() as printed:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=within_s,
                check=False,
            )
        except FileNotFoundError as err:
            raise OwnerRefused(
                f"{command[0]}: no such program for the user of solard; write its whole path in "
                "`external.start` and `external.stop`, or give `external.pid_file`"
            ) from err
        except subprocess.TimeoutExpired as err:
            raise OwnerRefused(f"{' '.join(command)}: no end within {within_s:g} s") from err
        except OSError as err:
            raise OwnerRefused(f"{' '.join(command)}: {err.strerror}") from err
        printed.seek(0)
        said = printed.read(MOST_BYTES).decode(errors="replace")
    if done.returncode:
        last = said.strip().splitlines()[-1:] or ["no reason given"]
        raise OwnerRefused(f"{' '.join(command)}: {last[0]}")
    return said


def _signal(pids: Collection[int], number: signal.Signals, spec: WorkSpec) -> None:
    foreign = [pid for pid in pids if not _may_signal(pid)]
    if foreign:
        raise OwnerRefused(
            f"workload {spec.name!r}: pid {foreign[0]} is another user's; write its owner's "
            f"commands as workloads.{spec.name}.external.start and stop"
        )
    signal_all(pids, number)


def _may_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    except ProcessLookupError:
        return True
    return True
