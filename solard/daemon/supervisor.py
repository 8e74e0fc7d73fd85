"""Keeps workloads running: adopts what is alive, restarts what dies, passes modes on."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.core.view import WorkloadView
from solard.core.work import WorkSpec, WorkStatus
from solard.daemon.events import Events
from solard.daemon.ports import WorkBackend, WorkSocket
from solard.system.lines import ask

BACKOFF_FIRST_S = 1.0
BACKOFF_LAST_S = 300.0
HEALTHY_AFTER_S = 60.0
"""A workload that ran this long starts again without waiting."""
HUNG_AFTER_S = 20.0
"""A bundled workload that has not answered for so long is ended and started again."""
ANSWER_WITHIN_S = 2.0


@dataclass(slots=True)
class _Run:
    """One workload and how it fares. Real seconds."""

    spec: WorkSpec
    pid: int | None = None
    started_s: float = 0.0
    answered_s: float = 0.0
    next_start_s: float = 0.0
    backoff_s: float = BACKOFF_FIRST_S
    restarts: int = 0
    health: str = "not started yet"
    status: WorkStatus | None = None
    detail: dict[str, Any] = field(default_factory=dict)


class Supervisor:
    """Runs the workloads of one rig."""

    def __init__(
        self,
        backend: WorkBackend,
        specs: tuple[WorkSpec, ...],
        socket_of: WorkSocket,
        events: Events,
        *,
        hung_after_s: float = HUNG_AFTER_S,
    ) -> None:
        self._backend = backend
        self._socket_of = socket_of
        self._events = events
        self._hung_after_s = hung_after_s
        self._runs = {spec.name: _Run(spec) for spec in specs}
        self._mode: WorkMode | None = None
        self._cards_held = False

    def want(self, mode: WorkMode | None, *, cards_held: bool) -> None:
        """Set the mode that every workload is to be in; None = look, and touch nothing.

        Workloads on cards start only once the keeper holds those under a lease.
        """
        self._mode = mode
        self._cards_held = cards_held

    async def run_once(self) -> None:
        """Look after every workload once; one that hangs keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            for run in self._runs.values():
                tasks.create_task(self._look_after_safely(run))

    async def stop_all(self) -> None:
        """End all workloads, the network last: the others still talk to it."""
        ordered = sorted(self._runs.values(), key=lambda run: run.spec.role == "network")
        for run in ordered:
            await self._backend.stop(run.spec)
            run.pid = None

    def status(self, role: str) -> WorkStatus | None:
        """Return what the first workload of a role last said."""
        return next((r.status for r in self._runs.values() if r.spec.role == role), None)

    def detail(self, role: str) -> dict[str, Any]:
        """Return the details that the first workload of a role last gave."""
        return next((r.detail for r in self._runs.values() if r.spec.role == role), {})

    def view(self) -> tuple[WorkloadView, ...]:
        """Return every workload as people see it."""
        return tuple(
            WorkloadView(
                name=run.spec.name,
                role=run.spec.role,
                pid=run.pid,
                wanted=self._wanted(run.spec),
                mode=run.status.mode if run.status and run.pid else None,
                health=run.health,
                rate=run.status.rate if run.status else None,
                restarts=run.restarts,
                counters=run.status.counters if run.status else (),
            )
            for run in self._runs.values()
        )

    def _wanted(self, spec: WorkSpec) -> WorkMode:
        """Return the mode for one workload: the chain itself answers in every mode."""
        if spec.role == "network":
            return WorkMode.FULL
        return WorkMode.STANDBY if self._mode is None else self._mode

    async def _look_after_safely(self, run: _Run) -> None:
        try:
            await self._look_after(run)
        except (SolardError, OSError) as err:
            run.health = str(err)

    async def _look_after(self, run: _Run) -> None:
        now = time.monotonic()
        found = await asyncio.to_thread(self._backend.adopt, run.spec)
        if found is None:
            await self._lost_or_waiting(run, now)
            return
        if found != run.pid:
            known = run.pid is None and run.started_s == 0.0
            run.pid, run.started_s, run.answered_s = found, now, now
            if known:
                self._events.tell(run.spec.name, f"Adopted: it was already running (pid {found}).")
        if run.spec.bundled:
            await self._talk(run, now)
        else:
            run.health = "ok"
            if self._should_rest(run.spec):
                await self._backend.stop(run.spec)
        if now - run.started_s > HEALTHY_AFTER_S:
            run.backoff_s = BACKOFF_FIRST_S

    def _should_rest(self, spec: WorkSpec) -> bool:
        rests = self._wanted(spec).rank < spec.stop_below.rank
        return self._mode is not None and not spec.bundled and rests

    async def _lost_or_waiting(self, run: _Run, now: float) -> None:
        """Note a death, and start the workload when its wait is over."""
        if run.pid is not None:
            self._note_death(run, now)
        if self._mode is None:
            run.health = "not running (observe mode starts nothing)"
            return
        if now < run.next_start_s or self._should_rest(run.spec):
            return
        if run.spec.uses_cards and not self._cards_held:
            run.health = "waiting: the GPU keeper does not hold its cards yet"
            return
        try:
            run.pid = await asyncio.to_thread(self._backend.start, run.spec)
        except (SolardError, OSError) as err:
            self._put_off(run, now, str(err))
            return
        run.started_s = run.answered_s = now
        run.health = "starting"
        self._events.tell(run.spec.name, f"Started (pid {run.pid}).")

    def _note_death(self, run: _Run, now: float) -> None:
        old, run.pid, run.status = run.pid, None, None
        if self._should_rest(run.spec):
            return
        run.restarts += 1
        wait_s = 0.0 if now - run.started_s > HEALTHY_AFTER_S else run.backoff_s
        run.backoff_s = min(run.backoff_s * 2.0, BACKOFF_LAST_S)
        run.next_start_s = now + wait_s
        run.health = f"died; starts again in {wait_s:.0f} s"
        self._events.tell(
            run.spec.name, f"Died (pid {old}); starts again in {wait_s:.0f} s.", "warning"
        )

    def _put_off(self, run: _Run, now: float, reason: str) -> None:
        """Wait before the next try of a program that does not start; tell it at the first one."""
        if run.health != reason:
            self._events.tell(run.spec.name, reason, "warning")
        run.health = reason
        run.next_start_s = now + run.backoff_s
        run.backoff_s = min(run.backoff_s * 2.0, BACKOFF_LAST_S)

    async def _talk(self, run: _Run, now: float) -> None:
        """Ask a bundled workload how it is, and tell it its mode where that differs."""
        path = self._socket_of(run.spec.name)
        try:
            answer = await ask(path, {"verb": "status"}, ANSWER_WITHIN_S)
            status, detail = read_status(answer), read_detail(answer)
        except SolardError as err:
            await self._bear_silence(run, now - run.answered_s, err)
            return
        run.answered_s, run.status, run.detail = now, status, detail
        run.health = status.health
        wanted = self._wanted(run.spec)
        if self._mode is not None and status.mode is not wanted:
            await ask(path, {"verb": "mode", "mode": wanted.value}, ANSWER_WITHIN_S)

    async def _bear_silence(self, run: _Run, silent_s: float, err: SolardError) -> None:
        """Let a program start; say that one is silent; end one that stays so."""
        if run.status is None and silent_s <= self._hung_after_s:
            run.health = "starting"
            return
        run.health = f"silent for {silent_s:.0f} s: {err}"
        if silent_s > self._hung_after_s and self._mode is not None:
            self._events.tell(run.spec.name, f"Hung ({run.health}); ended.", "warning")
            await self._backend.stop(run.spec)


def read_detail(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the details of a work socket's answer; none where they are not an object."""
    detail = answer.get("detail")
    return detail if isinstance(detail, dict) else {}


def read_status(answer: dict[str, Any]) -> WorkStatus:
    """Return the status that a work socket's answer describes; unknown parts are left out."""
    rate, mode = answer.get("rate"), answer.get("mode")
    pid, earned_rao = answer.get("pid"), answer.get("earned_rao")
    return WorkStatus(
        pid=pid if _is_count(pid) else 0,
        mode=WorkMode(mode) if isinstance(mode, str) and mode in set(WorkMode) else WorkMode.OFF,
        health=str(answer.get("health") or "says nothing"),
        rate=float(rate) if isinstance(rate, int | float) else None,
        earned_rao=earned_rao if _is_count(earned_rao) else 0,
        counters=tuple(
            (name, value) for name, value in sorted(read_detail(answer).items()) if _is_count(value)
        ),
    )


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
