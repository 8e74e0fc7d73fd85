"""Readings of devices and cards, frozen into the picture that a tick decides on."""

from dataclasses import replace

import pytest

from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.rig import Rig
from solard.core.state import CardHealth, SiteState, Supply
from solard.daemon.latest import Latest
from tests.daemon.stage import CARDS, HandClock, card_state, failed, reading, setup_of, sunny

RIG = Rig(host_w=100.0, psu_efficiency=0.92, cards=CARDS)


@pytest.fixture
def latest(clock: HandClock) -> Latest:
    return Latest(setup_of(), clock.monotonic_s())


def look(latest: Latest, clock: HandClock) -> SiteState:
    return latest.snapshot(clock.now(), clock.monotonic_s())


def shown(latest: Latest, clock: HandClock, name: str = "inverter") -> tuple[PointReading, ...]:
    return latest.points(name, clock.now(), clock.monotonic_s())


def test_reading_becomes_the_picture(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock, battery_voltage=52.1, max_charge_power=4000.0, inverter_alarm=0))

    state = look(latest, clock)

    assert (state.pv_w, state.load_w, state.grid_w) == (3000.0, 500.0, 0.0)
    assert state.supply is Supply.GRID
    assert state.battery is not None
    assert (state.battery.soc, state.battery.power_w) == (0.7, -2500.0)
    assert (state.battery.voltage_v, state.battery.max_charge_w) == (52.1, 4000.0)
    assert state.inverter_alarm is False
    assert state.pv_throttled is None
    assert state.generator_w is None
    assert state.utc_offset_s == 7200
    assert (state.stale, state.missing, state.good_polls) == (frozenset(), frozenset(), 1)


def test_ratings_of_inverters_add_up(latest: Latest, clock: HandClock) -> None:
    latest.take(reading(clock, "one", rated_power=5000.0))
    latest.take(reading(clock, "two", rated_power=3000.0))

    assert look(latest, clock).inverter_rated_w == 8000.0


def test_before_the_first_answer_nothing_is_known(latest: Latest, clock: HandClock) -> None:
    clock.pass_s(2.0)
    latest.take(failed(clock))

    state = look(latest, clock)

    assert state.supply is Supply.UNKNOWN
    assert (state.pv_w, state.load_w, state.battery, state.good_polls) == (None, None, None, 0)
    assert state.stale == {"inverter"}


def test_never_answering_device_is_missing_after_half_a_minute(
    latest: Latest, clock: HandClock
) -> None:
    clock.pass_s(30.0)
    assert look(latest, clock).missing == frozenset()

    clock.pass_s(0.1)
    assert look(latest, clock).missing == {"inverter"}
    assert look(latest, clock).missing_for_s == pytest.approx(30.1)


def test_data_is_stale_after_three_periods(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock))

    clock.pass_s(6.0)
    assert look(latest, clock).stale == frozenset()

    clock.pass_s(0.1)
    state = look(latest, clock)
    assert state.stale == {"inverter"}
    assert state.pv_w == 3000.0, "the last good value holds for a while"


def test_data_is_missing_after_half_a_minute(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock))

    clock.pass_s(30.0)
    assert look(latest, clock).pv_w == 3000.0

    clock.pass_s(0.1)
    state = look(latest, clock)
    assert (state.stale, state.missing) == (frozenset(), {"inverter"})
    assert (state.pv_w, state.load_w, state.battery) == (None, None, None)
    assert state.supply is Supply.UNKNOWN


def test_slow_device_is_missing_after_six_of_its_periods(clock: HandClock) -> None:
    latest = Latest(setup_of(), clock.monotonic_s())
    slow = sunny(clock)
    latest.take(type(slow)(**{f: getattr(slow, f) for f in slow.__slots__} | {"period_s": 10.0}))

    clock.pass_s(60.0)
    assert look(latest, clock).missing == frozenset()
    clock.pass_s(0.1)
    assert look(latest, clock).missing == {"inverter"}


def test_owner_says_how_long_a_device_may_be_silent(clock: HandClock) -> None:
    latest = Latest(setup_of(silent_at_most_s=90.0), clock.monotonic_s())
    latest.take(sunny(clock))

    clock.pass_s(90.0)
    assert look(latest, clock).missing == frozenset()
    clock.pass_s(0.1)
    assert look(latest, clock).missing == {"inverter"}


def test_failed_poll_ages_the_last_answer(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock))
    clock.pass_s(4.0)
    latest.take(failed(clock))

    assert look(latest, clock).pv_w == 3000.0
    assert look(latest, clock).good_polls == 1
    assert latest.age_s("inverter", clock.monotonic_s()) == 4.0
    assert latest.age_s("meter", clock.monotonic_s()) is None


