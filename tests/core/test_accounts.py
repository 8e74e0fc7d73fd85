"""Ticks become minutes, quarter hours and the ledger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solard.core.accounts import Accounts, add_tick, open_rows
from solard.core.growing import Terms
from solard.core.history import HistoryRows
from solard.core.rig import Rig
from solard.core.state import BatteryState, GpuState, SiteState, Supply
from solard.core.tariff import PriceWindow, Tariff

NOON = datetime(2024, 5, 14, 12, 0, tzinfo=UTC)
RIG = Rig(host_w=90.0, psu_efficiency=0.9)
TERMS = Terms(rig=RIG, tariff=Tariff(import_per_kwh=0.5, export_per_kwh=0.1))


def state(moment: datetime, **changes: object) -> SiteState:
    """Return a grid home: 3 kW of sun, 500 W house, 600 W rig, the rest exported."""
    sunny = SiteState(
        taken_at=moment,
        taken_s=0.0,
        utc_offset_s=7200,
        supply=Supply.GRID,
        pv_w=3000.0,
        load_w=1100.0,
        grid_w=-1900.0,
        generator_w=0.0,
        battery=BatteryState(soc=0.5, power_w=0.0),
        rig_w=600.0,
    )
    return replace(sunny, **changes)  # type: ignore[arg-type]


def count(
    *ticks: tuple[SiteState, float], terms: Terms = TERMS, accounts: Accounts | None = None
) -> HistoryRows:
    """Return every row that the ticks hand out, and then what is still open."""
    accounts, rows = accounts or Accounts(), HistoryRows()
    for one, duration_s in ticks:
        accounts, more = add_tick(accounts, one, duration_s, terms)
        rows = rows.plus(more)
    return rows.plus(open_rows(accounts))


def test_a_minute_is_the_mean_over_time() -> None:
    rows = count(
        (state(NOON + timedelta(seconds=20), pv_w=3000.0), 20.0),
        (state(NOON + timedelta(seconds=60), pv_w=1500.0), 40.0),
    )

    assert rows.samples[-1].starts_at == NOON
    assert rows.samples[-1].pv_w == pytest.approx(2000.0)
    assert rows.samples[-1].good_s == 60.0


def test_energy_is_power_times_monotonic_time() -> None:
    slot = count((state(NOON + timedelta(seconds=36)), 36.0)).slots[-1].slot

    assert (slot.pv_wh, slot.house_wh, slot.rig_wh) == (30.0, 5.0, 6.0)
    assert (slot.grid_in_wh, slot.grid_out_wh) == (0.0, 19.0)
    assert slot.good_s == 36.0


def test_discharge_and_charge_have_fields_of_their_own() -> None:
    discharging = state(NOON + timedelta(seconds=36), battery=BatteryState(soc=0.5, power_w=100.0))
    charging = state(NOON + timedelta(seconds=72), battery=BatteryState(soc=0.5, power_w=-300.0))
    slot = count((discharging, 36.0), (charging, 36.0)).slots[-1].slot

    assert (slot.battery_out_wh, slot.battery_in_wh) == (1.0, 3.0)


def test_what_is_never_known_stays_unknown() -> None:
    rows = count((state(NOON + timedelta(seconds=10), pv_w=None, battery=None), 10.0))

    assert rows.slots[-1].slot.pv_wh is None
    assert rows.slots[-1].slot.battery_in_wh is None
    assert rows.samples[-1].pv_w is None
    assert rows.samples[-1].soc is None
    assert rows.slots[-1].slot.good_s == 0.0
    assert rows.energy[-1].counted_s == 0.0


def test_what_is_known_for_a_while_counts_for_that_while() -> None:
    slot = (
        count(
            (state(NOON + timedelta(seconds=36)), 36.0),
            (state(NOON + timedelta(seconds=72), pv_w=None), 36.0),
        )
        .slots[-1]
        .slot
    )

    assert slot.pv_wh == 30.0
    assert slot.good_s == 36.0


def test_stale_data_counts_as_energy_but_not_as_good() -> None:
    slot = (
        count((state(NOON + timedelta(seconds=36), stale=frozenset({"gx"})), 36.0)).slots[-1].slot
    )

    assert (slot.pv_wh, slot.good_s) == (30.0, 0.0)


def test_a_gap_is_not_counted() -> None:
    rows = count(
        (state(NOON + timedelta(seconds=10)), 10.0), (state(NOON + timedelta(hours=2)), 7190.0)
    )

    assert rows.slots[-1].slot.good_s == 10.0


def test_a_tick_across_a_quarter_hour_is_cut() -> None:
    rows = count(
        (state(NOON - timedelta(seconds=10)), 10.0),
        (state(NOON + timedelta(seconds=30)), 40.0),
    )
    last = {row.seq: row.slot for row in rows.slots}

    assert (last[0].starts_at, last[0].good_s) == (NOON - timedelta(minutes=15), 20.0)
    assert (last[1].starts_at, last[1].good_s) == (NOON, 30.0)


def test_a_wall_clock_that_jumps_back_makes_no_energy_and_overwrites_nothing() -> None:
    rows = count(
        (state(NOON + timedelta(seconds=36)), 36.0),
        (state(NOON - timedelta(days=1) + timedelta(seconds=36)), 36.0),
        (state(NOON + timedelta(seconds=72)), 36.0),
    )
    last = {row.seq: row.slot for row in rows.slots}

    assert sorted(last) == [0, 1, 2]
    assert [last[seq].pv_wh for seq in (0, 1, 2)] == [30.0, 30.0, 30.0]
    assert last[0].starts_at == last[2].starts_at


def test_the_growing_slot_is_handed_out_every_ten_seconds() -> None:
    accounts = Accounts()
    handed = []
    for second in range(2, 62, 2):
        tick = state(NOON + timedelta(seconds=second))
        accounts, rows = add_tick(accounts, tick, 2.0, TERMS)
        handed += [second for _ in rows.slots]

    assert handed == [10, 20, 30, 40, 50, 60]


def test_the_day_is_the_sites_own() -> None:
    evening = datetime(2024, 5, 14, 22, 30, tzinfo=UTC)

    assert count((state(evening), 2.0)).slots[-1].day == "2024-05-15"


def test_sun_that_the_rig_takes_costs_the_feed_in() -> None:
    energy = count((state(NOON + timedelta(seconds=36)), 36.0)).energy[-1]

    assert energy.sources.sun_wh == 6.0
    assert energy.cost == 0.0
    assert energy.lost_feed_in == pytest.approx(0.0006)


def test_grid_energy_costs_the_price_of_its_hour() -> None:
    night = state(NOON + timedelta(seconds=36), pv_w=0.0, grid_w=1100.0)
    tariff = Tariff(
        import_per_kwh=9.0,
        import_windows=(PriceWindow(from_minute=14 * 60, to_minute=15 * 60, price_per_kwh=0.5),),
    )
    energy = count((night, 36.0), terms=Terms(rig=RIG, tariff=tariff)).energy[-1]

    assert energy.sources.grid_wh == pytest.approx(6.0)
    assert energy.cost == pytest.approx(0.003)


def test_an_unknown_price_makes_the_cost_unknown_only_when_something_was_bought() -> None:
    night = state(NOON + timedelta(seconds=36), pv_w=0.0, grid_w=1100.0)
    free, bought = state(NOON + timedelta(seconds=72)), Terms(rig=RIG)

    assert count((free, 36.0), terms=bought).energy[-1].cost == 0.0
    assert count((night, 36.0), (free, 36.0), terms=bought).energy[-1].cost is None


def test_an_island_gives_no_feed_in_up() -> None:
    island = state(NOON + timedelta(seconds=36), supply=Supply.ISLAND, grid_w=0.0)

    assert count((island, 36.0), terms=Terms(rig=RIG)).energy[-1].lost_feed_in == 0.0


def test_hidden_sun_is_free_and_its_time_is_throttled() -> None:
    rows = count((state(NOON + timedelta(seconds=36)), 36.0), terms=replace(TERMS, probing=True))

    assert rows.energy[-1].sources.hidden_sun_wh == 6.0
    assert rows.energy[-1].lost_feed_in == 0.0
    assert rows.slots[-1].slot.throttled_s == 36.0


def test_idle_is_what_host_and_parked_cards_draw() -> None:
    cards = (card("a", 270.0, parked=False), card("b", 14.0, parked=True))
    energy = count((state(NOON + timedelta(seconds=36), gpus=cards), 36.0)).energy[-1]

    assert energy.idle_wh == pytest.approx(1.0556, abs=1e-4)  # 90 W and 14 W / 0.9, for 36 s


def test_nothing_counted_has_nothing_open() -> None:
    assert open_rows(Accounts()) == HistoryRows()


def card(gpu_id: str, power_w: float, *, parked: bool) -> GpuState:
    return GpuState(
        gpu_id=gpu_id,
        limit_w=300.0,
        enforced_w=300.0,
        power_w=power_w,
        temperature_c=50.0,
        utilization=1.0,
        parked=parked,
    )


@given(st.lists(st.floats(min_value=0.01, max_value=59.0), min_size=1, max_size=60))
def test_no_second_is_lost_or_counted_twice(durations_s: list[float]) -> None:
    moment, ticks = NOON, []
    for duration_s in durations_s:
        moment += timedelta(seconds=duration_s)
        ticks.append((state(moment), duration_s))
    rows = count(*ticks)
    slots = {row.seq: row.slot.good_s for row in rows.slots}
    minutes = {row.seq: row.good_s for row in rows.samples}

    assert sum(slots.values()) == pytest.approx(sum(durations_s), abs=1e-3)
    assert sum(minutes.values()) == pytest.approx(sum(durations_s), abs=1e-3)
