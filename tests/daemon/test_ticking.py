"""One tick after the other: decided, handed on, and kept."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from hardware.work.probe import Probe
from hardware.work.process import ProcessBackend
from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.inputs import Override, OverrideKind
from solard.core.modes import WorkMode
from solard.core.records import replays_same
from solard.core.rig import Workload
from solard.core.rules.user_policy import UserPolicy
from solard.core.tariff import KnownPrices, PriceSlot
from solard.daemon.actuator import Actuator
from solard.daemon.events import Events
from solard.daemon.latest import Latest
from solard.daemon.planning import Planning
from solard.daemon.supervisor import Supervisor
from solard.daemon.ticking import Ticker, local_day, with_card_ids
from solard.daemon.work_holds import WorkHolds
from solard.store.store import Store
from tests.daemon.stage import CARDS, NOON, DeskKeeper, HandClock, setup_of, sunny
from tests.daemon.test_planning import ScriptedPlanner

QUIET = UserPolicy(
    name="quiet noon",
    when=(Condition(quantity=Quantity.TIME, between=(720.0, 840.0)),),
    action=PolicyAction(each_gpu_at_most_w=150.0),
)


class Site:
    """A ticker with its desk: the test says what devices say, and looks at what comes out."""

    def __init__(self, clock: HandClock, store: Store, events: Events, home: Path) -> None:
        self.clock = clock
        self.setup = setup_of()
        self.keeper = DeskKeeper()
        self.latest = Latest(self.setup, clock.monotonic_s())
        self.actuator = Actuator(self.keeper, events)
        backend = ProcessBackend(home)
        self.supervisor = Supervisor(
            backend,
            (),
            lambda name: home / f"{name}.sock",
            events,
            Probe(backend.log),
            WorkHolds(home / "holds.json"),
        )
        self.planning = Planning(ScriptedPlanner(), store, clock, events)
        self.ticker = Ticker(
            *(self.setup, clock, self.latest, self.actuator, self.supervisor),
            *(self.planning, store, events),
        )

    async def live_through(self, ticks: int, **values: float | str | None) -> None:
        """Let two seconds pass for each tick, with a reading before it."""
        for _ in range(ticks):
            self.clock.pass_s(2.0)
            await self.actuator.run_once()
            self.latest.take(sunny(self.clock, **values))
            self.ticker.tick()


@pytest.fixture
def site(clock: HandClock, store: Store, events: Events, tmp_path: Path) -> Site:
    return Site(clock, store, events, tmp_path / "work")


async def test_tick_decides_and_remembers(site: Site) -> None:
    await site.live_through(3)

    record = site.ticker.record
    assert record is not None
    assert site.ticker.ticks == 3
    assert record.decision.why
    assert record.decision.next
    assert record.inputs.memory.decided_s == site.clock.seconds - 2.0
    assert replays_same(record)
    assert site.ticker.soc_min == 0.7
    assert len(site.ticker.times_s) == 3


async def test_observing_tells_the_cards_nothing(site: Site) -> None:
    await site.live_through(200)

    record = site.ticker.record
    assert record is not None
    assert record.decision.budget_w > 400.0, "it decides all the same"
    assert site.keeper.told == []


async def test_live_tells_the_cards_what_was_decided(site: Site) -> None:
    site.ticker.live = True
    await site.live_through(200)
    record = site.ticker.record
    assert record is not None
    async with asyncio.timeout(10.0):
        while not site.actuator.holds or site.keeper.told[-1] != record.decision.limits:
            await asyncio.sleep(0.05)
            await site.actuator.run_once()

    await site.live_through(1)

    assert record.decision.mode is WorkMode.FULL
    assert site.ticker.record is not None
    assert [result.limit_w for result in site.ticker.record.results] == [
        limit.limit_w for limit in record.decision.limits
    ]


async def test_constant_site_keeps_one_record_a_minute(site: Site, store: Store) -> None:
    await site.live_through(300, supply="island")
    assert store.flush()
    settled = len(store.cycles(1000))

    await site.live_through(90, supply="island")
    assert store.flush()

    assert len(store.cycles(1000)) == settled + 3, "three minutes of the same"


async def test_change_is_kept_at_once_and_every_record_replays(site: Site, store: Store) -> None:
    site.ticker.live = True
    await site.live_through(100)
    before = site.ticker.decisions
    await site.live_through(1, supply="island")
    await site.live_through(5, supply="island")
    assert store.flush()

    assert site.ticker.decisions > before
    records = store.cycles(1000)
    assert records[0].decision.rule == "supply"
    assert records[0].decision.mode is WorkMode.STANDBY
    assert all(replays_same(record) for record in records)


async def test_lost_grid_is_told_to_people_once(site: Site, events: Events) -> None:
    site.ticker.live = True
    await site.live_through(100)
    await site.live_through(20, supply="island")

    told = [event.text for event in events.newest() if "grid" in event.text.lower()]
    assert len(told) == 1
    assert "→" in told[0]


async def test_request_of_the_operator_ends_by_itself(site: Site) -> None:
    site.ticker.live = True
    until = site.clock.now() + timedelta(seconds=300)
    site.ticker.overrides = (Override(kind=OverrideKind.PAUSE, until_at=until),)

    await site.live_through(120)
    assert site.ticker.record is not None
    assert site.ticker.record.decision.mode is WorkMode.STANDBY

    await site.live_through(200)
    assert site.ticker.overrides == ()
    assert site.ticker.record.decision.mode is WorkMode.FULL


async def test_reload_decides_by_the_new_policies(site: Site) -> None:
    site.ticker.live = True
    await site.live_through(300)

    site.ticker.use(setup_of(QUIET))
    await site.live_through(1)

    record = site.ticker.record
    assert record is not None
    assert max(limit.limit_w for limit in record.decision.limits) <= 150.0


async def test_silent_inverter_brings_the_rig_down(site: Site) -> None:
    site.ticker.live = True
    await site.live_through(300)
    assert site.ticker.record is not None
    assert site.ticker.record.decision.mode is WorkMode.FULL

    for _ in range(16):
        site.clock.pass_s(2.0)
        site.ticker.tick()

    assert site.ticker.record.decision.mode is WorkMode.STANDBY
    assert "No answer from inverter" in site.ticker.record.decision.why


async def test_energy_is_counted_by_the_site_s_own_seconds(site: Site, store: Store) -> None:
    await site.live_through(901)
    site.ticker.finish()
    assert store.flush()

    totals = store.totals(NOON - timedelta(hours=1))
    assert totals.pv_wh == pytest.approx(1500.0, rel=0.01), "3 kW for half an hour"
    assert totals.battery_in_wh == pytest.approx(1250.0, rel=0.01)


async def test_rig_is_its_idle_draw_less_its_parked_cards(site: Site) -> None:
    await site.live_through(1)

    rig = site.ticker.rig()

    assert rig.host_w == pytest.approx(100.0)
    assert rig.cards == CARDS
    assert [gpu_id for gpu_id, _ in rig.curves] == ["GPU-0", "GPU-1"]


async def test_day_is_the_site_s_own(site: Site) -> None:
    site.clock.at = NOON.replace(hour=22, minute=30)
    await site.live_through(1)

    assert site.ticker.record is not None
    assert local_day(site.ticker.record.inputs.state) == "2024-05-29"


def test_workloads_find_their_cards_by_index() -> None:
    work = Workload(name="miner", gpu_ids=("1", "7"))

    assert with_card_ids((work,), CARDS)[0].gpu_ids == ("GPU-1",)


async def test_price_of_the_hour_counts_in_its_hour_and_the_tariff_outside(site: Site) -> None:
    hour = PriceSlot(starts_at=NOON, ends_at=NOON + timedelta(minutes=1), import_per_kwh=-0.05)
    site.planning.prices = KnownPrices(slots=(hour,))

    seen = []
    for _ in range(2):
        await site.live_through(16)
        assert site.ticker.record is not None
        seen.append(site.ticker.record.inputs.tariff.import_per_kwh)

    assert seen == [-0.05, 0.28]
