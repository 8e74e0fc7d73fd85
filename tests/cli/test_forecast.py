"""`solard forecast --skill`, over an archive and over a recording."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from solard.core.forecast import Forecast, ForecastSlot
from solard.core.history import SlotRow
from solard.core.site_slot import SiteSlot
from solard.store.store import Store
from solard.system.clock import SystemClock
from solard.system.places import places_at
from tests.cli.stage import solard, write

SITE = """\
mode: observe
site: {name: home, latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices:
  inverter: {profile: sunspec, host: 127.0.0.1, port: 1, unit: 1}
solar: {planes: [{peak: 5 kWp, tilt: 30°, azimuth: 180°}]}
tariff: {import: {fixed: 0.3 EUR/kWh}, export: {fixed: 0.08 EUR/kWh}}
"""
QUARTER = timedelta(minutes=15)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose panels give 900 W around the clock, and whose forecasts said 1000 W."""
    places = places_at(tmp_path)
    places.make()
    store = Store.open(places.database, "boot")
    now = SystemClock().now()
    last = datetime.fromtimestamp(now.timestamp() // 900 * 900, tz=UTC)
    for seq in range(96):
        slot = SiteSlot(
            starts_at=last - QUARTER * (seq + 1),
            pv_wh=225.0,
            house_wh=100.0,
            rig_wh=0.0,
            **dict.fromkeys(("grid_in_wh", "grid_out_wh", "battery_in_wh", "battery_out_wh")),
            generator_wh=None,
            throttled_s=0.0,
            good_s=900.0,
        )
        store.put_site15(SlotRow(seq=seq, day=slot.starts_at.date().isoformat(), slot=slot))
    issued_at = last - timedelta(hours=12)
    slots = tuple(
        ForecastSlot(
            starts_at=issued_at + QUARTER * index,
            ends_at=issued_at + QUARTER * (index + 1),
            pv_w=1000.0,
            pv_low_w=800.0,
            pv_high_w=1200.0,
            house_w=400.0,
        )
        for index in range(193)
    )
    store.put_forecast(Forecast(issued_at=issued_at, source="by hand", slots=slots))
    store.close()
    return tmp_path


def test_archive_is_judged_by_what_came(home: Path) -> None:
    said = json.loads(solard("forecast", "--skill", "--json", "--dir", str(home)).stdout)

    assert said["forecasts"] == 1
    assert [row["mae_w"] for row in said["rows"]] == [100.0, 100.0, 100.0, None, None]
    assert said["rows"][2]["covered_share"] == 1.0


def test_archive_is_said_for_people(home: Path) -> None:
    said = solard("forecast", "--skill", "--dir", str(home))

    lines = said.stdout.splitlines()
    assert said.returncode == 0
    assert "the sun gave 900 W on the mean" in lines[0]
    assert lines[2].split()[:5] == ["0–1", "h", "100", "W", "0.111"]


def test_recording_is_judged_as_if_it_had_been_lived_through(tmp_path: Path) -> None:
    begun = datetime(2024, 6, 1, tzinfo=UTC)
    rows = [
        f"{begun + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{pv_w},400,{pv_w * 0.8}"
        for hour in range(24 * 6)
        for pv_w in [max(0, 3000 - 500 * abs(hour % 24 - 11))]
    ]
    data = tmp_path / "home.csv.gz"
    data.write_bytes(gzip.compress("\n".join(["time_utc,pv_w,load_w,pv_fc_w", *rows]).encode()))
    site = write(tmp_path / "home.yaml", SITE)

    ran = solard("forecast", "--skill", "--json", "--site", str(site), "--data", str(data))

    said = json.loads(ran.stdout)
    assert said["forecasts"] == 144
    assert all(row["corrected_mae_w"] < row["told_mae_w"] for row in said["rows"][:4])
    assert said["rows"][4]["told_mae_w"] is None


def test_site_without_data_is_a_sentence(tmp_path: Path) -> None:
    ran = solard("forecast", "--skill", "--site", str(write(tmp_path / "s.yaml", SITE)))

    assert ran.returncode == 2
    assert "--site and --data go together" in ran.stderr


def test_no_history_is_a_sentence(tmp_path: Path) -> None:
    ran = solard("forecast", "--skill", "--dir", str(tmp_path))

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"solard: there is no history at {tmp_path}")
