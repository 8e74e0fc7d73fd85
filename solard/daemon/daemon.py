"""The daemon: its loops, and what an operator may ask of it."""

import asyncio
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from solard.core.errors import SolardError
from solard.core.inputs import Override
from solard.core.records import CycleRecord
from solard.core.state import SiteState
from solard.core.sweep import CardSweep
from solard.core.view import DaemonStats
from solard.core.wording import say_count, say_power, say_when
from solard.daemon.parts import Parts
from solard.daemon.ports import Every
from solard.daemon.publish import Books, Sources, local_day_bounds, make_view, tick_quantiles_ms
from solard.daemon.publisher import Publisher
from solard.daemon.setup import DaemonSetup
from solard.daemon.ticking import local_day
from solard.system.clock import real_period_s
from solard.system.notify import notify, watchdog_period_s

TICK_S = 2.0
"""Site seconds."""
CARDS_EVERY_S = 0.5
"""Site seconds: the draw of a moment must be known when the load of that moment is read."""
WORKLOADS_EVERY_S = 1.0
JOBS_EVERY_S = 0.5
PUBLISH_EVERY_S = 1.0
BOOKS_EVERY_S = 5.0
SLEEP_LOOK_S = 10.0
FIRST_LOOK_S = 0.05
"""Real seconds, these six; the last until there is something to look at."""
PLAN_EVERY_S = 900.0
TIDY_LOOK_S = 3600.0
TIDY_EVERY_S = 86400.0
"""Site seconds, these three; a backup's age is real. A rig that starts anew each morning has no
day of its own, so it is looked at each hour what is due."""


class CardUnknown(SolardError):
    """Nobody can measure a card that is not there."""


def is_tidy_due(backup_age_s: float | None, since_s: float) -> bool:
    """Say whether history is to be trimmed and copied now; `since_s`: this daemon's last time."""
    return backup_age_s is None or max(backup_age_s, since_s) >= TIDY_EVERY_S


def say_request(override: Override, until: str) -> str:
    """Return what an operator asked for, as events tell it."""
    if override.power_w is None:
        return f"Paused until {until}."
    return f"Asked for {say_power(override.power_w)} until {until}."


