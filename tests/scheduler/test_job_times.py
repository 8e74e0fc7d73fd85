"""When templates make jobs, in the site's local time, daylight saving and all."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.job_times import JobCalendar, ScheduleInvalid, read_cron
from solard.core.job import JobSpec
from solard.core.job_template import JobTemplate, LocalMoment

ZURICH = JobCalendar("Europe/Zurich")
SPEC = JobSpec(name="retrain", command=("/opt/train.sh",), duration_s=3600.0, power_w=300.0)


def template(cron: str = "0 6 * * sun", **changes: object) -> JobTemplate:
    return JobTemplate(spec=SPEC, cron=cron, **changes)  # type: ignore[arg-type]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_a_schedule_is_local_time() -> None:
    # Saturday evening in June: Sunday 06:00 in Zurich is 04:00 UTC.
    assert ZURICH.next_due(template(), utc(2024, 6, 1, 18)) == utc(2024, 6, 2, 4)


def test_the_moment_itself_is_past() -> None:
    assert ZURICH.next_due(template(), utc(2024, 6, 2, 4)) == utc(2024, 6, 9, 4)


def test_a_day_of_23_hours_fires_once_at_what_the_clock_says() -> None:
    """Complaint 23: 31 March 2024 has no 02:30 in Zurich."""
    daily = template("30 2 * * *")

    due = ZURICH.next_due(daily, utc(2024, 3, 30, 12))

    assert utc(2024, 3, 31, 0) <= due <= utc(2024, 3, 31, 2)
    assert ZURICH.next_due(daily, due) == utc(2024, 4, 1, 0, 30)


def test_a_day_of_25_hours_fires_once() -> None:
    daily = template("30 2 * * *")

    first = ZURICH.next_due(daily, utc(2024, 10, 26, 12))
    second = ZURICH.next_due(daily, utc(2024, 10, 27, 3))

    assert first == utc(2024, 10, 27, 0, 30)
    assert second == utc(2024, 10, 28, 1, 30)


def test_a_schedule_that_never_comes_is_far_away() -> None:
    assert ZURICH.next_due(template("0 0 30 2 *"), utc(2024, 6, 1)).year > 2100


def test_a_deadline_is_the_next_such_moment() -> None:
    sunday = template(deadline=LocalMoment(minute=16 * 60, weekday=6))
    daily = template(deadline=LocalMoment(minute=16 * 60))

    assert ZURICH.deadline(sunday, utc(2024, 6, 3)) == utc(2024, 6, 9, 14)
    assert ZURICH.deadline(sunday, utc(2024, 6, 9, 14)) == utc(2024, 6, 16, 14)
    assert ZURICH.deadline(daily, utc(2024, 6, 3, 13)) == utc(2024, 6, 3, 14)
    assert ZURICH.deadline(daily, utc(2024, 6, 3, 14)) == utc(2024, 6, 4, 14)


def test_a_deadline_may_be_a_time_span_or_none() -> None:
    assert ZURICH.deadline(template(within_s=3600.0), utc(2024, 6, 3)) == utc(2024, 6, 3, 1)
    assert ZURICH.deadline(template(), utc(2024, 6, 3)) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("daily", '"daily" has 1 fields, not 5; write "0 6 * * sun"'),
        ("0 6 * * 0", "write the day of the week as a name, such as sun"),
        ("99 6 * * *", '"99 6 * * *" is no schedule'),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ScheduleInvalid) as refused:
        read_cron(text, ZoneInfo("Europe/Zurich"))

    assert sentence in str(refused.value)
