"""The subnet sunlight: sun, models, challenges, scores."""

import json
import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from miner.subnets.model import UNTRAINED, View, blend, persist, resemble, smooth, train
from miner.subnets.slots import SLOT, SiteSlot, slot_of_day, slot_start
from miner.subnets.sun import clear_sky_wh_m2, sun_elevation
from miner.subnets.sunlight import (
    Guess,
    SunlightInvalid,
    forward,
    new_challenge,
    read_answer,
    read_challenge,
    score,
)
from solard.core.modes import WorkMode

NOON = datetime(2024, 6, 20, 12, tzinfo=UTC)


def slot(at: datetime, pv_wh: float, *, throttled: bool = False) -> SiteSlot:
    return SiteSlot(starts_at=at, pv_wh=pv_wh, is_throttled=throttled)


def clear_wh(at: datetime) -> float:
    hour = at.hour + at.minute / 60
    return 1000.0 * max(0.0, math.sin(math.pi * (hour - 6) / 12))


def days(count: int, factor: float = 1.0) -> list[SiteSlot]:
    """Return clear days up to 12 UTC of the last one."""
    start = NOON - timedelta(days=count)
    steps = count * 96
    return [
        slot(start + SLOT * step, factor * clear_wh(start + SLOT * step)) for step in range(steps)
    ]


# Expected heights: NOAA solar calculator.
@pytest.mark.parametrize(
    ("moment", "latitude", "longitude", "height"),
    [
        (datetime(2024, 6, 20, 12, tzinfo=UTC), 51.48, 0.0, 61.95),
        (datetime(2024, 12, 21, 12, tzinfo=UTC), 51.48, 0.0, 15.08),
        (datetime(2024, 3, 20, 2, tzinfo=UTC), -33.87, 151.21, 56.1),
    ],
)
def test_sun_stands_where_the_almanac_says(moment, latitude, longitude, height):
    assert sun_elevation(moment, latitude, longitude) == pytest.approx(height, abs=0.15)


def test_clear_sky_gives_a_kilowatt_hour_at_noon_and_nothing_at_night():
    # Haurwitz at 62°: 1098 * 0.8826 * exp(-0.057 / 0.8826) = 908 W/m2, a quarter of it in Wh.
    assert clear_sky_wh_m2(NOON, 51.48, 0.0) == pytest.approx(227, abs=1)
    assert clear_sky_wh_m2(NOON.replace(hour=0), 51.48, 0.0) == 0.0


def test_slots_begin_at_quarters_of_the_hour():
    assert slot_start(NOON + timedelta(minutes=29, seconds=59)) == NOON + SLOT
    assert slot_of_day(NOON) == 48


@pytest.mark.parametrize("model", [persist, smooth, resemble, blend])
def test_clear_day_after_clear_days_is_forecast_exactly(model):
    history = days(3)
    view = View(recent=tuple(history[-8:]), location=None, trained=train(history, None))
    targets = [NOON + SLOT * step for step in range(8)]

    assert model(view, targets) == pytest.approx([clear_wh(at) for at in targets], rel=0.02)


def test_half_clear_morning_means_half_clear_noon():
    trained = train(days(3), None)
    cloudy = tuple(slot(one.starts_at, one.pv_wh / 2) for one in days(1)[-8:])
    view = View(recent=cloudy, location=None, trained=trained)

    assert persist(view, [NOON]) == pytest.approx([500.0], rel=0.02)


def test_place_on_earth_replaces_history():
    place = (51.48, 0.0)
    recent = (slot(NOON - SLOT, 1000.0),)
    view = View(recent=recent, location=place, trained=UNTRAINED)

    [noon_wh, night_wh] = persist(view, [NOON, NOON + timedelta(hours=12)])
    assert noon_wh == pytest.approx(1000, rel=0.02)
    assert night_wh == 0.0


def test_throttled_slot_is_not_taken_for_shade():
    recent = (slot(NOON - 2 * SLOT, 990.0), slot(NOON - SLOT, 50.0, throttled=True))
    view = View(recent=recent, location=None, trained=train(days(3), None))

    assert persist(view, [NOON]) == pytest.approx([1000.0], rel=0.02)


def test_miner_without_any_knowledge_still_answers():
    challenge = new_challenge(NOON, (), None, None)

    assert forward(challenge, UNTRAINED, WorkMode.FULL)["pv_wh"] == [0.0] * 8


@pytest.mark.parametrize("mode", [WorkMode.FULL, WorkMode.ECO, WorkMode.STANDBY])
def test_every_mode_answers_within_what_the_panels_can_give(mode):
    recent = [slot(NOON - SLOT, 4000.0)]
    challenge = new_challenge(NOON, recent, (51.48, 0.0), 6000.0)
    answer = forward(challenge, train(days(3), None), mode)

    assert answer["model"] == mode.value
    assert all(0.0 <= value <= 1500.0 for value in answer["pv_wh"])


