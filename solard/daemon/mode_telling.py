"""A program is brought into a mode: by signal, HTTP call, freezing, other arguments, its socket."""

import asyncio
import signal
import time
from pathlib import Path

from solard.core.modes import WorkMode
from solard.core.work import ActionKind, ModeAction, WorkSpec
from solard.daemon.events import Events
from solard.daemon.ports import WorkBackend, WorkProbe
from solard.daemon.work_life import Life
from solard.system.lines import ask

ANSWER_WITHIN_S = 2.0
CATCHES_WITHIN_S = 60.0
"""Real seconds after which a program without a handler for its mode's signal is told of."""


class ModeTeller:
    """Tells one workload what it is asked to be."""

    def __init__(
        self, spec: WorkSpec, backend: WorkBackend, probe: WorkProbe, socket: Path, events: Events
    ) -> None:
        self._spec = spec
        self._backend = backend
        self._probe = probe
        self._socket = socket
        self._events = events

    async def tell(self, mode: WorkMode) -> None:
        """Tell a bundled program its mode."""
        await ask(self._socket, {"verb": "mode", "mode": mode.value}, ANSWER_WITHIN_S)

    async def follow(self, life: Life, mode: WorkMode) -> bool:
        """Bring a program into a mode, where it is not there yet.

        Return False where it was ended, since the mode is another command.
        """
        action = self._spec.action(mode)
        if life.applied == action:
            life.mode = mode
            return True
        if self._spec.external is None:
            running = await asyncio.to_thread(self._backend.running_command, self._spec)
            if running is not None and running != self.command(action):
                await self._backend.stop(self._spec)
                return False
        await self._apply(life, action, mode)
        return True

    async def give_back(self, life: Life) -> None:
        """Let it work as its owner left it: thawed, and in its full mode."""
        full = self._spec.action(WorkMode.FULL)
        if self._spec.bundled:
            await self.tell(WorkMode.FULL)
        elif life.applied not in {None, full}:
            await self._apply(life, full, WorkMode.FULL)

    def command(self, action: ModeAction) -> tuple[str, ...]:
        """Return the command that runs the program in a mode."""
        return action.command or self._spec.command

    async def _apply(self, life: Life, action: ModeAction, mode: WorkMode) -> None:
        if action.kind is not ActionKind.FREEZE and self._may_be_frozen(life):
            await asyncio.to_thread(self._backend.thaw, self._spec)
        match action.kind:
            case ActionKind.FREEZE:
                await asyncio.to_thread(self._backend.freeze, self._spec)
            case ActionKind.SIGNAL:
                if not await self._send(life, signal.Signals[action.signal]):
                    return
            case ActionKind.HTTP:
                await self._probe.tell(action)
            case ActionKind.LIMIT | ActionKind.ARGUMENTS | ActionKind.STOP:
                pass  # its cards' limits do it; or it was started so; or its minder ends it
        life.applied, life.mode = action, mode

    def _may_be_frozen(self, life: Life) -> bool:
        """Return whether a mode has frozen it, or did so under a daemon before this one."""
        if life.applied is not None:
            return is_frozen(life)
        return any(action.kind is ActionKind.FREEZE for _, action in self._spec.modes)

    async def _send(self, life: Life, number: signal.Signals) -> bool:
        """Send a mode's signal; return whether any process caught it. Later looks try again."""
        if await asyncio.to_thread(self._backend.signal, self._spec, number):
            return True
        if time.monotonic() - life.started_s > CATCHES_WITHIN_S and not life.deaf_told:
            life.deaf_told = True
            text = f"Catches no {number.name} (it would die of it): its mode is not told."
            self._events.tell(self._spec.name, text, "warning")
        return False


def is_frozen(life: Life) -> bool:
    """Say whether a mode has frozen the program."""
    return life.applied is not None and life.applied.kind is ActionKind.FREEZE
