"""Forecasts in the daemon: calibrated at night, and the last one stays until there is a new one."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from solard.core.calibration import Calibration, Spread
from solard.core.errors import SolardError
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.history import SlotRow
from solard.core.planning import ForecastBasis
from solard.core.site_slot import SiteSlot
from solard.core.tariff import KnownPrices
from solard.daemon.events import Events
from solard.daemon.forecasts import Forecasts
from solard.store.store import Store
from tests.daemon.stage import NOON, HandClock

SPREAD = Spread(low=((-0.1,),), high=((0.1,),))
CALIBRATION = Calibration(
    made_at=NOON,
    panels="by hand",
    learned_slots=400,
    clear=(1.0,) * 96,
    usual=(0.7,) * 96,
    gain=(1.0,) * 96,
    weights=((0.0,) * 6,),
    issued_weights=(),
    spread=SPREAD,
    issued_spread=None,
    house_w=(300.0,) * 672,
)


class Scripted:
    """Answers as the test says; remembers what it was asked with."""

    def __init__(self) -> None:
        self.pv_w = 2000.0
        self.told_w: float | None = None
        self.problem: str | None = None
        self.calibration_fails: str | None = None
        self.forecast_fails: str | None = None
        self.calibrated: list[int] = []
        self.basis = ForecastBasis()

    async def forecast(self, issued_at: datetime, basis: ForecastBasis) -> Forecast:
        if self.forecast_fails:
            raise SolardError(self.forecast_fails)
        self.basis = basis
        slots = tuple(
            ForecastSlot(
                starts_at=issued_at + timedelta(hours=hour),
                ends_at=issued_at + timedelta(hours=hour + 1),
                pv_w=self.pv_w,
                pv_low_w=0.0,
                pv_high_w=self.pv_w,
                house_w=300.0,
                told_w=self.told_w,
            )
            for hour in range(48)
        )
        return Forecast(issued_at=issued_at, source="script", slots=slots, problem=self.problem)

    async def prices(self, now: datetime) -> KnownPrices:
        return KnownPrices()

    async def calibrate(self, made_at: datetime, basis: ForecastBasis) -> Calibration:
        if self.calibration_fails:
            raise SolardError(self.calibration_fails)
        self.calibrated.append(len(basis.history))
        return replace(CALIBRATION, made_at=made_at)

    async def plan(self, *_: object) -> None:  # pragma: no cover - forecasts never plan
        raise AssertionError


def keep_days(store: Store, days: int) -> None:
    for seq in range(days * 96):
        slot = SiteSlot(
            starts_at=NOON - timedelta(minutes=15 * (seq + 1)),
            **dict.fromkeys(("pv_wh", "house_wh", "rig_wh", "grid_in_wh", "grid_out_wh"), 1.0),
            **dict.fromkeys(("battery_in_wh", "battery_out_wh", "generator_wh"), None),
            throttled_s=0.0,
            good_s=900.0,
        )
        store.put_site15(SlotRow(seq=seq, day=slot.starts_at.date().isoformat(), slot=slot))
    assert store.flush()


@pytest.fixture
def planner() -> Scripted:
    return Scripted()


@pytest.fixture
def forecasts(planner: Scripted, store: Store, clock: HandClock, events: Events) -> Forecasts:
    return Forecasts(planner, store, clock, events)  # type: ignore[arg-type]


async def test_site_without_history_has_a_forecast_and_no_calibration(
    forecasts: Forecasts, planner: Scripted
) -> None:
    await forecasts.renew()

    assert planner.calibrated == []
    assert forecasts.newest is not None
    assert planner.basis == ForecastBasis()


async def test_calibration_learns_from_all_days_and_the_forecast_then_needs_three(
    forecasts: Forecasts, planner: Scripted, store: Store
) -> None:
    keep_days(store, 10)

    await forecasts.renew()

    assert planner.calibrated == [960]
    assert len(planner.basis.history) == 3 * 96
    assert planner.basis.calibration == CALIBRATION


async def test_calibration_outlives_the_daemon(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock, events: Events
) -> None:
    keep_days(store, 2)
    await forecasts.renew()
    assert store.flush()

    again = Forecasts(planner, store, clock, events)  # type: ignore[arg-type]
    await again.renew()

    assert again.calibration == CALIBRATION
    assert len(planner.calibrated) == 1


async def test_next_calibration_waits_for_the_night(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock
) -> None:
    keep_days(store, 2)
    await forecasts.renew()
    clock.pass_s(21 * 3600.0)
    await forecasts.renew()
    by_day = len(planner.calibrated)
    planner.pv_w = 0.0
    await forecasts.renew()
    await forecasts.renew()

    assert (by_day, len(planner.calibrated)) == (1, 2)


async def test_calibration_comes_where_the_sun_never_sets(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock
) -> None:
    keep_days(store, 2)
    await forecasts.renew()
    clock.pass_s(27 * 3600.0)
    await forecasts.renew()

    assert len(planner.calibrated) == 2


async def test_failed_calibration_is_said_once_and_the_forecast_comes_all_the_same(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock, events: Events
) -> None:
    keep_days(store, 2)
    planner.calibration_fails = "the forecast worker was killed"
    await forecasts.renew()
    clock.pass_s(27 * 3600.0)
    await forecasts.renew()

    assert forecasts.issues == 2
    assert [event.text for event in events.newest()] == [
        "No new calibration: the forecast worker was killed"
    ]


async def test_calibration_of_another_season_is_not_used(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock
) -> None:
    keep_days(store, 2)
    await forecasts.renew()
    planner.calibration_fails = "no memory"
    clock.pass_s(15 * 86400.0)
    await forecasts.renew()

    assert planner.basis.calibration is None


async def test_24_clock_that_steps_back_an_hour_costs_no_forecast(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock
) -> None:
    keep_days(store, 2)
    await forecasts.renew()
    clock.pass_s(-3600.0)
    await forecasts.renew()

    assert forecasts.issues == 2
    assert forecasts.newest is not None
    assert forecasts.newest.issued_at == NOON - timedelta(hours=1)


async def test_31_source_without_a_newer_word_is_said_once_and_so_is_its_return(
    forecasts: Forecasts, planner: Scripted, events: Events
) -> None:
    planner.problem = "Open-Meteo answered 429; asked again at 13:00 UTC"
    await forecasts.renew()
    await forecasts.renew()
    planner.problem = None
    await forecasts.renew()

    assert [event.text for event in events.newest()] == [
        "The forecast's source answers again.",
        "Degraded forecast: Open-Meteo answered 429; asked again at 13:00 UTC",
    ]


async def test_what_others_had_said_comes_back_to_be_learned_from(
    forecasts: Forecasts, planner: Scripted, store: Store, clock: HandClock
) -> None:
    """The word of noon for the hours from four hours ahead on."""
    planner.told_w = 1234.0
    await forecasts.renew()
    assert store.flush()
    clock.pass_s(6 * 3600.0 + 600.0)
    await forecasts.renew()

    told = planner.basis.told_before
    assert [each.starts_at for each in told] == [NOON + timedelta(hours=h) for h in (4, 5, 6)]
    assert {each.power_w for each in told} == {1234.0}


async def test_failed_forecast_leaves_the_last_one(
    forecasts: Forecasts, planner: Scripted, clock: HandClock
) -> None:
    first = await forecasts.renew()
    planner.forecast_fails = "no memory"
    clock.pass_s(900.0)
    with pytest.raises(SolardError, match="no memory"):
        await forecasts.renew()

    assert forecasts.newest == first
