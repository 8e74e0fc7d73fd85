"""`solard simulate` at the prompt: files in, table or JSON out, a sentence for what is wrong."""

import json
from pathlib import Path

import pytest

from tests.cli.stage import solard
from tests.simulate.stage import EXAMPLES, write_data

SITE = str(EXAMPLES / "berlin.yaml")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data.csv", 1.0, step_h=1.0)


def test_summary_is_printed_and_written(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    said = solard(
        *("simulate", "--site", SITE, "--data", str(data), "--out", str(out), "--json"),
        *("--policies", "floor,threshold"),
    )

    assert said.returncode == 0
    assert json.loads(said.stdout) == json.loads((out / "summary.json").read_text("utf-8"))
    assert list(json.loads(said.stdout)["policies"]) == ["floor", "threshold"]
    assert sorted(file.name for file in out.iterdir()) == [
        "jobs_floor.csv",
        "jobs_threshold.csv",
        "summary.json",
        "trace_floor.csv",
        "trace_threshold.csv",
    ]
    header = (out / "trace_threshold.csv").read_text("utf-8").splitlines()[0]
    assert header == (
        "time_utc,pv_w,load_w,rig_w,jobs_w,grid_w,battery_w,soc,cards_on,work_rate,"
        "water_value,reason"
    )


def test_table_has_a_row_for_each_policy(data: Path, tmp_path: Path) -> None:
    said = solard(
        *("simulate", "--site", SITE, "--data", str(data), "--out", str(tmp_path / "out")),
        *("--policies", "floor"),
    )

    assert said.stdout.splitlines()[0].startswith("berlin, 1 day from 2022-06-08T00:00:00Z")
    assert said.stdout.splitlines()[2].split()[0] == "floor"


def test_policy_that_is_none_is_named(data: Path, tmp_path: Path) -> None:
    said = solard(
        *("simulate", "--site", SITE, "--data", str(data), "--out", str(tmp_path / "out")),
        *("--policies", "magic"),
    )

    assert said.returncode == 2
    assert "magic is no policy; there are floor, always_on, threshold, day_ahead" in said.stderr


def test_file_that_is_no_recording_is_one_sentence(tmp_path: Path) -> None:
    page = tmp_path / "page.csv"
    page.write_text("<html>\n", encoding="utf-8")

    said = solard("simulate", "--site", SITE, "--data", str(page), "--out", str(tmp_path / "out"))

    assert said.returncode == 1
    assert said.stderr == (
        f"solard: {page}:1: no column time_utc, pv_w, load_w; its first row says <html>, and a "
        "table begins with time_utc,pv_w,load_w,pv_fc_w,import_price,export_price, "
        "with commas between\n"
    )


def test_prices_that_nobody_is_asked_for_are_said(data: Path, tmp_path: Path) -> None:
    site = tmp_path / "spot.yaml"
    text = Path(SITE).read_text(encoding="utf-8")
    site.write_text(
        text[: text.index("tariff:")]
        + "tariff: {import: {source: energy-charts, zone: DE-LU}, when_missing: 0.3 EUR/kWh}\n"
        + text[text.index("grid:") :],
        encoding="utf-8",
    )

    said = solard(
        *("simulate", "--site", str(site), "--data", str(data), "--out", str(tmp_path / "out")),
        *("--policies", "floor"),
    )

    assert f"{site}: tariff.import.source is not asked here" in said.stderr