class Daemon:
    """Runs every loop of one rig until cancelled."""

    def __init__(self, setup: DaemonSetup, parts: Parts, version: str) -> None:
        self._setup = setup
        self._parts = parts
        self._version = version
        self._books = Books()
        self._plan_wanted = asyncio.Event()
        self._config_problem: str | None = None
        self._started_at = parts.clock.now()
        self._tidied_s = parts.clock.monotonic_s()
        self._untidy_s: float | None = None
        """When it was last told that no backup can be made."""
        self.pictures = Publisher()

    async def run(self, every: Every) -> None:
        """Run all loops; one that fails takes the daemon down, and systemd starts it afresh."""
        every("plan", PLAN_EVERY_S, self._want_plan)
        every("tidy", TIDY_LOOK_S, self._tidy)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._parts.poller.run(), name="poller")
                tasks.create_task(self._run_cards(), name="cards")
                tasks.create_task(self._run_ticks(), name="ticks")
                tasks.create_task(self._run_workloads(), name="workloads")
                tasks.create_task(self._run_jobs(), name="jobs")
                tasks.create_task(self._run_planning(), name="planning")
                tasks.create_task(self._run_books(), name="books")
                tasks.create_task(self._run_publishing(), name="publishing")
                tasks.create_task(self._parts.host.run(), name="host")
                tasks.create_task(self._run_sleep(), name="sleep")
                tasks.create_task(self._parts.events.run(), name="alerts")
        finally:
            self._parts.ticker.finish()

    async def stop(self) -> None:
        """Stop cleanly: workloads first, then the owner's own limits come back."""
        notify("STOPPING=1", "STATUS=stopping workloads")
        if self._parts.ticker.live:
            await self._parts.jobs.stop_all()
            await self._parts.supervisor.stop_all()
            await self._parts.actuator.release()
        self._parts.events.tell("daemon", "Stopped.")

    # What an operator asks.

    def use(self, setup: DaemonSetup, later: tuple[str, ...] = ()) -> None:
        """Go on with another configuration; `later` names what waits for the next start."""
        self._setup = setup
        self._parts.latest.use(setup)
        self._parts.ticker.use(setup)
        self._parts.jobs.use(setup.jobs)
        self._config_problem = None
        self._plan_wanted.set()
        waits = f" What changed in {', '.join(later)} waits for a restart." if later else ""
        self._parts.events.tell("daemon", f"Configuration reloaded.{waits}")

    def refuse_config(self, problem: str) -> None:
        """Keep the old configuration, and say why."""
        self._config_problem = f"configuration not reloaded: {problem}"
        self._parts.events.tell("daemon", self._config_problem, "alert")

    async def set_live(self, live: bool) -> None:
        """Start or stop acting; going back to observe gives the cards back first."""
        parts = self._parts
        if parts.ticker.live and not live:
            parts.ticker.live = False
            parts.supervisor.want(None, cards_held=False)
            await parts.supervisor.give_back()
            await parts.actuator.release()
        parts.ticker.live = live
        parts.history.set_live(live)
        parts.events.tell("daemon", "Live: decisions are acted on." if live else "Observing only.")

    async def add_override(self, override: Override) -> None:
        """Take an operator's request; it replaces an earlier one."""
        parts = self._parts
        parts.ticker.overrides = (override,)
        parts.history.put_override(override, parts.clock.now())
        parts.events.tell("operator", say_request(override, self._local(override.until_at)))

    def _local(self, moment: datetime) -> str:
        """Return a moment as the site's clocks show it."""
        zone = ZoneInfo(self._setup.timezone)
        return say_when(moment.astimezone(zone), self._parts.clock.now().astimezone(zone))

    async def start_sweep(self, index: int, until_at: datetime) -> None:
        """Measure a card in surplus until it is done or a moment has come."""
        parts = self._parts
        card = next((one for one in parts.actuator.cards if one.index == index), None)
        if card is None:
            there = ", ".join(str(one.index) for one in parts.actuator.cards) or "none"
            raise CardUnknown(f"no card {index} can be steered here; there are {there}")
        parts.ticker.sweep = CardSweep(gpu_id=card.gpu_id, until_at=until_at)
        until = self._local(until_at)
        parts.events.tell(f"gpu{index}", f"Measured in surplus until {until} at most.")

    async def clear_overrides(self) -> None:
        """End the operator's request now."""
        parts = self._parts
        parts.ticker.overrides = ()
        parts.history.clear_overrides(parts.clock.now())
        parts.events.tell("operator", "The pause or fixed power is ended.")

    def stats(self) -> DaemonStats:
        """Return what this daemon has done so far."""
        parts = self._parts
        p50_ms, p99_ms = tick_quantiles_ms(tuple(parts.ticker.times_s))
        health = parts.poller.health()
        plan = parts.planning.plan
        return DaemonStats(
            started_at=self._started_at,
            pid=os.getpid(),
            rss_mb=own_rss_mb(),
            ticks=parts.ticker.ticks,
            tick_p50_ms=p50_ms,
            tick_p99_ms=p99_ms,
            decisions=parts.ticker.decisions,
            limits_applied=parts.actuator.applied,
            polls_ok=sum(device.polls_ok for device in health),
            polls_failed=sum(device.polls_failed for device in health),
            plan_solves=parts.planning.plan_solves,
            plan_solve_s=None if plan is None else plan.solve_s,
            forecast_issues=parts.planning.forecasts.issues,
            soc_min=parts.ticker.soc_min,
            rows_dropped=parts.history.dropped,
        )

    # The loops.

    async def _run_cards(self) -> None:
        period_s = real_period_s(self._parts.clock, CARDS_EVERY_S)
        while True:
            await self._parts.actuator.run_once()
            await asyncio.sleep(period_s)

    async def _run_ticks(self) -> None:
        period_s = real_period_s(self._parts.clock, TICK_S)
        watchdog_s = watchdog_period_s()
        loop = asyncio.get_running_loop()
        due = pinged = loop.time()
        planned = False
        while True:
            record = self._parts.ticker.tick()
            now = loop.time()
            if self._parts.ticker.ticks == 1:
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
        parts = self._parts
        while True:
            await parts.supervisor.run_once()
            if parts.ticker.record is not None:
                day = local_day(parts.ticker.record.inputs.state)
                await parts.chain.run_once(parts.supervisor, day)
            await asyncio.sleep(WORKLOADS_EVERY_S)

    async def _run_jobs(self) -> None:
        parts = self._parts
        parts.jobs.adopt()
        async with asyncio.TaskGroup() as tasks:
            while True:
                parts.ticker.running_jobs = parts.jobs.running
                record = parts.ticker.record
                if record is not None:
                    parts.jobs.fire_due()
                    parts.jobs.look(record, tasks, live=parts.ticker.live)
                if parts.planning.plan is not None and parts.jobs.changed.is_set():
                    parts.jobs.changed.clear()
                    self._plan_wanted.set()
                await asyncio.sleep(JOBS_EVERY_S)

    async def _run_sleep(self) -> None:
        """Let the machine sleep when it is time; a plan follows at once when it has woken."""
        parts = self._parts
        while True:
            await asyncio.sleep(SLEEP_LOOK_S)
            record = parts.ticker.record
            if record is None:
                continue
            has_jobs = bool(parts.jobs.running)
            if await parts.sleeper.look(record, live=parts.ticker.live, has_jobs=has_jobs):
                self._plan_wanted.set()

    async def _want_plan(self) -> None:
        self._plan_wanted.set()

    async def _run_planning(self) -> None:
        while True:
            await self._plan_wanted.wait()
            self._plan_wanted.clear()
            record = self._parts.ticker.record
            battery = None if record is None else record.inputs.state.battery
            soc = None if battery is None else battery.soc
            jobs = self._parts.jobs.demands()
            seen = () if record is None else record.inputs.state.seen
            await self._parts.planning.renew(soc, self._parts.ticker.rig(), jobs, seen)

    async def _tidy(self) -> None:
        """Drop old history and write a verified copy of the rest, once a day."""
        parts, now_s = self._parts, self._parts.clock.monotonic_s()
        try:
            age_s = await asyncio.to_thread(parts.history.backup_age_s)
            if not is_tidy_due(age_s, now_s - self._tidied_s):
                return
            self._tidied_s = now_s
            gone = await asyncio.to_thread(parts.history.retain, parts.clock.now())
            copy = await asyncio.to_thread(parts.history.back_up)
        except SolardError as err:
            if self._untidy_s is None or now_s - self._untidy_s >= TIDY_EVERY_S:
                self._untidy_s = now_s  # tried each hour, told once a day
                parts.events.tell("storage", f"No backup: {err}", "warning")
            return
        self._untidy_s = None
        parts.events.tell(
            "storage", f"{say_count(gone, 'old row')} dropped, backup {copy.name} verified."
        )

    async def _run_books(self) -> None:
        """Read back what the picture needs of the store, off the loop."""
        while True:
            record = self._parts.ticker.record
            if record is not None:
                try:
                    self._books = await asyncio.to_thread(self._read_books, record.inputs.state)
                except SolardError as err:
                    self._parts.events.tell("storage", str(err), "warning")
            await asyncio.sleep(FIRST_LOOK_S if record is None else BOOKS_EVERY_S)

    def _read_books(self, state: SiteState) -> Books:
        midnight, _ = local_day_bounds(state)
        history = self._parts.history
        return Books(
            today=history.totals(midnight),
            earnings=history.earnings_days(14),
            trace=history.trace(midnight),
        )

    async def _run_publishing(self) -> None:
        while True:
            record = self._parts.ticker.record
            if record is not None:
                await self.pictures.publish(make_view(self._sources(record)))
            await asyncio.sleep(FIRST_LOOK_S if record is None else PUBLISH_EVERY_S)

    def _sources(self, record: CycleRecord) -> Sources:
        parts = self._parts
        now_at, now_s = parts.clock.now(), parts.clock.monotonic_s()
        return Sources(
            seq=self.pictures.next_seq,
            site=self._setup.site,
            version=self._version,
            live=parts.ticker.live,
            speed=parts.clock.speed,
            record=record,
            devices=tuple(
                replace(
                    device,
                    age_s=parts.latest.age_s(device.device_id, now_s),
                    points=parts.latest.points(device.device_id, now_at, now_s),
                )
                for device in parts.poller.health()
            ),
            keeper=parts.actuator.view,
            workloads=parts.supervisor.view(),
            network=parts.chain.view,
            books=self._books,
            forecast=parts.planning.forecast,
            plan=parts.planning.plan,
            events=parts.events.newest(),
            stats=self.stats(),
            host=parts.host.state,
            storage_problem=parts.history.problem,
            price_problem=parts.planning.prices.problem,
            config_problem=self._config_problem,
            jobs=parts.jobs.shown,
        )


def own_rss_mb() -> float | None:
    """Return this process's resident memory in MB (10^6 bytes), or None off Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