def test_what_a_device_said_last_stands_as_it_came(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock))
    doubtful = replace(sunny(clock).points[0], value=9e9, quality=Quality.SUSPECT)
    latest.take(replace(sunny(clock), points=(doubtful,)))
    latest.take(failed(clock))

    assert shown(latest, clock) == (doubtful,)
    assert shown(latest, clock, "meter") == ()


def test_values_of_a_silent_device_are_shown_as_stale_then_as_unknown_and_good_at_its_next_word(
    latest: Latest, clock: HandClock
) -> None:
    slept = replace(sunny(clock).points[0], name="ac_power", value=None, quality=Quality.ASLEEP)
    latest.take(replace(sunny(clock), points=(*sunny(clock).points[:1], slept)))
    seen = []
    for seconds in (6.0, 0.1, 23.9, 0.1):
        clock.pass_s(seconds)
        latest.take(failed(clock))
        seen.append([(one.value, one.quality) for one in shown(latest, clock)])
    latest.take(sunny(clock))

    asleep = (None, Quality.ASLEEP)
    assert seen == [
        [(3000.0, Quality.GOOD), asleep],
        [(3000.0, Quality.STALE), asleep],
        [(3000.0, Quality.STALE), asleep],
        [(None, Quality.MISSING), (None, Quality.MISSING)],
    ]
    assert shown(latest, clock)[0].quality is Quality.GOOD


def test_good_polls_count_the_device_that_has_answered_least(clock: HandClock) -> None:
    latest = Latest(setup_of(essential=("inverter", "meter")), clock.monotonic_s())
    for _ in range(3):
        latest.take(sunny(clock))
    latest.take(reading(clock, "meter", grid_power=120.0))

    assert look(latest, clock).good_polls == 1


def test_two_inverters_add_up(clock: HandClock) -> None:
    latest = Latest(setup_of(), clock.monotonic_s())
    latest.take(sunny(clock))
    latest.take(reading(clock, "barn", pv_power=800.0))

    assert look(latest, clock).pv_w == 3800.0


def test_sum_with_an_unknown_part_is_unknown(clock: HandClock) -> None:
    latest = Latest(setup_of(), clock.monotonic_s())
    latest.take(sunny(clock))
    latest.take(reading(clock, "barn", pv_power=None))

    assert look(latest, clock).pv_w is None


def test_inverter_that_went_silent_is_not_in_the_sum(clock: HandClock) -> None:
    latest = Latest(setup_of(), clock.monotonic_s())
    latest.take(reading(clock, "barn", pv_power=800.0))
    clock.pass_s(31.0)
    latest.take(sunny(clock))

    assert look(latest, clock).pv_w == 3000.0


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("grid", Supply.GRID),
        ("island", Supply.ISLAND),
        ("generator", Supply.GENERATOR),
        ("shore power", Supply.UNKNOWN),
        (None, Supply.UNKNOWN),
    ],
)
def test_device_that_can_say_the_supply_is_believed(
    latest: Latest, clock: HandClock, said: str | None, meant: Supply
) -> None:
    latest.take(sunny(clock, supply=said))

    assert look(latest, clock).supply is meant


@pytest.mark.parametrize(
    ("panels", "battery", "meant"),
    [
        ("grid", "island", Supply.ISLAND),
        ("grid", "generator", Supply.GENERATOR),
        ("grid", None, Supply.UNKNOWN),
        ("grid", "grid", Supply.GRID),
    ],
)
def test_surest_of_several_devices_says_the_supply(
    latest: Latest, clock: HandClock, panels: str, battery: str | None, meant: Supply
) -> None:
    latest.take(reading(clock, "panels", supply=panels))
    latest.take(reading(clock, "battery", supply=battery))

    assert look(latest, clock).supply is meant


def test_expected_supply_stands_where_no_device_can_say(latest: Latest, clock: HandClock) -> None:
    latest.take(reading(clock, pv_power=100.0))

    assert look(latest, clock).supply is Supply.GRID


def test_load_meets_the_rig_s_draw_of_its_own_moment(latest: Latest, clock: HandClock) -> None:
    latest.take_cards((card_state(0), card_state(1)), RIG, clock.monotonic_s())
    latest.take(sunny(clock))
    clock.pass_s(2.0)
    at_work = (card_state(0, 300.0), card_state(1, 300.0))
    latest.take_cards(at_work, RIG, clock.monotonic_s())

    state = look(latest, clock)

    assert state.rig_w == 150.0, "100 W host and 2 × 23 W of cards behind 92 %"
    assert state.house_w == 350.0
    assert state.gpus == at_work


