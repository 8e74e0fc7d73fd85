"""The plan in a terminal: blocks above the table."""

from dataclasses import replace
from datetime import timedelta

from solard.cli.sentences import say_plan, say_plan_blocks, say_status, say_unkept
from solard.core.decision import PowerLimit
from solard.core.plan import PlanSlot
from tests.tui.pictures import HOME

HALF_HOUR = timedelta(minutes=30)


def slots(*figures: tuple[float, float, float]) -> tuple[PlanSlot, ...]:
    """Half hours from midnight UTC: sun, rig, charge."""
    first_at = HOME.state.taken_at.replace(hour=0, minute=0)
    return tuple(
        PlanSlot(
            starts_at=first_at + index * HALF_HOUR,
            ends_at=first_at + (index + 1) * HALF_HOUR,
            pv_w=pv_w,
            house_w=300.0,
            rig_w=rig_w,
            battery_w=0.0,
            grid_w=0.0,
            throttled_w=0.0,
            soc=soc,
            water_value_per_kwh=0.1,
            cards_on=1,
        )
        for index, (pv_w, rig_w, soc) in enumerate(figures)
    )


VIEW = replace(
    HOME,
    state=replace(HOME.state, utc_offset_s=3600),
    plan=slots((0.0, 500.0, 0.5), (1000.0, 500.0, 0.75), (2000.0, 2000.0, 1.0)),
)


def test_sun_rig_and_charge_are_rows_of_blocks_on_their_scale() -> None:
    sun, rig, charge, axis = say_plan_blocks(VIEW).splitlines()

    assert sun == "sun      ▄█ 2 kW"
    assert rig == "rig     ▂▂█ 2 kW"
    assert charge == "charge  ▄▆█ 100 %"
    assert axis == "        01:00 02:30"


def test_blocks_stand_above_the_table() -> None:
    said = say_plan(VIEW).splitlines()

    assert said[5].split() == ["from", "sun", "house", "rig", "battery", "grid", "SoC"]
    assert len(said) == 9


def test_rows_name_their_day_since_the_plan_has_two_of_each_hour() -> None:
    first_at = VIEW.plan[0].starts_at + timedelta(hours=1)

    assert say_plan(VIEW).splitlines()[6].startswith(f"{first_at:%a} 01:00 ")


def test_site_without_a_battery_gets_no_columns_for_one() -> None:
    bare = replace(VIEW, plan=tuple(replace(slot, soc=0.0) for slot in VIEW.plan))
    said = say_plan(bare).splitlines()

    assert "charge" not in "".join(said)
    assert said[4].split() == ["from", "sun", "house", "rig", "grid"]


def test_a_battery_that_is_silent_is_unknown_and_one_that_is_not_there_is_none() -> None:
    silent = replace(VIEW, state=replace(VIEW.state, battery=None))
    bare = replace(silent, plan=tuple(replace(slot, soc=0.0) for slot in VIEW.plan))

    assert "battery unknown" in say_status(silent)
    assert "no battery known" in say_status(bare)


def test_status_says_in_observe_mode_what_would_be_done() -> None:
    limits = tuple(
        PowerLimit(gpu_id=card.gpu_id, limit_w=250.0, parked=card.index > 0)
        for card in HOME.rig.cards
    )
    assert HOME.decision is not None
    view = replace(HOME, decision=replace(HOME.decision, limits=limits))

    assert " 250 W " in say_status(replace(view, live=True))
    assert "would be 250 W " in say_status(replace(view, live=False))
    assert "would be parked" in say_status(replace(view, live=False))


def test_what_the_daemon_cannot_write_down_is_said_to_be_forgotten_by_a_restart() -> None:
    full = replace(HOME, degraded=("storage: history cannot be written to /x.db: disk is full",))

    assert say_unkept(full) == (
        "!     storage: history cannot be written to /x.db: disk is full; a restart forgets this"
    )
    assert say_unkept(replace(HOME, degraded=("miner: no answer",))) is None


def test_site_without_a_plan_says_so() -> None:
    assert say_plan(replace(HOME, plan=())) == "There is no plan yet."


def test_price_of_the_hour_and_sleep_stand_in_the_table_where_there_are_any() -> None:
    dear, cheap, dark = VIEW.plan
    plan = (
        replace(dear, import_per_kwh=0.4),
        replace(cheap, import_per_kwh=-0.01),
        replace(dark, asleep=True),
    )
    said = [line.split() for line in say_plan(replace(VIEW, plan=plan)).splitlines()[5:]]

    assert said[0][-2:] == ["import", "EUR"]
    assert [line[-1] for line in said[1:]] == ["0.400", "-0.010", "—"]
    assert "asleep" in said[3]
