"""Keeps workloads running: one minder each, and what an operator asks of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.core.view import WorkloadView
from solard.core.work import WorkSpec, WorkStatus
from solard.core.work_energy import WorkEnergy, count_energy
from solard.daemon.events import Events
from solard.daemon.minding import HUNG_AFTER_S, Minder, Wanted
from solard.daemon.ports import WorkBackend, WorkProbe, WorkSocket
from solard.daemon.work_holds import Hold, WorkHolds


class WorkloadUnknown(SolardError):
    """There is no workload of that name, or it cannot do what was asked."""


class Supervisor:
    """Runs the workloads of one rig."""

    def __init__(
        self,
        backend: WorkBackend,
        specs: tuple[WorkSpec, ...],
        socket_of: WorkSocket,
        events: Events,
        probe: WorkProbe,
        holds: WorkHolds,
        *,
        energy: tuple[WorkEnergy, ...] = (),
        hung_after_s: float = HUNG_AFTER_S,
    ) -> None:
        self.energy = energy
        self._backend = backend
        self._events = events
        self._holds = holds
        self._minders = {
            spec.name: Minder(
                spec,
                backend,
                probe,
                socket_of(spec.name),
                events,
                hung_after_s=hung_after_s,
            )
            for spec in specs
        }
        for name, minder in self._minders.items():
            minder.hold = holds.of(name)
        self._mode: WorkMode | None = None
        self._modes: Mapping[str, WorkMode] = {}
        self._draws: Mapping[str, float] = {}
        self._cards_held = False

    def want(
        self,
        mode: WorkMode | None,
        *,
        cards_held: bool,
        modes: Mapping[str, WorkMode] | None = None,
    ) -> None:
        """Set the mode that every workload is to be in; None = look, and touch nothing.

        `modes` names those that are to be in another. Workloads on cards start only once the
        keeper holds those under a lease.
        """
        self._mode = mode
        self._modes = modes or {}
        self._cards_held = cards_held

    def count(self, power_w: Mapping[str, float], duration_s: float, day: str) -> None:
        """Count what each workload has drawn for so many site seconds."""
        self._draws = power_w
        self.energy = count_energy(self.energy, power_w, duration_s, day)

    @property
    def running(self) -> frozenset[str]:
        """Return the names of workloads that live."""
        return frozenset(name for name, one in self._minders.items() if one.pid is not None)

    async def run_once(self) -> None:
        """Look after every workload once; one that hangs keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            for minder in self._minders.values():
                tasks.create_task(minder.look_after(self._wanted_of(minder.spec)))

    async def stop_all(self) -> None:
        """End all workloads, the network last: the others still talk to it."""
        first = [one for one in self._minders.values() if one.spec.role != "network"]
        last = [one for one in self._minders.values() if one.spec.role == "network"]
        for group in (first, last):
            async with asyncio.TaskGroup() as tasks:
                for minder in group:
                    tasks.create_task(self._end_safely(minder))

    async def give_back(self) -> None:
        """Leave every workload as its owner would have it, before solard only observes."""
        for minder in self._minders.values():
            try:
                await minder.give_back()
            except SolardError as err:
                self._events.tell(minder.spec.name, str(err), "warning")

    def status(self, role: str) -> WorkStatus | None:
        """Return what the first workload of a role last said."""
        return next((m.status for m in self._minders.values() if m.spec.role == role), None)

    @property
    def hotkeys(self) -> frozenset[str]:
        """Return the hotkeys that our neurons have named."""
        said = (minder.status for minder in self._minders.values())
        return frozenset(one.hotkey for one in said if one is not None and one.hotkey is not None)

    def detail(self, role: str) -> dict[str, Any]:
        """Return the details that the first workload of a role last gave."""
        return next((m.detail for m in self._minders.values() if m.spec.role == role), {})

    def view(self) -> tuple[WorkloadView, ...]:
        """Return every workload as people see it."""
        energy = {one.name: one for one in self.energy}
        return tuple(
            minder.view(
                self._wanted_of(minder.spec).mode or WorkMode.STANDBY,
                self._draws.get(name) if minder.pid is not None else None,
                energy.get(name),
            )
            for name, minder in self._minders.items()
        )

    # What an operator asks.

    async def start(self, name: str) -> None:
        """Let a workload run again that was stopped, frozen or parked."""
        minder = self._minder(name)
        if minder.spec.is_watched_only and minder.pid is None:
            await asyncio.to_thread(self._backend.start, minder.spec)
        await self._thaw(minder)
        minder.forgive()
        self._hold(minder, None, "Let go: it runs as the decision says.")

    async def stop(self, name: str) -> None:
        """End a workload; it stays down until `start`."""
        minder = self._minder(name)
        self._hold(minder, Hold.STOPPED, "Stopped by the operator.")
        await self._backend.stop(minder.spec)

    async def drain(self, name: str) -> None:
        """Let a workload finish and end by itself; it stays down until `start`."""
        minder = self._minder(name)
        self._hold(minder, Hold.STOPPED, "Drained by the operator.")
        if not await self._backend.drain(minder.spec):
            grace = f"{minder.spec.grace_s:g} s"
            self._holds.put(name, None)
            minder.hold = None
            raise WorkloadUnknown(
                f"workload {name} has not finished within its grace of {grace} and goes on; "
                f"`solard workload stop {name}` ends it"
            )

    async def freeze(self, name: str) -> None:
        """Stop a workload where it stands; it keeps its memory, and stays so until `thaw`."""
        minder = self._minder(name)
        if minder.pid is None:
            raise WorkloadUnknown(f"workload {name} does not run")
        await asyncio.to_thread(self._backend.freeze, minder.spec)
        self._hold(minder, Hold.FROZEN, "Frozen by the operator.")

    async def thaw(self, name: str) -> None:
        """Let a frozen workload go on."""
        minder = self._minder(name)
        await self._thaw(minder)
        if minder.hold is Hold.FROZEN:
            self._hold(minder, None, "Thawed by the operator.")

    def _minder(self, name: str) -> Minder:
        if name not in self._minders:
            known = ", ".join(self._minders) or "none"
            raise WorkloadUnknown(f"there is no workload {name!r}; there are: {known}")
        return self._minders[name]

    async def _thaw(self, minder: Minder) -> None:
        if minder.hold is Hold.FROZEN:
            await asyncio.to_thread(self._backend.thaw, minder.spec)

    def _hold(self, minder: Minder, hold: Hold | None, text: str) -> None:
        minder.hold = hold
        self._events.tell(minder.spec.name, text)
        try:
            self._holds.put(minder.spec.name, hold)
        except OSError as err:
            self._events.tell(minder.spec.name, f"A restart will forget this: {err}", "warning")

    async def _end_safely(self, minder: Minder) -> None:
        try:
            await minder.end()
        except SolardError as err:
            self._events.tell(minder.spec.name, str(err), "warning")

    def _wanted_of(self, spec: WorkSpec) -> Wanted:
        """Return what is asked of one workload: the chain itself answers in every mode."""
        if spec.role == "network":
            mode = WorkMode.FULL
        elif self._mode is None:
            return Wanted(cards_held=self._cards_held, draw_w=self._draws.get(spec.name))
        else:
            mode = self._modes.get(spec.name, self._mode)
        return Wanted(
            mode=None if self._mode is None else mode,
            cards_held=self._cards_held,
            draw_w=self._draws.get(spec.name),
        )