def test_rig_is_known_without_any_device(latest: Latest, clock: HandClock) -> None:
    latest.take_cards((card_state(0), card_state(1)), RIG, clock.monotonic_s())

    assert look(latest, clock).rig_w == 150.0


def test_card_whose_draw_is_unknown_makes_no_new_draw(latest: Latest, clock: HandClock) -> None:
    latest.take_cards((card_state(0), card_state(1)), RIG, clock.monotonic_s())
    clock.pass_s(2.0)
    latest.take_cards((card_state(0, 300.0), card_state(1, None)), RIG, clock.monotonic_s())

    assert look(latest, clock).rig_w == 150.0


def test_keeper_that_is_away_does_not_make_the_rig_a_bare_host(
    latest: Latest, clock: HandClock
) -> None:
    latest.take_cards((card_state(0, 300.0), card_state(1, 298.0)), RIG, clock.monotonic_s())
    clock.pass_s(2.0)
    latest.take_cards((), RIG, clock.monotonic_s())
    latest.take(sunny(clock, load_power=1250.0))
    assert look(latest, clock).rig_w == 750.0

    clock.pass_s(40.0)
    latest.take_cards((), RIG, clock.monotonic_s())
    latest.take(sunny(clock, load_power=1250.0))
    assert look(latest, clock).rig_w is None, "too long ago to be called known"
    assert look(latest, clock).house_w is None


def test_lost_card_counts_as_nothing_and_the_rest_goes_on(latest: Latest, clock: HandClock) -> None:
    lost = card_state(1, None, health=CardHealth.LOST)
    latest.take_cards((card_state(0), lost), RIG, clock.monotonic_s())

    assert look(latest, clock).rig_w == pytest.approx(125.0)


def test_machine_without_cards_draws_its_host(latest: Latest, clock: HandClock) -> None:
    latest.take_cards((), Rig(host_w=100.0), clock.monotonic_s())

    assert look(latest, clock).rig_w == 100.0


def test_site_without_a_battery_has_none(clock: HandClock) -> None:
    latest = Latest(setup_of(has_battery=False), clock.monotonic_s())
    latest.take(sunny(clock))

    assert look(latest, clock).battery is None


def test_phases_are_kept_in_order(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock, grid_power_l2=20.0, grid_power_l1=10.0, grid_power_l3=30.0))

    assert look(latest, clock).phase_w == (10.0, 20.0, 30.0)


def test_reload_asks_for_other_devices(latest: Latest, clock: HandClock) -> None:
    latest.take(sunny(clock))

    latest.use(setup_of(essential=("inverter", "meter")))

    assert look(latest, clock).good_polls == 0


def test_suspect_value_is_replaced_by_the_last_good_one_for_three_periods(
    latest: Latest, clock: HandClock
) -> None:
    latest.take(sunny(clock))
    seen = []
    for _ in range(4):
        clock.pass_s(2.0)
        doubted = sunny(clock, pv_power=65535.0)
        points = tuple(
            replace(point, quality=Quality.SUSPECT) if point.name == "pv_power" else point
            for point in doubted.points
        )
        latest.take(replace(doubted, points=points))
        seen.append(look(latest, clock).pv_w)

    assert seen == [3000.0, 3000.0, 3000.0, None]


PARIS = {"latitude_deg": 48.86, "longitude_deg": 2.35}


def at_night(clock: HandClock) -> None:
    """Move the clock from noon to midnight in Paris."""
    clock.pass_s(12 * 3600.0)


def asleep(clock: HandClock, **values: float | str | None) -> DeviceReading:
    told = reading(clock, **values)
    sleeping = PointReading(name="pv_power", value=None, unit="W", quality=Quality.ASLEEP)
    return replace(told, points=(*told.points, sleeping))


def test_sleeping_inverter_gives_0_w_at_night(clock: HandClock) -> None:
    latest = Latest(setup_of(**PARIS), clock.monotonic_s())
    at_night(clock)
    latest.take(asleep(clock, grid_power=350.0))

    state = look(latest, clock)

    assert (state.pv_w, state.load_w) == (0.0, 350.0)


def test_inverter_that_sleeps_at_noon_is_unknown(clock: HandClock) -> None:
    latest = Latest(setup_of(**PARIS), clock.monotonic_s())
    latest.take(asleep(clock, grid_power=350.0))

    assert look(latest, clock).pv_w is None


