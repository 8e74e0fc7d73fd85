"""Small values: bounds, modes, curves, tariff, plan, worth, codec, readings."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solard.core.bounds import PowerBounds
from solard.core.codec import Codec, CodecError
from solard.core.curves import CurvePoint, prior_curve, upper_hull
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.ledger import SourceEnergy, split_by_source
from solard.core.modes import WorkMode, lower_mode
from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.rig import Workload
from solard.core.state import Supply
from solard.core.tariff import PriceWindow, Tariff
from solard.core.units import finite_or_none
from solard.core.work import WorkStatus
from solard.core.worth import worth_per_work
from tests.core.sites import (
    CURVE,
    NOON,
    battery_at,
    plan_of,
    plan_slot,
    read_card,
    rig_of,
    state_of,
)

bounds = st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)).map(
    lambda pair: PowerBounds(min_w=min(pair), max_w=max(pair))
)


@given(bounds, bounds)
def test_narrowing_never_widens(one: PowerBounds, other: PowerBounds) -> None:
    narrowed = one.narrow(other)

    assert one.min_w <= narrowed.min_w <= narrowed.max_w <= one.max_w


def test_empty_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="empty power bounds"):
        PowerBounds(min_w=2.0, max_w=1.0)


def test_mode_that_asks_for_less_is_lower() -> None:
    assert lower_mode(WorkMode.FULL, WorkMode.ECO) is WorkMode.ECO
    assert lower_mode(WorkMode.OFF, WorkMode.STANDBY) is WorkMode.OFF


@pytest.mark.parametrize(("value", "kept"), [(1.5, 1.5), (None, None), (nan, None), (inf, None)])
def test_only_finite_numbers_are_known(value: float | None, kept: float | None) -> None:
    assert finite_or_none(value) == kept


@pytest.mark.parametrize(
    ("power_w", "work"), [(99.0, 0.0), (100.0, 20.0), (150.0, 45.0), (250.0, 85.0), (400.0, 100.0)]
)
def test_work_is_linear_between_measured_points(power_w: float, work: float) -> None:
    assert CURVE.work_at(power_w) == work


def test_curve_is_cut_to_an_envelope() -> None:
    assert CURVE.cut(150.0, 250.0).points == (
        CurvePoint(150.0, 45.0),
        CurvePoint(200.0, 70.0),
        CurvePoint(250.0, 85.0),
    )
    assert CURVE.cut(200.0, 200.0).points == (CurvePoint(200.0, 70.0),)


def test_hull_leaves_out_points_that_are_never_best() -> None:
    points = (CurvePoint(0.0, 0.0), *CURVE.points, CurvePoint(200.0, 60.0))

    assert upper_hull(points) == (
        CurvePoint(0.0, 0.0),
        CurvePoint(200.0, 70.0),
        CurvePoint(300.0, 100.0),
    )


def test_prior_says_92_percent_of_the_work_at_70_percent_of_the_power() -> None:
    curve = prior_curve(min_w=100.0, max_w=300.0, default_w=300.0)

    assert curve.work_at(210.0) == pytest.approx(0.92, abs=0.02)


def test_price_windows_may_pass_midnight() -> None:
    night = PriceWindow(from_minute=22 * 60, to_minute=7 * 60, price_per_kwh=0.22)
    day = PriceWindow(from_minute=7 * 60, to_minute=9 * 60, price_per_kwh=0.40)
    tariff = Tariff(import_per_kwh=0.32, import_windows=(night, day))

    assert [tariff.import_at(hour * 60) for hour in (23, 3, 8, 12)] == [0.22, 0.22, 0.40, 0.32]


def test_plan_is_looked_up_by_moment() -> None:
    plan = plan_of(plan_slot(0), plan_slot(1, pv_w=100.0))

    assert plan.slot_at(NOON + timedelta(minutes=61)) == plan.slots[1]
    assert plan.slot_at(NOON + timedelta(hours=3)) is None
    assert plan.sun_wh(NOON + timedelta(minutes=30)) == 1100.0
    assert plan.sun_wh(NOON + timedelta(hours=5)) == 0.0


def test_forecast_is_looked_up_by_moment() -> None:
    slot = ForecastSlot(
        starts_at=NOON,
        ends_at=NOON + timedelta(minutes=15),
        pv_w=1.0,
        pv_low_w=0.5,
        pv_high_w=2.0,
        house_w=3.0,
    )
    forecast = Forecast(issued_at=NOON, source="test", slots=(slot,))

    assert forecast.slot_at(NOON) == slot
    assert forecast.slot_at(NOON + timedelta(minutes=15)) is None


def test_worth_is_shared_over_the_work_of_the_stated_cards() -> None:
    stated = Workload(name="a", gpu_ids=("gpu-0",), worth_per_h=0.05)
    silent = Workload(name="b", gpu_ids=("gpu-1",))

    assert worth_per_work(rig_of(), (stated, silent)) == 0.0005
    assert worth_per_work(rig_of(), (silent,)) is None
    assert worth_per_work(replace(rig_of(), curves=()), (stated,)) == pytest.approx(0.05, rel=0.02)


def test_rig_gets_what_the_house_leaves_of_the_sun() -> None:
    state = state_of(
        pv_w=500.0, load_w=700.0, rig_w=300.0, grid_w=50.0, battery=battery_at(0.5, 150.0)
    )

    split = split_by_source(state, 3600.0, probing=False)

    assert split == SourceEnergy(sun_wh=100.0, battery_wh=150.0, grid_wh=50.0)


def test_probed_sun_is_counted_apart() -> None:
    state = state_of(pv_w=900.0, load_w=700.0, rig_w=300.0, generator_w=0.0)

    assert split_by_source(state, 3600.0, probing=True) == SourceEnergy(hidden_sun_wh=300.0)


def test_measuring_error_counts_as_sun_where_nothing_else_gives() -> None:
    state = state_of(pv_w=600.0, load_w=700.0, rig_w=300.0, battery=None)

    assert split_by_source(state, 3600.0, probing=False) == SourceEnergy(sun_wh=300.0)


def test_unknown_flows_have_no_source() -> None:
    assert split_by_source(state_of(grid_w=None), 60.0, probing=False) is None
    assert split_by_source(state_of(rig_w=None), 60.0, probing=False) is None
    assert split_by_source(state_of(pv_w=None), 60.0, probing=False) is None


def test_energies_add_up_source_by_source() -> None:
    one = SourceEnergy(sun_wh=1.0, grid_wh=2.0)

    assert one.plus(SourceEnergy(sun_wh=3.0, generator_wh=1.0)).total_wh == 7.0


def test_house_is_never_negative() -> None:
    assert state_of(load_w=100.0, rig_w=140.0).house_w == 0.0
    assert state_of(supply=Supply.UNKNOWN, load_w=None).house_w is None


def test_card_is_found_by_its_id() -> None:
    state = state_of(gpus=(read_card(1),))

    assert state.gpu("gpu-1") == read_card(1)
    assert state.gpu("gpu-2") is None


def reading(*points: PointReading) -> DeviceReading:
    return DeviceReading(
        device_id="gx", measured_at=NOON, measured_s=0.0, period_s=5.0, points=points
    )


def point(name: str, value: Any, quality: Quality = Quality.GOOD) -> PointReading:
    return PointReading(name=name, value=value, unit="W", quality=quality)


def test_only_good_values_are_known() -> None:
    one = reading(
        point("pv_power", 5.0),
        point("grid_power", 7.0, Quality.SUSPECT),
        point("supply", "grid"),
        point("load_power", None),
    )

    assert one.number("pv_power") == 5.0
    assert one.number("grid_power") is None
    assert one.number("supply") is None
    assert one.number("load_power") is None
    assert one.number("unheard") is None
    assert one.text("supply") == "grid"
    assert one.text("pv_power") is None
    assert one.text("unheard") is None


def test_workload_counts_what_it_counts() -> None:
    status = WorkStatus(
        pid=1,
        mode=WorkMode.FULL,
        health="ok",
        rate=None,
        earned_rao=0,
        counters=(("requests", 3),),
    )

    assert (status.counter("requests"), status.counter("other")) == (3, 0)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    weight_g: float = 1.0


@dataclass(frozen=True)
class Special(Inner):
    pass


@dataclass(frozen=True)
class Outer:
    name: str
    moment: datetime | None = None
    colour: Colour = Colour.RED
    pair: tuple[int, float] = (1, 2.0)
    many: tuple[Inner, ...] = ()
    names: frozenset[str] = frozenset()
    table: dict[str, int] | None = None
    either: Inner | str = "x"
    anything: Any = None
    flag: bool = False


CODEC = Codec({"Special": Special})
WHOLE = Outer(
    name="a",
    moment=datetime(2024, 6, 1, 12, tzinfo=UTC),
    pair=(3, 0.1),
    many=(Inner(weight_g=1e-17), Special(weight_g=2.0)),
    names=frozenset({"b", "a"}),
    table={"k": 1},
    either=Inner(),
    anything=[1, "two"],
    flag=True,
)


def test_codec_brings_everything_back() -> None:
    assert CODEC.loads(Outer, CODEC.dumps(WHOLE)) == WHOLE


def test_codec_writes_canonical_json() -> None:
    assert CODEC.dumps(Special(weight_g=0.5)) == '{"kind":"Special","weight_g":0.5}'


def test_whole_numbers_are_read_as_floats_where_a_float_is_meant() -> None:
    assert CODEC.decode(Inner, {"weight_g": 2}) == Inner(weight_g=2.0)


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (Inner, {"weight_g": "heavy"}, "'heavy' is no float"),
        (Inner, {"weight_g": True}, "True is no float"),
        (Inner, {"height_m": 1}, "unknown field 'height_m'"),
        (Inner, [], "is no object"),
        (Outer, {}, "name"),
        (Outer, {"name": "a", "colour": "blue"}, "blue"),
        (Outer, {"name": "a", "pair": [1]}, "shorter"),
        (Outer, {"name": "a", "many": {}}, "is no list"),
        (Outer, {"name": "a", "either": 5}, "is no"),
        (Outer, {"name": "a", "moment": "yesterday"}, "yesterday"),
    ],
)
def test_data_of_another_shape_is_refused_with_the_reason(
    kind: type, data: Any, reason: str
) -> None:
    with pytest.raises(CodecError, match=reason):
        CODEC.decode(kind, data)


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(CodecError, match="no JSON"):
        CODEC.loads(Inner, "{")


def test_value_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(CodecError, match="cannot encode a complex"):
        CODEC.encode(1j)
