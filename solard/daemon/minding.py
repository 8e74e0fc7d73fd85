"""One workload: adopted, started, told its mode, looked at, and started again when it dies."""

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.core.restarts import RestartMemory, after_death, after_health
from solard.core.view import AT_REST, OBSERVED, WorkloadView
from solard.core.work import ActionKind, WorkSpec, WorkStatus
from solard.core.work_energy import WorkEnergy
from solard.daemon.events import Events
from solard.daemon.mode_telling import ANSWER_WITHIN_S, ModeTeller, is_frozen
from solard.daemon.ports import WorkBackend, WorkProbe
from solard.daemon.talking import read_detail, read_status
from solard.daemon.work_holds import Hold
from solard.daemon.work_life import Life
from solard.system.lines import ask

HUNG_AFTER_S = 20.0
"""A bundled workload that has not answered for so long is ended and started again."""
ENDING_S = 2.0
"""Real seconds that the note of how a program ended may come after its end."""
USE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the decision asks of one workload."""

    mode: WorkMode | None = None
    """None = look, and touch nothing."""
    cards_held: bool = False
    """Work on cards starts only once the keeper holds those under a lease."""
    draw_w: float | None = None
    """What its cards draw together; None where that is unknown."""


class Minder:
    """Looks after one workload."""

    def __init__(
        self,
        spec: WorkSpec,
        backend: WorkBackend,
        probe: WorkProbe,
        socket: Path,
        events: Events,
        *,
        hung_after_s: float = HUNG_AFTER_S,
    ) -> None:
        self.spec = spec
        self.health = "not started yet"
        self.restarts = 0
        self.hold: Hold | None = None
        self._backend = backend
        self._probe = probe
        self._socket = socket
        self._events = events
        self._hung_after_s = hung_after_s
        self._life = Life()
        self._teller = ModeTeller(spec, backend, probe, socket, events)
        self._memory = RestartMemory()
        self._note: str | None = None
        self._note_told = False

    @property
    def pid(self) -> int | None:
        """Return its process while it lives."""
        return self._life.pid

    @property
    def status(self) -> WorkStatus | None:
        """Return what it last said of itself, of a bundled one."""
        return self._life.status

    @property
    def detail(self) -> dict[str, Any]:
        """Return the details that it last gave, of a bundled one."""
        return self._life.detail

    async def look_after(self, wanted: Wanted) -> None:
        """Look once, and do what is due; a failure becomes its health."""
        try:
            await self._look_after(wanted, time.monotonic())
        except (SolardError, OSError) as err:
            self.health = str(err)

    async def end(self) -> None:
        """Let it finish and end it."""
        if not self.spec.is_watched_only:
            await self._backend.stop(self.spec)
            self._life = Life()

    async def give_back(self) -> None:
        """Let it work as its owner left it: thawed, and in its full mode."""
        if self._life.pid is None or self.hold is not None:
            return
        await self._teller.give_back(self._life)

    def forgive(self) -> None:
        """Forget its deaths: whoever asks for a start gets one."""
        self._memory = RestartMemory()

    def view(
        self, wanted: WorkMode, power_w: float | None, energy: WorkEnergy | None
    ) -> WorkloadView:
        """Return it as people see it."""
        spec, life = self.spec, self._life
        running = life.pid is not None
        return WorkloadView(
            name=spec.name,
            role=spec.role,
            pid=life.pid,
            wanted=wanted,
            mode=(life.status.mode if life.status else life.mode) if running else None,
            health=self.health,
            rate=life.status.rate if life.status else life.rate,
            restarts=self.restarts,
            counters=life.status.counters if life.status else (),
            rate_unit="" if spec.rate is None else spec.rate.unit,
            power_w=power_w,
            energy_j=0.0 if energy is None else energy.energy_j,
            energy_since=None if energy is None else energy.since,
            keeper="" if spec.external is None else spec.external.keeper.value,
            hold=None if self.hold is None else self.hold.value,
            parked=self._memory.parked,
            note=self._note,
            use=life.use if running else None,
        )

    # Looking.

    async def _look_after(self, wanted: Wanted, now: float) -> None:
        found = await asyncio.to_thread(self._backend.adopt, self.spec)
        if found is None:
            await self._lost_or_waiting(wanted, now)
            return
        if found != self._life.pid:
            await self._take_up(found, now)
        self._life.seen_s = now
        if self.hold is Hold.STOPPED or self._rests(wanted):
            await self._backend.stop(self.spec)
            return
        if self.spec.bundled:
            await self._talk(wanted, now)
        else:
            await self._watch(wanted)
        await self._weigh(now)
        self._memory = after_health(
            self._memory, self.spec.restart, lived_s=now - self._life.started_s
        )

    async def _take_up(self, pid: int, now: float) -> None:
        adopted = self._life.seen_s == 0.0 and self._life.started_s == 0.0
        self._life = replace(self._life, pid=pid, started_s=now, answered_s=now, applied=None)
        self._note = await asyncio.to_thread(self._backend.note, self.spec)
        if adopted:
            self._events.tell(self.spec.name, f"Adopted: it was already running (pid {pid}).")

    async def _watch(self, wanted: Wanted) -> None:
        """Look at a program of somebody else's, and do what its mode means."""
        if self.hold is Hold.FROZEN:
            self.health = "frozen by the operator"
            return
        if wanted.mode is not None:
            followed = await self._teller.follow(self._life, wanted.mode)
            if not followed:
                self._start_at_once()
                return
        pid = self._life.pid
        if pid is None:
            return  # ended meanwhile
        works = wanted.mode is None or wanted.mode.rank >= WorkMode.ECO.rank
        draw_w = wanted.draw_w if works else None
        if is_frozen(self._life):
            self.health, self._life.rate = "ok", None
            return
        found = await self._probe.look(self.spec, pid, draw_w)
        self.health, self._life.rate = found.health.text, found.rate
        if found.health.is_sick and wanted.mode is not None and not self.spec.is_watched_only:
            self._events.tell(self.spec.name, f"Sick ({self.health}); ended.", "warning")
            await self._backend.stop(self.spec)

    async def _weigh(self, now: float) -> None:
        if now - self._life.used_s >= USE_EVERY_S:
            self._life.used_s = now
            self._life.use = await asyncio.to_thread(self._backend.stats, self.spec)

    def _rests(self, wanted: Wanted) -> bool:
        """Return whether the program should not run now."""
        if wanted.mode is None or self.spec.bundled:
            return False
        return not self.spec.action(wanted.mode).runs

    # Dying and starting.

    async def _lost_or_waiting(self, wanted: Wanted, now: float) -> None:
        """Note a death, and start the workload when its wait is over."""
        if self._life.pid is not None:
            await self._note_end(wanted, now)
        reason = self._why_not(wanted, now)
        if reason is not None:
            self.health = reason or self.health
            return
        assert wanted.mode is not None
        await self._start(wanted.mode, now)

    def _why_not(self, wanted: Wanted, now: float) -> str | None:
        """Return why it is not started now, empty where its health says so already."""
        if self.spec.external is not None and self.spec.is_watched_only:
            return f"not running; {self.spec.external.keeper.value} runs it, solard only watches"
        if self.hold is not None:
            return f"stopped by the operator; `solard workload start {self.spec.name}`"
        if wanted.mode is None:
            return OBSERVED
        if self._rests(wanted):
            return AT_REST
        if self._memory.parked or now < self._memory.next_start_s:
            return ""
        if self.spec.uses_cards and not wanted.cards_held:
            return "waiting: the GPU keeper does not hold its cards yet"
        return None

    async def _start(self, mode: WorkMode, now: float) -> None:
        action = self.spec.action(mode)
        try:
            await self._probe.check_ports(self.spec)
            spec = replace(self.spec, command=self._teller.command(action))
            pid = await asyncio.to_thread(self._backend.start, spec)
            self._note = await asyncio.to_thread(self._backend.note, self.spec)
        except (SolardError, OSError) as err:
            self._put_off(now, str(err))
            return
        self._life = Life(pid=pid, started_s=now, answered_s=now, seen_s=now)
        self.health = "starting"
        self._events.tell(self.spec.name, f"Started (pid {pid}).")
        if self._note is not None and not self._note_told:
            self._note_told = True
            self._events.tell(self.spec.name, self._note, "warning")
        # A program has no handler for its mode's signal yet; its mode follows at the next look.
        known = action.kind in {ActionKind.LIMIT, ActionKind.ARGUMENTS}
        if known and not self.spec.bundled:
            self._life.applied, self._life.mode = action, mode

    async def _note_end(self, wanted: Wanted, now: float) -> None:
        life, self._life = self._life, Life(started_s=self._life.started_s)
        self._probe.forget(self.spec)
        if self.hold is Hold.STOPPED or self._rests(wanted):
            return
        ending = await self._ending()
        self.restarts += 1
        who = f"pid {life.pid}" if ending is None else f"pid {life.pid}, {ending}"
        if self.spec.is_watched_only:
            self._events.tell(self.spec.name, f"Ended ({who}).", "warning")
            return
        self._memory = after_death(
            self._memory, self.spec.restart, now_s=now, lived_s=now - life.started_s
        )
        wait_s = self._memory.next_start_s - now
        reason = f"; {ending}" if ending and "memory" in ending else ""
        self.health = f"died; starts again in {wait_s:.0f} s{reason}"
        if self._memory.parked:
            self._park(ending or "no reason known")
        else:
            text = f"Died ({who}), see `solard logs {self.spec.name}`; "
            text += f"starts again in {wait_s:.0f} s."
            self._events.tell(self.spec.name, text, "warning")

    async def _ending(self) -> str | None:
        """Return how the program ended; whoever notes that may be a moment later than we."""
        deadline = time.monotonic() + ENDING_S
        while time.monotonic() < deadline:
            ending = await asyncio.to_thread(self._backend.ending, self.spec)
            if ending is not None:
                return ending
            await asyncio.sleep(0.05)
        return None

    def _park(self, reason: str) -> None:
        self.health = (
            f"parked after {len(self._memory.died_s)} early deaths in an hour ({reason}); "
            f"`solard workload start {self.spec.name}` tries again"
        )
        self._events.tell(self.spec.name, self.health, "alert")

    def _put_off(self, now: float, reason: str) -> None:
        """Wait before the next try of a program that does not start; tell it at the first one."""
        if self.health != reason:
            self._events.tell(self.spec.name, reason, "warning")
        self.health = reason
        self._memory = after_death(self._memory, self.spec.restart, now_s=now, lived_s=0.0)
        if self._memory.parked:
            self._park(reason)

    def _start_at_once(self) -> None:
        """Note that we ended it ourselves, for another command: that is no death."""
        self._life = Life(started_s=self._life.started_s)
        self._probe.forget(self.spec)

    # Bundled programs.

    async def _talk(self, wanted: Wanted, now: float) -> None:
        """Ask a bundled workload how it is, and tell it its mode where that differs."""
        try:
            answer = await ask(self._socket, {"verb": "status"}, ANSWER_WITHIN_S)
            status, detail = read_status(answer), read_detail(answer)
        except SolardError as err:
            await self._bear_silence(wanted, now - self._life.answered_s, err)
            return
        life = self._life
        life.answered_s, life.status, life.detail = now, status, detail
        self.health = status.health
        if wanted.mode is not None and status.mode is not wanted.mode:
            await self._teller.tell(wanted.mode)

    async def _bear_silence(self, wanted: Wanted, silent_s: float, err: SolardError) -> None:
        """Let a program start; say that one is silent; end one that stays so."""
        if self._life.status is None and silent_s <= self._hung_after_s:
            self.health = "starting"
            return
        self.health = f"silent for {silent_s:.0f} s: {err}"
        if silent_s > self._hung_after_s and wanted.mode is not None:
            self._events.tell(self.spec.name, f"Hung ({self.health}); ended.", "warning")
            await self._backend.stop(self.spec)
