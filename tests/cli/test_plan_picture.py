"""The plan as a picture: everything at its place on one axis of local time."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from solard.cli.plan_picture import draw_plan
from solard.cli.svg import LEFT, RIGHT, WIDTH, Panel, TimeAxis, nice_ticks, stairs
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.job import JobState, JobWindow
from solard.core.plan import PlanSlot
from solard.core.view import JobView, SiteView
from tests.cli.stage import solard
from tests.tui.pictures import HOME

HOUR = timedelta(hours=1)
BEGINS = HOME.state.taken_at.replace(hour=10, minute=0, second=0, microsecond=0)
PX_PER_H = (WIDTH - LEFT - RIGHT) / 48.0
SVG = "{http://www.w3.org/2000/svg}"


def slot(index: int, **changes: Any) -> PlanSlot:
    values: dict[str, Any] = {
        "pv_w": 1000.0,
        "house_w": 400.0,
        "rig_w": 600.0,
        "battery_w": 0.0,
        "grid_w": 0.0,
        "throttled_w": 0.0,
        "soc": 0.5,
        "water_value_per_kwh": 0.1,
        "cards_on": 1,
    }
    at = BEGINS + index * HOUR
    return PlanSlot(starts_at=at, ends_at=at + HOUR, **{**values, **changes})


def job(job_id: str, *windows: tuple[float, float]) -> JobView:
    return JobView(
        job_id=job_id,
        state=JobState.WAITING,
        command=("train",),
        power_w=300.0,
        cards=1,
        duration_s=7200.0,
        ran_s=0.0,
        value=None,
        mandatory=False,
        interruptible=True,
        added_at=BEGINS,
        started_at=None,
        ended_at=None,
        deadline_at=None,
        planned=tuple(
            JobWindow(job_id=job_id, starts_at=BEGINS + a * HOUR, ends_at=BEGINS + b * HOUR)
            for a, b in windows
        ),
        failures=0,
        exit_status=None,
        gpu_ids=(),
        note="",
    )


def view(**changes: Any) -> SiteView:
    """Two days from 10:00 UTC, which is noon at the site."""
    state = replace(HOME.state, taken_at=BEGINS, utc_offset_s=7200)
    plan = tuple(slot(index) for index in range(48))
    return replace(HOME, **{"state": state, "plan": plan, "jobs": (), **changes})


def forecast() -> Forecast:
    return Forecast(
        issued_at=BEGINS,
        source="own",
        slots=tuple(
            ForecastSlot(
                starts_at=BEGINS + index * HOUR,
                ends_at=BEGINS + (index + 1) * HOUR,
                pv_w=1000.0,
                pv_low_w=500.0,
                pv_high_w=2000.0,
                house_w=400.0,
            )
            for index in range(48)
        ),
    )


def drawn(site: SiteView, sky: Forecast | None = None) -> ElementTree.Element:
    text = draw_plan(site, sky)
    assert text is not None
    return ElementTree.fromstring(text)


def texts(picture: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in picture.iter(f"{SVG}text")]


def kinds(picture: ElementTree.Element) -> set[str]:
    return {one.get("class", "") for one in picture.iter()}


def boxes(picture: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    """Return where rectangles of a class begin and how wide they are."""
    return [
        (float(one.get("x", "")), float(one.get("width", "")))
        for one in picture.iter(f"{SVG}rect")
        if one.get("class") == kind
    ]


def test_hours_and_days_are_those_of_the_site() -> None:
    picture = drawn(view())

    said = texts(picture)
    day = f"{BEGINS + timedelta(days=1):%A}"
    assert said[0].endswith(f"{BEGINS:%d %b %Y}, 12:00")
    hours = [text for text in said if text.endswith(":00") and len(text) == 5]
    assert hours == [f"{hour % 24:02}:00" for hour in range(12, 12 + 49, 3)]
    assert day in said
    # The line of the first midnight stands twelve hours from the left edge.
    midnight = next(one for one in picture.iter(f"{SVG}path") if one.get("class") == "midnight")
    assert midnight.get("d", "").startswith(f"M{LEFT + 12.0 * PX_PER_H:.1f} ")


def test_job_is_a_block_from_its_start_to_its_end_with_its_times() -> None:
    picture = drawn(view(jobs=(job("retrain-1", (2.0, 4.5), (26.0, 27.0)), job("over-2"))))

    assert boxes(picture, "jobs block") == [
        (pytest.approx(LEFT + 2.0 * PX_PER_H, abs=0.1), pytest.approx(2.5 * PX_PER_H, abs=0.1)),
        (pytest.approx(LEFT + 26.0 * PX_PER_H, abs=0.1), pytest.approx(PX_PER_H, abs=0.1)),
    ]
    said = texts(picture)
    assert "retrain-1" in said
    assert {"14:00–16:30", "14:00–15:00"} <= set(said)
    assert "over-2" not in said


def test_times_of_blocks_that_stand_close_are_said_after_the_last() -> None:
    picture = drawn(view(jobs=(job("retrain-1", (2.0, 4.0), (4.5, 5.0), (40.0, 46.0)),)))

    said = [text for text in texts(picture) if "–" in text and text[2] == ":"]
    assert said == ["14:00–16:00, 16:30–17:00", "04:00–10:00"]


def test_sun_has_its_band_only_where_a_forecast_says_one() -> None:
    assert "sun area" in kinds(drawn(view(), forecast()))
    paths = [one for one in drawn(view()).iter(f"{SVG}path") if one.get("class") == "sun area"]
    assert not paths
    assert "sun thick" in kinds(drawn(view()))


def test_what_a_site_does_not_have_is_not_drawn() -> None:
    bare = drawn(view(state=replace(view().state, battery=None)))

    assert not {"battery", "import"} & set(texts(bare))
    prices = tuple(slot(index, import_per_kwh=0.22 + 0.1 * (index > 9)) for index in range(48))
    said = texts(drawn(view(plan=prices, currency="CHF")))
    assert {"battery", "import", "CHF/kWh"} <= set(said)


def test_hours_of_sleep_are_shaded() -> None:
    plan = tuple(slot(index, asleep=12 <= index < 20) for index in range(48))

    picture = drawn(view(plan=plan))

    ((x, width),) = boxes(picture, "nap")
    assert x == pytest.approx(LEFT + 12.0 * PX_PER_H, abs=0.1)
    assert width == pytest.approx(8.0 * PX_PER_H, abs=0.1)
    assert "asleep" in texts(picture)


def test_names_cannot_break_the_picture() -> None:
    picture = drawn(view(site='<"Möhre" & Co>', jobs=(job("a<b-1", (1.0, 2.0)),)))

    assert any('<"Möhre" & Co>' in text for text in texts(picture))
    assert "a<b-1" in texts(picture)


def test_without_a_plan_for_later_there_is_no_picture() -> None:
    assert draw_plan(view(plan=()), None) is None
    assert draw_plan(view(plan=(slot(-5),)), None) is None


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 4.6, [0.0, 2.0, 4.0, 6.0]),
        (0.0, 0.32, [0.0, 0.1, 0.2, 0.3, 0.4]),
        (-0.05, 0.3, [-0.1, 0.0, 0.1, 0.2, 0.3]),
        (0.0, 0.0, [0.0, 0.5]),
    ],
)
def test_scales_have_few_and_round_marks(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_a_gap_in_time_is_a_gap_in_the_line() -> None:
    axis = TimeAxis(begins_at=BEGINS, ends_at=BEGINS + 4 * HOUR, offset=timedelta())
    panel = Panel(top=0.0, height=100.0, low=0.0, high=10.0)

    def step(hour: int, value: float) -> tuple[datetime, datetime, float]:
        return BEGINS + hour * HOUR, BEGINS + (hour + 1) * HOUR, value

    path = stairs(axis, panel, [step(0, 0.0), step(1, 5.0), step(3, 10.0)])

    wide = (WIDTH - LEFT - RIGHT) / 4.0
    x = [f"{LEFT + wide * index:.1f}" for index in range(5)]
    assert path == f"M{x[0]} 100.0H{x[1]}L{x[1]} 50.0H{x[2]}M{x[3]} 0.0H{x[4]}"


def test_picture_of_another_kind_is_refused_with_what_to_write(tmp_path: Path) -> None:
    said = solard("plan", "--picture", "plan.png", "--dir", str(tmp_path))

    assert said.returncode == 2
    assert "write --picture plan.svg" in said.stderr
