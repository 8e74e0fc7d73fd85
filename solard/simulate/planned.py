"""Policies that plan: the daemon's own planner, and its tick under a simulated clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.planner import make_plan
from solard.core.errors import SolardError
from solard.core.job_wish import JobRoom
from solard.core.leeway import foreseen
from solard.core.modes import WorkMode
from solard.core.plan import Plan
from solard.core.planning import PlanRequest
from solard.core.tariff import PriceSlot, expected_prices
from solard.core.units import clamp
from solard.simulate.dispatch import run_jobs
from solard.simulate.outlook import HORIZON, Foresight, Learned, Outlook, Persistence
from solard.simulate.recording import TICK, TICKS_PER_DAY, Recording, TickRow
from solard.simulate.site import SimSite
from solard.simulate.tasks import Task
from solard.simulate.ticker import Seen, SimTicker
from solard.simulate.world import Action, Sight

REPLAN = timedelta(minutes=30)
PRICES_OUT_AT_HOUR = 13
"""Local hour from which the prices of the next day are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to plan."""

    outlook: Callable[[Recording, SimSite], Outlook]
    open_loop: bool = False
    """One plan a day at local midnight, followed blindly."""


PLANNED: Mapping[str, Kind] = {
    "day_ahead": Kind(outlook=lambda rec, site: Learned(rec, site.solar), open_loop=True),
    "mpc_persistence": Kind(outlook=lambda rec, _site: Persistence(rec)),
    "mpc": Kind(outlook=lambda rec, site: Learned(rec, site.solar)),
    "mpc_perfect": Kind(outlook=lambda rec, _site: Foresight(rec)),
}


class PlannedPolicy:
    """Plans from what is over, and lets the tick's own rules make of it what the tick shows."""

    def __init__(
        self, site: SimSite, recording: Recording, tasks: tuple[Task, ...], kind: Kind
    ) -> None:
        self._site = site
        self._rows = recording.ticks
        self._priced = (*recording.before[-TICKS_PER_DAY:], *recording.ticks)
        self._begins_at = recording.ticks[0].starts_at
        self._tasks = tasks
        self._kind = kind
        self._zone = ZoneInfo(site.timezone)
        self._outlook = kind.outlook(recording, site)
        self._ticker = SimTicker(site)
        self._plan: Plan | None = None
        self._planned_for: frozenset[str] = frozenset()
        self._last: TickRow | None = None
        self.solves_s: list[float] = []

    def act(self, sight: Sight) -> Action:
        """Return what plan and tick make of this tick."""
        if self._last is not None:
            self._outlook.take(self._last)
        self._last = sight.row
        if self._plan is None or self._is_due(sight):
            self._renew(sight)
        jobs = self._jobs(sight, self._plan)
        if self._kind.open_loop:
            return self._blind(sight, self._plan, jobs)
        seen = Seen(
            row=sight.row,
            soc=sight.soc,
            tick=sight.tick,
            jobs_w=sum(task.job.power_w for task in jobs),
            job_cards=sum(task.job.cards for task in jobs),
        )
        settled = self._ticker.settle(seen, self._plan)
        return Action(
            cards_on=settled.cards_on,
            rig_w=settled.rig_w,
            jobs=tuple(task.index for task in jobs),
            water_value=settled.water_value,
            reason=settled.why,
        )

    def _is_due(self, sight: Sight) -> bool:
        now = sight.row.starts_at
        if self._kind.open_loop:
            local = now.astimezone(self._zone)
            return (local.hour, local.minute) == (0, 0)
        if (now - self._begins_at) % REPLAN == timedelta():
            return True
        return self._open_ids(sight) != self._planned_for

    def _open_ids(self, sight: Sight) -> frozenset[str]:
        return frozenset(str(task.index) for task in sight.book.open_at(sight.tick))

    def _renew(self, sight: Sight) -> None:
        now = sight.row.starts_at
        request = PlanRequest(
            forecast=self._outlook.forecast(sight.tick, now),
            timezone=self._site.timezone,
            rig=self._site.rig,
            tariff=self._site.tariff,
            prices=self._prices(sight.tick, now),
            workloads=self._site.workloads,
            jobs=tuple(
                sight.book.demand(task, self._begins_at) for task in sight.book.open_at(sight.tick)
            ),
            battery=self._site.battery if self._site.has_battery else None,
            soc=sight.soc,
            rules=foreseen(self._site.rules),
            import_at_most_w=self._site.import_at_most_w,
            cards_on=sight.cards_before,
            previous=self._plan,
            start_cost=self._site.start_cost,
        )
        self._planned_for = self._open_ids(sight)
        try:
            self._plan = make_plan(request)
        except SolardError:
            # As in the daemon: the last plan stays, and the tick knows when it is too old.
            return
        self.solves_s.append(self._plan.solve_s)

    def _prices(self, tick: int, now: datetime) -> tuple[PriceSlot, ...]:
        """Return the prices that the file states as far as they are out, and what follows them.

        From the last day on: after its prices end, a plan expects the same hours again.
        """
        local = now.astimezone(self._zone)
        days = 2 if local.hour >= PRICES_OUT_AT_HOUR else 1
        until = datetime.combine(
            local.date() + timedelta(days=days), datetime.min.time(), tzinfo=self._zone
        )
        first = tick + len(self._priced) - len(self._rows)
        around = self._priced[max(0, first - TICKS_PER_DAY) : first + 2 * TICKS_PER_DAY]
        rows = [row for row in around if row.starts_at < until]
        if not any(row.has_price for row in rows):
            return ()
        known = tuple(
            PriceSlot(
                starts_at=row.starts_at,
                ends_at=row.starts_at + TICK,
                import_per_kwh=row.import_per_kwh,
                export_per_kwh=row.export_per_kwh,
            )
            for row in rows
        )
        return expected_prices(known, now + HORIZON)

    def _jobs(self, sight: Sight, plan: Plan | None) -> tuple[Task, ...]:
        """Return the jobs that run in this tick, as the daemon would have it."""
        now, battery = sight.row.starts_at, self._site.battery
        usable = plan is not None and (self._kind.open_loop or plan.is_fresh(now))
        idle_w = self._site.least_w(1)
        room = JobRoom(
            now_at=now,
            utc_offset_s=0,
            live=True,
            mode=WorkMode.FULL,
            why="",
            spare_w=self._ticker.at_most_w(sight.row, sight.soc, sight.tick) - idle_w,
            sun_w=sight.row.pv_w - sight.row.load_w - idle_w,
            cards=self._site.cards,
            plan=plan if usable else None,
            below_reserve=self._site.has_battery and sight.soc < battery.reserve_soc,
            # A recorded job needs no moment to start in.
            start_margin=timedelta(),
        )
        return run_jobs(sight.book, sight.tick, self._begins_at, room)

    def _blind(self, sight: Sight, plan: Plan | None, jobs: tuple[Task, ...]) -> Action:
        """Return what the plan said, whatever the sun does."""
        slot = None if plan is None else plan.slot_at(sight.row.starts_at)
        free = self._site.cards - sum(task.job.cards for task in jobs)
        cards = min(free, max(min(1, free), 0 if slot is None else slot.cards_on))
        rig_w = self._site.least_w(cards) if slot is None else slot.rig_w
        return Action(
            cards_on=cards,
            rig_w=clamp(rig_w, self._site.least_w(cards), self._site.most_w(cards)),
            jobs=tuple(task.index for task in jobs),
            water_value=None if slot is None else slot.water_value_per_kwh,
            reason="as planned at midnight",
        )
