"""The daemon: its loops, and what the API asks of it."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from solard.core.errors import SolardError
from solard.core.inputs import Override
from solard.core.state import SiteState
from solard.core.view import DaemonStats, SiteView
from solard.daemon.actuator import Actuator
from solard.daemon.chain_watch import ChainWatch
from solard.daemon.events import Events
from solard.daemon.latest import Latest
from solard.daemon.planning import Planning
from solard.daemon.ports import Every, History, Poller
from solard.daemon.publish import Books, Sources, local_day_bounds, make_view, tick_quantiles_ms
from solard.daemon.setup import DaemonSetup
from solard.daemon.supervisor import Supervisor
from solard.daemon.ticking import Ticker, local_day
from solard.system.clock import Clock, real_period_s
from solard.system.notify import notify, watchdog_period_s

TICK_S = 2.0
"""Site seconds."""
CARDS_EVERY_S = 0.5
"""Site seconds: the draw of a moment must be known when the load of that moment is read."""
WORKLOADS_EVERY_S = 1.0
PUBLISH_EVERY_S = 1.0
BOOKS_EVERY_S = 5.0
PLAN_EVERY_S = 900.0
TIDY_EVERY_S = 86400.0
"""Site seconds, both."""


class Daemon:
    """Runs every loop of one rig until cancelled."""

    def __init__(
        self,
        *,
        setup: DaemonSetup,
        version: str,
        clock: Clock,
        latest: Latest,
        poller: Poller,
        actuator: Actuator,
        supervisor: Supervisor,
        planning: Planning,
        chain: ChainWatch,
        ticker: Ticker,
        history: History,
        events: Events,
        every: Every,
    ) -> None:
        self._setup = setup
        self._version = version
        self._clock = clock
        self._latest = latest
        self._poller = poller
        self._actuator = actuator
        self._supervisor = supervisor
        self._planning = planning
        self._chain = chain
        self._ticker = ticker
        self._history = history
        self._events = events
        self._every = every
        self._books = Books()
        self._seq = 0
        self._published = asyncio.Condition()
        self._view: SiteView | None = None
        self._plan_wanted = asyncio.Event()
        self._config_problem: str | None = None
        self._started_at = clock.now()

    def use(self, setup: DaemonSetup) -> None:
        """Go on with another configuration: rules, policies, tariff; devices stay as they are."""
        self._setup = setup
        self._latest.use(setup)
        self._ticker.use(setup)
        self._config_problem = None
        self._plan_wanted.set()
        self._events.tell("daemon", "Configuration reloaded.")

    def refuse_config(self, problem: str) -> None:
        """Keep the old configuration, and say why."""
        self._config_problem = f"configuration not reloaded: {problem}"
        self._events.tell("daemon", self._config_problem, "alert")

    async def run(self) -> None:
        """Run all loops; one that fails takes the daemon down, and systemd starts it afresh."""
        self._every("plan", PLAN_EVERY_S, self._want_plan)
        self._every("tidy", TIDY_EVERY_S, self._tidy)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poller.run(), name="poller")
                tasks.create_task(self._run_cards(), name="cards")
                tasks.create_task(self._run_ticks(), name="ticks")
                tasks.create_task(self._run_workloads(), name="workloads")
                tasks.create_task(self._run_planning(), name="planning")
                tasks.create_task(self._run_books(), name="books")
                tasks.create_task(self._run_publishing(), name="publishing")
                tasks.create_task(self._events.run(), name="alerts")
        finally:
            self._ticker.finish()

    async def stop(self) -> None:
        """Stop cleanly: workloads first, then the owner's own limits come back."""
        notify("STOPPING=1", "STATUS=stopping workloads")
        if self._ticker.live:
            await self._supervisor.stop_all()
            await self._actuator.release()
        self._events.tell("daemon", "Stopped.")

    # What the API asks.

    def view(self) -> SiteView | None:
        """Return the newest picture; None before the first tick."""
        return self._view

    async def wait_view(self, after_seq: int) -> SiteView:
        """Return the first picture that is newer than `after_seq`."""
        async with self._published:
            while self._view is None or self._view.seq <= after_seq:
                await self._published.wait()
            return self._view

    async def set_live(self, live: bool) -> None:
        """Start or stop acting; going back to observe gives the cards back first."""
        if self._ticker.live and not live:
            self._ticker.live = False
            await self._actuator.release()
        self._ticker.live = live
        self._history.set_live(live)
        self._events.tell("daemon", "Live: decisions are acted on." if live else "Observing only.")

    async def add_override(self, override: Override) -> None:
        """Take an operator's request; it replaces an earlier one."""
        self._ticker.overrides = (override,)
        self._history.put_override(override, self._clock.now())
        self._events.tell("operator", f"{override.kind.value} until {override.until_at:%H:%M} UTC.")

    async def clear_overrides(self) -> None:
        """End the operator's request now."""
        self._ticker.overrides = ()
        self._history.clear_overrides(self._clock.now())
        self._events.tell("operator", "Override ended.")

    def stats(self) -> DaemonStats:
        """Return what this daemon has done so far."""
        p50_ms, p99_ms = tick_quantiles_ms(tuple(self._ticker.times_s))
        health = self._poller.health()
        plan = self._planning.plan
        return DaemonStats(
            started_at=self._started_at,
            pid=os.getpid(),
            rss_mb=own_rss_mb(),
            ticks=self._ticker.ticks,
            tick_p50_ms=p50_ms,
            tick_p99_ms=p99_ms,
            decisions=self._ticker.decisions,
            limits_applied=self._actuator.applied,
            polls_ok=sum(device.polls_ok for device in health),
            polls_failed=sum(device.polls_failed for device in health),
            plan_solves=self._planning.plan_solves,
            plan_solve_s=None if plan is None else plan.solve_s,
            forecast_issues=self._planning.forecast_issues,
            soc_min=self._ticker.soc_min,
            rows_dropped=self._history.dropped,
        )

    # The loops.

    async def _run_cards(self) -> None:
        period_s = real_period_s(self._clock, CARDS_EVERY_S)
        while True:
            await self._actuator.run_once()
            await asyncio.sleep(period_s)

    async def _run_ticks(self) -> None:
        period_s = real_period_s(self._clock, TICK_S)
        watchdog_s = watchdog_period_s()
        loop = asyncio.get_running_loop()
        due = pinged = loop.time()
        planned = False
        while True:
            record = self._ticker.tick()
            now = loop.time()
            if self._ticker.ticks == 1:
                notify("READY=1", f"STATUS={record.decision.why}")
            if not planned and self._can_plan(record.inputs.state):
                self._plan_wanted.set()
                planned = True
            # The ping comes from here and nowhere else: it proves that ticks advance.
            if watchdog_s is not None and now - pinged >= watchdog_s / 2.0:
                notify("WATCHDOG=1", f"STATUS={record.decision.why}")
                pinged = now
            due = max(due + period_s, now)
            await asyncio.sleep(due - now)

    def _can_plan(self, state: SiteState) -> bool:
        """Say whether a plan would start from what is, and not from a guess."""
        if not self._setup.has_battery:
            return state.pv_w is not None
        return state.battery is not None and state.battery.soc is not None

    async def _run_workloads(self) -> None:
        while True:
            await self._supervisor.run_once()
            record = self._ticker.record
            if record is not None:
                await self._chain.run_once(self._supervisor, local_day(record.inputs.state))
            await asyncio.sleep(WORKLOADS_EVERY_S)

    async def _want_plan(self) -> None:
        self._plan_wanted.set()

    async def _tidy(self) -> None:
        """Drop old history and write a verified copy of the rest, once a day."""
        try:
            gone = await asyncio.to_thread(self._history.retain, self._clock.now())
            copy = await asyncio.to_thread(self._history.back_up)
        except SolardError as err:
            self._events.tell("storage", f"No backup: {err}", "warning")
            return
        self._events.tell("storage", f"{gone} old rows dropped, backup {copy.name} verified.")

    async def _run_planning(self) -> None:
        while True:
            await self._plan_wanted.wait()
            self._plan_wanted.clear()
            record = self._ticker.record
            battery = None if record is None else record.inputs.state.battery
            soc = None if battery is None else battery.soc
            await self._planning.renew(soc, self._ticker.rig())

    async def _run_books(self) -> None:
        """Read back what the picture needs of the store, off the loop."""
        while True:
            record = self._ticker.record
            if record is not None:
                try:
                    self._books = await asyncio.to_thread(self._read_books, record.inputs.state)
                except SolardError as err:
                    self._events.tell("storage", str(err), "warning")
            await asyncio.sleep(BOOKS_EVERY_S if record is not None else 0.2)

    def _read_books(self, state: SiteState) -> Books:
        midnight, _ = local_day_bounds(state)
        return Books(
            today=self._history.totals(midnight),
            earnings=self._history.earnings_days(14),
            trace=self._history.trace(midnight),
        )

    async def _run_publishing(self) -> None:
        while True:
            record = self._ticker.record
            if record is not None:
                self._seq += 1
                now_s = self._clock.monotonic_s()
                sources = Sources(
                    seq=self._seq,
                    site=self._setup.site,
                    version=self._version,
                    live=self._ticker.live,
                    speed=self._clock.speed,
                    record=record,
                    devices=tuple(
                        replace(d, age_s=self._latest.age_s(d.device_id, now_s))
                        for d in self._poller.health()
                    ),
                    keeper=self._actuator.view,
                    workloads=self._supervisor.view(),
                    network=self._chain.view,
                    books=self._books,
                    forecast=self._planning.forecast,
                    plan=self._planning.plan,
                    events=self._events.newest(),
                    stats=self.stats(),
                    storage_problem=self._history.problem,
                    config_problem=self._config_problem,
                )
                async with self._published:
                    self._view = make_view(sources)
                    self._published.notify_all()
            await asyncio.sleep(PUBLISH_EVERY_S if record is not None else 0.05)


def own_rss_mb() -> float | None:
    """Return this process's resident memory in MB (10^6 bytes), or None off Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
