"""Jobs that cannot be are one sentence: which file, which line, which value, and what is right."""

from pathlib import Path

import pytest

from solard.simulate.errors import RecordingInvalid
from solard.simulate.tasks import find_hopeless, read_jobs
from tests.simulate.stage import run, write_data, write_jobs

GOOD = (8, 300, 1, 3600, 18, 0.5, 1, 0)


def row(**changes: object) -> tuple[object, ...]:
    names = ("arrives", "power", "cards", "seconds", "deadline", "value", "pausable", "must")
    return tuple({**dict(zip(names, GOOD, strict=True)), **changes}.values())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"power": -300}, "jobs.csv:3: power_w -300 is outside 0..1000000"),
        ({"cards": 99}, "jobs.csv:3: cards 99 is outside 0..64"),
        ({"cards": 1.5}, "jobs.csv:3: cards 1.5 is no whole number"),
        ({"seconds": 0}, "jobs.csv:3: duration_s 0 is outside 1..69120000"),
        ({"value": "inf"}, 'jobs.csv:3: value "inf" is no finite number; write a number'),
        ({"value": "much"}, 'jobs.csv:3: value "much" is not a number'),
        ({"must": "maybe"}, 'jobs.csv:3: mandatory "maybe" is neither true nor false'),
    ],
)
def test_wrong_cell_is_named_with_its_line(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    path = write_jobs(tmp_path / "jobs.csv", GOOD, row(**changes))

    with pytest.raises(RecordingInvalid) as caught:
        read_jobs(path)

    assert str(caught.value) == f"{tmp_path}/{sentence}"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cards": 5}, "it takes 5 cards, and the site has 4"),
        ({"deadline": 8.5}, "it takes 1 h and its window is 30 min"),
        (
            {"deadline": 7},
            "its deadline 2022-06-08 07:00 is not after its arrival 2022-06-08 08:00",
        ),
    ],
)
def test_job_that_nobody_can_do_is_told_before_the_day_begins(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    jobs = read_jobs(write_jobs(tmp_path / "jobs.csv", GOOD, row(**changes)))

    assert find_hopeless(jobs, 4) == (f"job 1: {why}; every policy misses it",)


def test_energy_that_is_bought_and_sold_at_once_makes_no_bound(tmp_path: Path) -> None:
    """Import pays 0.10, export costs 0.05: 1.8 kW of rig and 0.5 kW of house can take 2.3 kW."""
    data = write_data(
        tmp_path / "data.csv",
        1.0,
        pv=lambda _hours: 0.0,
        import_price=lambda _hours: -0.10,
        export_price=lambda _hours: -0.05,
    )
    summary = run(tmp_path, data, ["always_on"])

    works = 24.0 * 4 * 0.053
    assert summary["upper_bound"] < works + 24.0 * 0.10 * 2.3 + 3.0
    assert summary["policies"]["always_on"]["value"] <= summary["upper_bound"]