def test_challenge_survives_the_wire_and_tells_the_place_only_roughly():
    challenge = new_challenge(NOON, [slot(NOON - SLOT, 12.5)], (51.4779, -0.0015), 6000.0)

    assert challenge.location == (51.5, -0.0)
    assert read_challenge(json.loads(json.dumps(challenge.to_json()))) == challenge


GOOD = new_challenge(NOON, [], None, None).to_json()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**GOOD, "slots": []},
        {**GOOD, "slots": ["2024-06-20T12:00:00"]},
        {**GOOD, "slots": [GOOD["slots"][0]] * 97},
        {**GOOD, "recent": [{"starts_at": GOOD["slots"][0], "pv_wh": math.nan}]},
        {**GOOD, "location": [91, 0]},
        {**GOOD, "peak_w": -1},
        {**GOOD, "peak_w": 10**400},
    ],
)
def test_challenge_of_another_form_is_refused(data):
    with pytest.raises(SunlightInvalid):
        read_challenge(data)


@pytest.mark.parametrize(
    "data",
    [None, {}, {"pv_wh": [1]}, {"pv_wh": [1, math.inf]}, {"pv_wh": [1, "2"]}, {"pv_wh": [1, -2]}],
)
def test_answer_that_is_no_forecast_counts_as_silence(data):
    assert read_answer(data, 2) is None


def sure(wh: float) -> Guess:
    """A forecast without a spread."""
    return Guess(wh, wh, wh)


def test_score_falls_with_the_error():
    truth = slot(NOON, 1000.0)

    assert score(sure(1000.0), truth, 1500.0).score == 1.0
    assert score(sure(750.0), truth, 1500.0).score == 0.75
    assert score(sure(1250.0), truth, 1500.0).score == 0.75
    assert score(sure(9000.0), truth, 1500.0).score == 0.0


def test_honest_spread_costs_little_when_right_and_saves_much_when_wrong():
    truth = slot(NOON, 1000.0)

    # Pinball losses: 0.1 × 200, 0 and 0.1 × 200 Wh; twice their mean is 26.7 Wh.
    assert score(Guess(800.0, 1000.0, 1200.0), truth, 0.0).score == pytest.approx(1 - 0.08 / 3)
    # 0.9 × 200, 0.5 × 400 and 0.1 × 600 Wh against 400 Wh of who is as wrong and sure.
    too_high = Guess(1200.0, 1400.0, 1600.0)
    assert score(too_high, truth, 0.0).score == pytest.approx(1 - 0.88 / 3)
    assert score(sure(1400.0), truth, 0.0).score == pytest.approx(0.6)


def test_silence_is_zero_at_any_hour_and_darkness_proves_little():
    night = slot(NOON, 0.0)

    assert (score(None, night, 1500.0).score, score(None, night, 1500.0).weight) == (0.0, 1.0)
    dark = score(sure(0.0), night, 1500.0)
    assert (dark.score, dark.weight) == (1.0, 0.1)


def test_throttled_truth_is_a_lower_bound():
    truth = slot(NOON, 400.0, throttled=True)

    assert score(sure(1000.0), truth, 1500.0).score == 1.0
    assert score(sure(200.0), truth, 1500.0).score == 0.5


def test_answer_has_quantiles_or_is_sure():
    assert read_answer({"pv_wh": [5.0]}, 1) == (sure(5.0),)
    assert read_answer({"pv_wh": [5.0], "low_wh": None, "high_wh": [9.0]}, 1) == (
        Guess(5.0, 5.0, 9.0),
    )
    # Whoever says them in another order means the same.
    assert read_answer({"pv_wh": [5.0], "low_wh": [9.0], "high_wh": [2.0]}, 1) == (
        Guess(2.0, 5.0, 9.0),
    )
    assert read_answer({"pv_wh": [5.0], "low_wh": [1.0, 2.0]}, 1) is None
    assert read_answer({"pv_wh": [5.0], "high_wh": ["9"]}, 1) is None


def test_full_model_says_how_far_it_has_strayed():
    clouds = Random(3)
    changing = [slot(one.starts_at, one.pv_wh * clouds.uniform(0.4, 1.0)) for one in days(14)]
    challenge = new_challenge(NOON, changing[-6:], None, None)
    answer = forward(challenge, train(changing, None), WorkMode.FULL)

    for low, middle, high in zip(answer["low_wh"], answer["pv_wh"], answer["high_wh"], strict=True):
        assert 0.3 * middle < low < middle < high < 2.0 * middle
    untaught = forward(challenge, UNTRAINED, WorkMode.FULL)
    assert untaught["low_wh"] == untaught["pv_wh"] == untaught["high_wh"]
    assert "low_wh" not in forward(challenge, train(changing, None), WorkMode.ECO)
