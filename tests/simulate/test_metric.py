"""The metric, computed again from the files alone: nothing of the simulator is imported here."""

import csv
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.simulate.stage import EXAMPLES, run, runs, sun_w, trace, write_data, write_jobs

H = 1.0 / 12.0
PHI = [(0.15, 0.40), (0.20, 0.60), (0.26, 0.76), (0.34, 0.91), (0.45, 1.0)]
POLICIES = ("floor", "always_on", "threshold", "mpc_perfect")


def phi(card_kw: float) -> float:
    for (low_kw, low), (high_kw, high) in pairwise(PHI):
        if card_kw <= high_kw + 1e-12:
            return low + (card_kw - low_kw) / (high_kw - low_kw) * (high - low)
    raise AssertionError(card_kw)


def price(stamp: str) -> float:
    local = datetime.fromisoformat(stamp).astimezone(ZoneInfo("Europe/Berlin"))
    return 0.32 if 7 <= local.hour < 22 else 0.22


def read_jobs(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def value_of(folder: Path, policy: str, jobs: list[dict[str, str]]) -> float:
    """V of §4 of docs/simulate.md, and every rule of the physics checked on the way."""
    e, n_before, value = 5.0, 1, 0.0
    ran = [0.0] * len(jobs)
    spans = [
        (
            int(r["job"]),
            datetime.fromisoformat(r["start_utc"]),
            datetime.fromisoformat(r["end_utc"]),
        )
        for r in runs(folder, policy)
    ]
    for index, first, last in spans:
        assert datetime.fromisoformat(jobs[index]["arrives_utc"]) <= first
        assert last <= datetime.fromisoformat(jobs[index]["deadline_utc"])
        ran[index] += (last - first).total_seconds()
    for row in trace(folder, policy):
        at = datetime.fromisoformat(row["time_utc"])
        busy = [jobs[index] for index, first, last in spans if first <= at < last]
        cards = sum(int(job["cards"]) for job in busy)
        jobs_kw = sum(float(job["power_w"]) for job in busy) / 1000.0
        n, rig = int(row["cards_on"]), float(row["rig_w"]) / 1000.0
        assert 0 <= n + cards <= 4
        assert 0.15 * n - 1e-9 <= rig <= 0.45 * n + 1e-9
        assert float(row["jobs_w"]) / 1000.0 == pytest.approx(jobs_kw)
        m = float(row["pv_w"]) / 1000.0 - float(row["load_w"]) / 1000.0 - rig - jobs_kw
        c = min(m, 5.0, (10.0 - e) / (0.95 * H)) if m > 0.0 else 0.0
        f = 0.0 if m > 0.0 else min(-m, 5.0, (e - 1.0) * 0.95 / H)
        e += H * (0.95 * c - f / 0.95)
        g = -m + c - f
        assert float(row["soc"]) == pytest.approx(e / 10.0, abs=1e-6)
        assert float(row["grid_w"]) / 1000.0 == pytest.approx(g, abs=1e-6)
        assert float(row["battery_w"]) / 1000.0 == pytest.approx(f - c, abs=1e-6)
        work = n * phi(rig / n) if n else 0.0
        assert float(row["work_rate"]) == pytest.approx(work, abs=1e-6)
        value += H * (0.05 * work + 0.003 * n - price(row["time_utc"]) * max(g, 0.0))
        value += H * (0.08 * max(-g, 0.0) - 0.01 * (c + f) - 0.20 * max(0, 1 - n - cards))
        value -= 0.004 * max(0, n - n_before)
        n_before = n
    done = [
        job
        for job, seconds in zip(jobs, ran, strict=True)
        if seconds >= float(job["duration_s"]) and job["mandatory"] == "0"
    ]
    return value + sum(float(job["value"]) for job in done) + 0.10 * (e - 5.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("metric")
    data = write_data(folder / "data.csv", 2.0, load=lambda h: 300.0 + 1500.0 * (18 <= h % 24 < 20))
    jobs = write_jobs(
        folder / "jobs.csv",
        (1.0, 700, 2, 5400, 20.0, 0.45, 1, 0),
        (3.0, 400, 1, 3600, 12.0, 0.20, 0, 0),
        (20.0, 350, 1, 3600, 30.0, 0.0, 0, 1),
        (26.0, 1800, 4, 2000, 40.0, 0.70, 1, 0),
        (30.0, 900, 2, 9000, 31.0, 5.0, 1, 0),
    )
    return folder, jobs, run(folder, data, POLICIES, jobs=jobs)


@pytest.mark.parametrize("policy", POLICIES)
def test_value_can_be_computed_again_from_the_files(
    policy: str, finished: tuple[Path, Path, dict[str, object]]
) -> None:
    folder, jobs, summary = finished
    figures = summary["policies"][policy]  # type: ignore[index]

    assert value_of(folder, policy, read_jobs(jobs)) == pytest.approx(figures["value"], abs=1e-4)
    parts = [each for name, each in figures.items() if name.startswith("value_")]
    assert sum(parts) == pytest.approx(figures["value"], abs=1e-4)


def test_nobody_passes_the_bound_and_floor_is_where_it_starts(
    finished: tuple[Path, Path, dict[str, object]],
) -> None:
    policies = finished[2]["policies"]
    captures = {name: each["capture"] for name, each in policies.items()}  # type: ignore[attr-defined]

    assert captures["floor"] == 0.0
    assert max(captures.values()) <= 1.0
    assert captures["always_on"] < captures["threshold"] < captures["mpc_perfect"]
    assert captures["mpc_perfect"] > 0.85


def test_mandatory_job_runs_in_every_policy_and_one_that_cannot_be_done_in_none(
    finished: tuple[Path, Path, dict[str, object]],
) -> None:
    folder, _, summary = finished

    assert summary["upper_bound_mandatory_missed"] == 0
    for policy in POLICIES:
        ran = {row["job"] for row in runs(folder, policy)}
        assert "2" in ran
        assert "4" not in ran


def test_floor_runs_mandatory_jobs_on_arrival_and_no_other(
    finished: tuple[Path, Path, dict[str, object]],
) -> None:
    assert runs(finished[0], "floor") == [
        {"job": "2", "start_utc": "2022-06-08T20:00:00Z", "end_utc": "2022-06-08T21:00:00Z"}
    ]


def test_job_of_another_time_is_neither_done_nor_missed(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.csv", 1.0)
    before, after = (-30.0, 400, 1, 600, -20.0, 1.0, 1, 1), (30.0, 400, 1, 600, 40.0, 1.0, 1, 1)
    jobs = write_jobs(tmp_path / "jobs.csv", before, after)

    figures = run(tmp_path, data, ["threshold"], jobs=jobs)["policies"]["threshold"]

    assert (figures["jobs_done"], figures["jobs_missed"], figures["mandatory_missed"]) == (0, 0, 0)


def test_job_on_all_cards_leaves_none_to_the_floor(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.csv", 1.0, pv=lambda _h: 0.0)
    jobs = write_jobs(tmp_path / "jobs.csv", (2.0, 1600, 4, 600, 6.0, 0.0, 1, 1))

    run(tmp_path, data, ["floor"], jobs=jobs)

    assert [row["cards_on"] for row in trace(tmp_path, "floor")[23:27]] == ["1", "0", "0", "1"]


def test_bound_sells_no_energy_that_it_buys(tmp_path: Path) -> None:
    """In the dark only the battery's 3.8 kWh go out, though export pays three times the import.

    Four cards earn at most 0.0145 an hour each at that import, with 340 W.
    """
    data = write_data(
        tmp_path / "data.csv",
        1.0,
        pv=lambda _h: 0.0,
        import_price=lambda _h: 0.1,
        export_price=lambda _h: 0.3,
    )

    summary = run(tmp_path, data, ["floor"])

    prize = summary["upper_bound"] - summary["floor_value"]
    assert prize < 24.0 * 4 * 0.0145 + 3.8 * 0.3


def test_battery_that_starts_below_its_least_has_a_bound_too(tmp_path: Path) -> None:
    berlin = (EXAMPLES / "berlin.yaml").read_text(encoding="utf-8")
    site = tmp_path / "site.yaml"
    site.write_text(berlin.replace("start: 50 %", "start: 5 %"), encoding="utf-8")
    data = write_data(tmp_path / "data.csv", 1.0)

    summary = run(tmp_path, data, ["floor", "always_on", "threshold"], site=site)

    assert max(each["value"] for each in summary["policies"].values()) < summary["upper_bound"]


def test_prize_below_one_is_no_prize(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.csv", 1.0, pv=lambda _h: 0.0, load=lambda _h: 0.0)

    assert run(tmp_path, data, ["threshold"])["policies"]["threshold"]["capture"] is None


def test_sun_of_the_stage_is_a_day() -> None:
    assert sun_w(12.0) == 4500.0
    assert sun_w(2.0) == 0.0


def test_mandatory_and_optional_jobs_are_counted_apart(tmp_path: Path) -> None:
    jobs = write_jobs(
        tmp_path / "jobs.csv",
        (8, 300, 1, 3600, 12, 0.0, 1, 1),
        (8, 300, 1, 3600, 12, 5.0, 1, 0),
        (20, 300, 1, 7200, 21, 5.0, 1, 0),
    )

    summary = run(
        tmp_path / "out", write_data(tmp_path / "data.csv", 1.0), ["always_on"], jobs=jobs
    )

    figures = summary["policies"]["always_on"]
    assert (figures["mandatory_done"], figures["mandatory_missed"]) == (1, 0)
    assert (figures["optional_done"], figures["optional_missed"]) == (1, 1)
    assert figures["value_jobs"] == 5.0
