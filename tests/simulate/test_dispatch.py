"""Jobs of a recording obey the daemon's own rules, on ticks of five minutes."""

from dataclasses import replace
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest

from solard.config.load import read_settings
from solard.core.job_wish import JobRoom
from solard.core.modes import WorkMode
from solard.simulate.dispatch import run_jobs
from solard.simulate.recording import TICK, read_recording
from solard.simulate.site import make_site
from solard.simulate.tasks import TaskBook, make_tasks, read_jobs
from solard.simulate.ticker import SimTicker
from tests.simulate.stage import EXAMPLES, FIRST, write_data, write_jobs

TICKS = 288


def book_of(folder: Path, *rows: tuple[object, ...]) -> TaskBook:
    jobs = read_jobs(write_jobs(folder / "jobs.csv", *rows))
    return TaskBook(tasks=make_tasks(jobs, FIRST, TICKS), cards=4)


def room_at(tick: int, **changes: Any) -> JobRoom:
    """Four cards, no plan, and sun for whatever changes say."""
    room = JobRoom(
        now_at=FIRST + tick * TICK,
        utc_offset_s=0,
        live=True,
        mode=WorkMode.FULL,
        why="",
        spare_w=inf,
        sun_w=0.0,
        cards=4,
        plan=None,
        start_margin=timedelta(),
    )
    return replace(room, **changes)


def live(book: TaskBook, ticks: range, **changes: Any) -> list[tuple[int, ...]]:
    """Each tick's jobs, by their rows."""
    seen = []
    for tick in ticks:
        running = tuple(one.index for one in run_jobs(book, tick, FIRST, room_at(tick, **changes)))
        book.run(tick, running)
        seen.append(running)
    return seen


def test_interruptible_job_runs_ten_minutes_before_a_cloud_pauses_it(tmp_path: Path) -> None:
    book = book_of(tmp_path, (0.0, 300, 1, 3600, 20.0, 0.5, 1, 0))

    assert live(book, range(1), sun_w=400.0) == [(0,)]
    assert live(book, range(1, 4), sun_w=0.0) == [(0,), (), ()]
    assert book.left(book.tasks[0]) == 10


def test_block_that_runs_is_never_moved(tmp_path: Path) -> None:
    """Not by night, nor by a mandatory job that needs its cards."""
    block = (0.0, 900, 3, 3600, 20.0, 0.5, 0, 0)
    due = (0.0, 600, 2, 1800, 1.5, 0.0, 1, 1)
    book = book_of(tmp_path, block, due)

    assert live(book, range(1), sun_w=1000.0) == [(0,)]
    assert live(book, range(1, 13)) == [(0,)] * 11 + [(1,)]


def test_due_mandatory_job_has_the_cards_of_an_interruptible_one_in_the_same_tick(
    tmp_path: Path,
) -> None:
    """Half an hour until two, due a quarter of an hour before its latest start."""
    optional = (0.0, 900, 3, 7200, 20.0, 0.5, 1, 0)
    due = (0.0, 600, 2, 1800, 2.0, 0.0, 0, 1)
    book = book_of(tmp_path, optional, due)
    sun = {"sun_w": 1000.0}

    assert live(book, range(15), **sun) == [(0,)] * 15
    assert live(book, range(15, 22), **sun) == [(1,)] * 6 + [(0,)]


def test_job_whose_window_is_as_long_as_itself_is_done(tmp_path: Path) -> None:
    book = book_of(tmp_path, (1.0, 300, 1, 3600, 2.0, 0.5, 0, 1))

    assert live(book, range(12, 24)) == [(0,)] * 12
    assert book.finished == {0}


@pytest.mark.parametrize(("hour", "at_most_w"), [(3, inf), (12, 300.0)])
def test_owners_policies_bound_jobs_as_in_the_daemon(
    hour: int, at_most_w: float, tmp_path: Path
) -> None:
    """Berlin is two hours ahead: from ten to fourteen."""
    policy = "policies: [{name: quiet, when: {time: {between: '12:00-16:00'}}, "
    policy += "do: {rig: {at_most: 300 W}}}]\n"
    text = (EXAMPLES / "berlin.yaml").read_text(encoding="utf-8")
    site = make_site(read_settings(text + policy, "site.yaml"))
    data = write_data(tmp_path / "data.csv", 1.0)
    row = read_recording(data, site.tariff, site.timezone).ticks[hour * 12]

    assert SimTicker(site).at_most_w(row, 0.5, hour * 12) == at_most_w
