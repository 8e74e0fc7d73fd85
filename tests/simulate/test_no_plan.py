"""A planner without an answer: the last plan stays, then the tick follows the sun alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from solard.config.load import load_settings
from solard.core.forecast import Forecast
from solard.simulate.outlook import Learned, Outlook
from solard.simulate.planned import Kind, PlannedPolicy
from solard.simulate.recording import Recording, TickRow, read_recording
from solard.simulate.run import Course, live_through
from solard.simulate.site import SimSite, make_site
from solard.simulate.tasks import make_tasks, read_jobs
from tests.simulate.stage import EXAMPLES, FIRST, write_data, write_jobs


class Falters:
    """Says what the site has learned, and after some hours nothing any more."""

    def __init__(self, inner: Outlook, hours: float) -> None:
        self._inner = inner
        self._until_at = FIRST + timedelta(hours=hours)

    def take(self, row: TickRow) -> None:
        self._inner.take(row)

    def forecast(self, tick: int, now_at: datetime, /) -> Forecast:
        said = self._inner.forecast(tick, now_at)
        return said if now_at < self._until_at else replace(said, slots=())


def lived(folder: Path, falters_after_h: float, *jobs: tuple[object, ...]) -> Course:
    site = make_site(load_settings(EXAMPLES / "berlin.yaml"))
    data = write_data(folder / "data.csv", 1.0)
    recording = read_recording(data, site.tariff, site.timezone)
    rows = read_jobs(write_jobs(folder / "jobs.csv", *jobs))
    tasks = make_tasks(rows, recording.ticks[0].starts_at, len(recording.ticks))

    def outlook(recording: Recording, site: SimSite) -> Outlook:
        return Falters(Learned(recording, site.solar), falters_after_h)

    policy = PlannedPolicy(site, recording, tasks, Kind(outlook=outlook))
    return live_through(site, recording, tasks, policy)


def test_without_any_plan_sun_is_worked_with_and_nothing_else(tmp_path: Path) -> None:
    course = lived(tmp_path, 0.0)

    assert {one.cards_on for one in course.lived if one.row.pv_w == 0.0} == {1}
    assert max(one.cards_on for one in course.lived) == 4


def test_without_any_plan_jobs_run_while_the_sun_feeds_them(tmp_path: Path) -> None:
    """As in the daemon; the second needs more than the sun gives beside the first."""
    small = (10.0, 300, 1, 3600, 14.0, 0.5, 1, 0)
    large = (10.0, 3500, 2, 3600, 14.0, 0.5, 1, 0)

    course = lived(tmp_path, 0.0, small, large)

    assert [(run.index, run.first, run.end) for run in course.book.runs] == [
        (0, 10 * 12, 11 * 12),
        (1, 11 * 12, 12 * 12),
    ]


def test_without_any_plan_a_mandatory_job_runs_in_the_dark_and_no_other_does(
    tmp_path: Path,
) -> None:
    mandatory = (20.5, 300, 1, 3600, 23.0, 0.5, 1, 1)
    optional = (20.5, 300, 1, 3600, 23.0, 0.5, 1, 0)

    course = lived(tmp_path, 0.0, mandatory, optional)

    # A quarter of an hour before it would be too late.
    first = 21 * 12 + 9
    assert [(run.index, run.first, run.end) for run in course.book.runs] == [(0, first, first + 12)]


def test_last_plan_is_followed_while_it_is_young(tmp_path: Path) -> None:
    optional = (10.0, 300, 1, 3600, 20.0, 0.5, 1, 0)

    course = lived(tmp_path, 10.25, optional)

    assert course.book.finished == {0}
