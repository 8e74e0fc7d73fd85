"""A day out of a real history: as it was, as planned, with hindsight."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from solard.core.history import SlotRow
from solard.core.plan import Plan, PlanSlot
from solard.core.site_slot import SiteSlot
from solard.store.store import Store
from tests.cli.stage import solard, write

MIDNIGHT = datetime(2024, 6, 2, 22, tzinfo=UTC)
"""Of 3 June in Berlin."""
QUARTER = timedelta(minutes=15)
SITE = """\
site: {name: home, latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices: {inverter: {profile: sunspec, host: 127.0.0.1, port: 1, unit: 1}}
rig: {idle: 100 W}
tariff: {import: {fixed: 0.30 EUR/kWh}, export: {fixed: 0.08 EUR/kWh}}
"""


def slot(index: int) -> SiteSlot:
    """2 kW of sun from 10 to 14 o'clock, 400 W of house, an idle rig of 100 W, no battery."""
    pv_wh = 500.0 if 40 <= index < 56 else 0.0
    rest_wh = pv_wh - 125.0
    return SiteSlot(
        starts_at=MIDNIGHT + index * QUARTER,
        pv_wh=pv_wh,
        house_wh=100.0,
        rig_wh=25.0,
        grid_in_wh=max(0.0, -rest_wh),
        grid_out_wh=max(0.0, rest_wh),
        battery_in_wh=None,
        battery_out_wh=None,
        generator_wh=None,
        throttled_s=0.0,
        good_s=900.0,
    )


def plan_slot(index: int) -> PlanSlot:
    return PlanSlot(
        starts_at=MIDNIGHT + index * QUARTER,
        ends_at=MIDNIGHT + (index + 1) * QUARTER,
        pv_w=1000.0,
        house_w=400.0,
        rig_w=500.0,
        battery_w=0.0,
        grid_w=-100.0,
        throttled_w=0.0,
        soc=0.0,
        water_value_per_kwh=0.0,
        cards_on=1,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "state").mkdir()
    write(tmp_path / "etc" / "solard.yaml", SITE)
    store = Store.open(tmp_path / "state" / "solard.db", "boot")
    for index in range(96):
        store.put_site15(SlotRow(seq=index, day="2024-06-03", slot=slot(index)))
    slots = tuple(plan_slot(index) for index in range(96))
    store.put_plan(Plan(made_at=MIDNIGHT - QUARTER, solve_s=0.1, gap=0.0, slots=slots))
    assert store.flush()
    store.close()
    return tmp_path


def test_day_is_told_three_times(home: Path) -> None:
    said = solard("replay", "2024-06-03", "--dir", str(home)).stdout.splitlines()

    assert said[0] == "2024-06-03, 96 of 96 quarter hours known"
    assert said[1].split() == [*("sun", "house", "rig", "import", "export", "SoC"), "EUR"]
    assert [" ".join(line.split()) for line in said[2:5]] == [
        "as it was 8 kWh 9.6 kWh 2.4 kWh 10 kWh 6 kWh — -2.52",
        "as planned 24 kWh 9.6 kWh 12 kWh 0 Wh 2.4 kWh — 0.19",
        "with hindsight 8 kWh 9.6 kWh 2.4 kWh 10 kWh 6 kWh — -2.52",
    ]
    assert said[6].startswith("sun                                     ████████  ")
    assert said[-2].split() == ["00:00", "00:00"]


def test_figures_are_there_for_programs(home: Path) -> None:
    ran = solard("replay", "2024-06-03", "--json", "--dir", str(home))
    was, planned, hindsight = json.loads(ran.stdout)["courses"]

    assert (was["sun_kwh"], was["import_kwh"], was["export_kwh"]) == (8.0, 10.0, 6.0)
    assert was["value"] == pytest.approx(6.0 * 0.08 - 10.0 * 0.30)
    assert planned["rig_kwh"] == pytest.approx(12.0)
    assert hindsight["value"] == pytest.approx(was["value"])


def test_day_that_nobody_saw_is_a_sentence(home: Path) -> None:
    ran = solard("replay", "2023-01-01", "--dir", str(home))

    assert ran.returncode != 0
    assert "nothing is known of 2023-01-01" in ran.stderr
    assert "is no day; write it like 2026-06-08" in solard("replay", "soon").stderr
