"""Keeps workloads running: adopts what is alive, restarts what dies, passes modes on."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

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
    ) -> None:
        self._backend = backend
        self._socket_of = socket_of
        self._events = events
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
        """Look after every workload once."""
        for run in self._runs.values():
            try:
                await self._look_after(run)
            except (SolardError, OSError) as err:
                run.health = str(err)

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

    async def _look_after(self, run: _Run) -> None:
        now = time.monotonic()
        found = await asyncio.to_thread(self._backend.find, run.spec)
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
        run.pid = await asyncio.to_thread(self._backend.start, run.spec)
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

    async def _talk(self, run: _Run, now: float) -> None:
        """Ask a bundled workload how it is, and tell it its mode where that differs."""
        path = self._socket_of(run.spec.name)
        try:
            answer = await ask(path, {"verb": "status"}, ANSWER_WITHIN_S)
        except SolardError as err:
            silent_s = now - run.answered_s
            run.health = f"silent for {silent_s:.0f} s: {err}"
            if silent_s > HUNG_AFTER_S and self._mode is not None:
                self._events.tell(run.spec.name, f"Hung ({run.health}); ended.", "warning")
                await self._backend.stop(run.spec)
            return
        run.answered_s = now
        run.status, run.detail = read_status(answer), dict(answer.get("detail") or {})
        run.health = run.status.health
        wanted = self._wanted(run.spec)
        if self._mode is not None and run.status.mode is not wanted:
            await ask(path, {"verb": "mode", "mode": wanted.value}, ANSWER_WITHIN_S)


def read_status(answer: dict[str, Any]) -> WorkStatus:
    """Return the status that a work socket's answer describes; unknown parts are left out."""
    rate = answer.get("rate")
    detail = answer.get("detail") or {}
    return WorkStatus(
        pid=int(answer.get("pid") or 0),
        mode=WorkMode(answer["mode"]) if answer.get("mode") in set(WorkMode) else WorkMode.OFF,
        health=str(answer.get("health") or "says nothing"),
        rate=float(rate) if isinstance(rate, int | float) else None,
        earned_rao=int(answer.get("earned_rao") or 0),
        counters=tuple(
            (name, value)
            for name, value in sorted(detail.items())
            if isinstance(value, int) and not isinstance(value, bool)
        ),
    )
