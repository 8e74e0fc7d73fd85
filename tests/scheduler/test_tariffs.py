"""Prices in the plan: by the site's own clock, also on days of 23 and 25 hours, and below zero."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.case import make_case
from scheduler.planner import make_plan
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.plan import Plan
from solard.core.tariff import PriceWindow, Tariff
from tests.scheduler.plans import request_of

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
SUN = (1000.0, 200.0)
NIGHT = Tariff(
    currency="EUR",
    import_per_kwh=0.32,
    import_windows=(PriceWindow(from_minute=22 * 60, to_minute=7 * 60, price_per_kwh=0.22),),
)


def day(date: str) -> Forecast:
    """A dark day from local midnight to local midnight."""
    midnight = datetime.fromisoformat(date).replace(tzinfo=BERLIN)
    begins = midnight.astimezone(UTC)
    ends = (midnight + timedelta(days=1)).astimezone(UTC)
    slots = tuple(
        ForecastSlot(
            starts_at=begins + index * QUARTER,
            ends_at=begins + (index + 1) * QUARTER,
            pv_w=0.0,
            pv_low_w=0.0,
            pv_high_w=0.0,
            house_w=100.0,
        )
        for index in range((ends - begins) // QUARTER)
    )
    return Forecast(issued_at=begins, source="a test", slots=slots)


@pytest.mark.parametrize(
    ("date", "cheap_h", "dear_h"),
    [("2024-03-31", 8.0, 15.0), ("2024-06-03", 9.0, 15.0), ("2024-10-27", 10.0, 15.0)],
    ids=["23 hours", "24 hours", "25 hours"],
)
def test_23_night_price_holds_from_22_to_7_by_the_clock_on_the_wall(
    date: str, cheap_h: float, dear_h: float
) -> None:
    request = request_of([SUN], tariff=NIGHT, timezone="Europe/Berlin")
    case = make_case(replace(request, forecast=day(date)))
    hours = dict.fromkeys((0.22, 0.32), 0.0)
    for step, price in zip(case.steps, case.import_per_kwh, strict=True):
        hours[round(price, 2)] += step.hours

    assert hours == {0.22: cheap_h, 0.32: dear_h}


def plan_for(export_per_kwh: float, **changes: object) -> Plan:
    tariff = Tariff(currency="EUR", import_per_kwh=0.30, export_per_kwh=export_per_kwh)
    return make_plan(request_of([SUN] * 8, tariff=tariff, **changes))


def test_export_that_costs_turns_work_up_that_would_not_pay_otherwise() -> None:
    """The last 100 W earn 0.06 per kWh: less than 0.08 of export, more than nothing."""
    assert {slot.rig_w for slot in plan_for(0.08).slots} == {200.0}
    assert {slot.rig_w for slot in plan_for(-0.05).slots} == {300.0}


def test_export_cap_leaves_sun_to_the_rig_that_nobody_else_takes() -> None:
    capped = plan_for(0.08, export_at_most_w=550.0)

    assert {round(slot.rig_w) for slot in capped.slots} == {250}
    assert {round(slot.throttled_w) for slot in capped.slots} == {0}


def test_price_below_zero_buys_for_work_as_much_as_the_owner_lets_it() -> None:
    tariff = Tariff(currency="EUR", import_per_kwh=-0.05, export_per_kwh=0.0)
    dark = [(0.0, 200.0)] * 8

    free = make_plan(request_of(dark, tariff=tariff, import_at_most_w=5000.0))
    tight = make_plan(request_of(dark, tariff=tariff, import_at_most_w=450.0))
    never = make_plan(request_of(dark, tariff=tariff))

    assert {round(slot.rig_w) for slot in free.slots} == {300}
    assert {round(slot.rig_w) for slot in tight.slots} == {250}
    assert {round(slot.rig_w) for slot in never.slots} == {100}
