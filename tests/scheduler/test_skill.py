"""The skill report: errors by lead beside what costs nothing, in figures checked by hand."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from scheduler.replay import replay_skill
from scheduler.skill import archive_skill
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.site_slot import SiteSlot
from solard.core.skill import Skill
from tests.scheduler.skies import FRANCE, MONDAY, QUARTER, measured, slot_at


def issued(at: datetime, pv_w: float, *, told_w: float | None = None) -> Forecast:
    """1000 W expected, from 500 to 1500, for two days."""
    return Forecast(
        issued_at=at,
        source="by hand",
        slots=tuple(
            ForecastSlot(
                starts_at=at + QUARTER * index,
                ends_at=at + QUARTER * (index + 1),
                pv_w=pv_w,
                pv_low_w=pv_w - 500.0,
                pv_high_w=pv_w + 500.0,
                house_w=300.0,
                told_w=told_w,
            )
            for index in range(192)
        ),
    )


def days(*powers_w: float) -> tuple[SiteSlot, ...]:
    """Days with the same power from midnight to midnight, the last one ending at MONDAY + 2 d."""
    first = MONDAY + timedelta(days=2 - len(powers_w))
    return tuple(
        slot_at(first + QUARTER * index, powers_w[index // 96])
        for index in range(96 * len(powers_w))
    )


def test_errors_are_counted_by_lead() -> None:
    """1000 W expected; 900 W came today, 1600 W tomorrow."""
    skill = archive_skill([issued(MONDAY, 1000.0)], days(900.0, 1600.0))

    assert [row.mae_w for row in skill.rows] == pytest.approx([100.0, 100.0, 100.0, 100.0, 600.0])
    assert [row.slots for row in skill.rows] == [4, 8, 36, 48, 96]
    assert skill.mean_pv_w == pytest.approx(1250.0)


def test_cover_is_the_share_between_the_quantiles_by_season() -> None:
    """1600 W is above P90; June is summer, and no other season was seen."""
    skill = archive_skill([issued(MONDAY, 1000.0)], days(900.0, 1600.0))

    assert [row.covered_share for row in skill.rows] == [1.0, 1.0, 1.0, 1.0, 0.0]
    assert skill.rows[4].season_covered_share == (None, None, 0.0, None)


def test_yesterday_is_the_last_day_that_was_over_when_it_was_issued() -> None:
    """The day before gave 400 W: 500 W off today, 1200 W tomorrow, for 900 W is unknown yet."""
    skill = archive_skill([issued(MONDAY, 1000.0)], days(400.0, 900.0, 1600.0))

    assert skill.rows[3].yesterday_mae_w == pytest.approx(500.0)
    assert skill.rows[4].yesterday_mae_w == pytest.approx(1200.0)


def test_provider_is_compared_where_it_spoke() -> None:
    skill = archive_skill(
        [issued(MONDAY, 1000.0, told_w=1200.0), issued(MONDAY, 3000.0)], days(900.0, 900.0)
    )

    assert skill.rows[0].told_mae_w == pytest.approx(300.0)
    assert skill.rows[0].corrected_mae_w == pytest.approx(100.0)


def test_throttled_and_badly_measured_quarter_hours_judge_nobody() -> None:
    slots = days(900.0, 900.0)
    doubtful = (
        replace(slots[0], throttled_s=900.0),
        replace(slots[1], good_s=100.0),
        *slots[2:],
    )

    assert archive_skill([issued(MONDAY, 1000.0)], doubtful).rows[0].slots == 2


def test_forecast_of_before_all_measurements_judges_nobody() -> None:
    skill = archive_skill([issued(MONDAY - timedelta(days=9), 1000.0)], days(900.0, 900.0))

    assert skill.forecasts == 0


def test_nothing_measured_is_nothing_compared() -> None:
    skill = archive_skill([issued(MONDAY, 1000.0)], ())

    assert (skill.forecasts, skill.first_at, skill.mean_pv_w) == (0, None, None)
    assert {row.mae_w for row in skill.rows} == {None}


@pytest.fixture(scope="module")
def french_may() -> Skill:
    """A French month, learning from its first day on, a provider that is always a tenth too low."""
    first, last = datetime.fromisoformat("2024-05-01T00:00Z"), MONDAY - timedelta(days=1)
    rows = [each for each in measured(first, last) if each.starts_at >= first]
    pv_w = np.array([np.nan if row.pv_wh is None else 4.0 * row.pv_wh for row in rows])
    house_w = np.array([np.nan if row.house_wh is None else 4.0 * row.house_wh for row in rows])
    return replay_skill(
        FRANCE,
        rows[0].starts_at,
        900.0,
        pv_w=pv_w,
        house_w=house_w,
        told_w=np.full(len(rows), np.nan),
        first_at=rows[0].starts_at + timedelta(days=5),
        every=timedelta(hours=3),
    )


def test_own_forecast_of_a_measured_month_beats_yesterday_at_every_lead(french_may: Skill) -> None:
    for row in french_may.rows:
        assert row.mae_w is not None
        assert row.yesterday_mae_w is not None
        assert row.mae_w < row.yesterday_mae_w


def test_own_forecast_beats_clear_sky_times_one_index_past_an_hour(french_may: Skill) -> None:
    for row in french_may.rows[1:]:
        assert row.mae_w is not None
        assert row.index_mae_w is not None
        assert row.mae_w < row.index_mae_w


@pytest.mark.parametrize(
    ("azimuth_deg", "tilt_deg", "hidden_until_h"),
    [(90.0, 60.0, 0), (0.0, 45.0, 0), (180.0, 30.0, 9)],
)
def test_site_that_is_not_as_configured_is_no_worse_than_yesterday(
    azimuth_deg: float, tilt_deg: float, hidden_until_h: int
) -> None:
    """The French May on a roof written down wrong, or behind a hill until 11 o'clock."""
    first, last = datetime.fromisoformat("2024-05-11T00:00Z"), MONDAY - timedelta(days=5)
    rows = measured(first, last)
    pv_w = np.array(
        [
            np.nan
            if row.pv_wh is None
            else 4.0 * row.pv_wh * (0.1 if row.starts_at.hour < hidden_until_h else 1.0)
            for row in rows
        ]
    )
    plane = replace(FRANCE.planes[0], azimuth_deg=azimuth_deg, tilt_deg=tilt_deg)

    skill = replay_skill(
        replace(FRANCE, planes=(plane,)),
        rows[0].starts_at,
        900.0,
        pv_w=pv_w,
        house_w=np.full(len(rows), 400.0),
        told_w=np.full(len(rows), np.nan),
        first_at=rows[0].starts_at + timedelta(days=4),
        every=timedelta(hours=5),
    )

    for row in skill.rows:
        assert row.mae_w is not None
        assert row.yesterday_mae_w is not None
        assert row.mae_w < row.yesterday_mae_w