def test_without_a_place_nobody_knows_that_it_is_night(clock: HandClock) -> None:
    latest = Latest(setup_of(), clock.monotonic_s())
    at_night(clock)
    latest.take(asleep(clock, grid_power=350.0))

    assert look(latest, clock).pv_w is None


def test_inverter_that_may_be_silent_at_night_is_not_missing_then(clock: HandClock) -> None:
    setup = setup_of(essential=("roof", "meter"), sleepers=frozenset({"roof"}), **PARIS)
    latest = Latest(setup, clock.monotonic_s())
    latest.take(reading(clock, "roof", pv_power=40.0))
    at_night(clock)
    latest.take(reading(clock, "meter", grid_power=350.0))

    state = look(latest, clock)

    assert (state.missing, state.stale) == (frozenset(), frozenset())
    assert (state.pv_w, state.load_w, state.good_polls) == (0.0, 350.0, 1)
    assert [(one.value, one.quality) for one in shown(latest, clock, "roof")] == [
        (None, Quality.ASLEEP)
    ]


def test_silence_by_day_is_a_loss_even_of_a_sleeper(clock: HandClock) -> None:
    setup = setup_of(essential=("roof",), sleepers=frozenset({"roof"}), **PARIS)
    latest = Latest(setup, clock.monotonic_s())
    clock.pass_s(600.0)

    assert look(latest, clock).missing == {"roof"}


def test_silent_device_that_watches_a_battery_is_missing_at_night_too(clock: HandClock) -> None:
    setup = setup_of(essential=("home",), sleepers=frozenset({"home"}), **PARIS)
    latest = Latest(setup, clock.monotonic_s())
    latest.take(reading(clock, "home", pv_power=40.0, battery_soc=60.0))
    at_night(clock)

    assert look(latest, clock).missing == {"home"}


def supply_sleeps(clock: HandClock) -> DeviceReading:
    sleeping = PointReading(name="supply", value=None, unit="", quality=Quality.ASLEEP)
    return replace(reading(clock), points=(sleeping,))


def test_supply_that_a_sleeping_inverter_cannot_tell_at_night_is_the_usual_one(
    clock: HandClock,
) -> None:
    latest = Latest(setup_of(**PARIS), clock.monotonic_s())
    at_night(clock)
    latest.take(supply_sleeps(clock))

    assert look(latest, clock).supply is Supply.GRID


def test_supply_that_another_device_tells_at_night_is_believed(clock: HandClock) -> None:
    latest = Latest(setup_of(**PARIS), clock.monotonic_s())
    at_night(clock)
    latest.take(supply_sleeps(clock))
    latest.take(reading(clock, "gx", supply="generator"))

    assert look(latest, clock).supply is Supply.GENERATOR


def test_supply_that_sleeps_by_day_is_unknown(clock: HandClock) -> None:
    latest = Latest(setup_of(**PARIS), clock.monotonic_s())
    latest.take(supply_sleeps(clock))

    assert look(latest, clock).supply is Supply.UNKNOWN


def plug(clock: HandClock, power_w: float) -> DeviceReading:
    return reading(clock, "plug", rig_power=power_w)


@pytest.fixture
def metered(clock: HandClock) -> Latest:
    """A rig with a plug of its own."""
    return Latest(replace(setup_of(), rig_meter="plug"), clock.monotonic_s())


def test_rig_with_a_meter_draws_what_that_says(metered: Latest, clock: HandClock) -> None:
    metered.take(sunny(clock))
    metered.take(plug(clock, 730.0))
    metered.take_cards((card_state(0, 184.0), card_state(1, 92.0)), RIG, clock.monotonic_s())

    state = look(metered, clock)

    assert state.rig_w == 730.0
    assert state.load_w == 500.0, "the meter is no part of the site's sums"


def test_host_is_what_the_meter_says_less_the_cards(metered: Latest, clock: HandClock) -> None:
    metered.take(plug(clock, 730.0))
    metered.take_cards((card_state(0, 184.0), card_state(1, 92.0)), RIG, clock.monotonic_s())

    assert metered.host_w == pytest.approx(730.0 - (184.0 + 92.0) / 0.92)


def test_silent_meter_leaves_the_rig_to_its_cards(metered: Latest, clock: HandClock) -> None:
    metered.take(plug(clock, 730.0))
    clock.pass_s(31.0)
    metered.take_cards((card_state(0, 184.0), card_state(1, 92.0)), RIG, clock.monotonic_s())
    metered.take(sunny(clock))

    state = look(metered, clock)

    assert state.rig_w == pytest.approx(100.0 + (184.0 + 92.0) / 0.92)
    assert state.missing == frozenset()
