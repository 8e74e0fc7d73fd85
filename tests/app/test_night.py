"""An inverter that sleeps at night brings nothing down: its own recordings, over real TCP."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import load_profile
from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.state import Supply
from solard.daemon.events import Events
from solard.daemon.latest import Latest
from solard.daemon.readings import Readings
from solard.store.store import Store
from tests.daemon.stage import HandClock, opened_store, setup_of
from tests.hardware.modbus.modbus_peers import serve

FIXTURES = Path(__file__).parents[1] / "hardware" / "modbus" / "fixtures"
HOME = {"latitude_deg": 52.3, "longitude_deg": 4.9}
NOON = datetime(2024, 5, 28, 11, 0, tzinfo=UTC)
DAY, NIGHT = "sunspec_sma_sb36_day_1080w", "sunspec_sma_sb36_night"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path) as opened:
        yield opened


async def poll(recording: str) -> AsyncIterator[tuple[PointReading, ...]]:
    data = json.loads((FIXTURES / f"{recording}.json").read_text())
    blocks = {block["address"]: block["registers"] for block in data["blocks"]}
    profile = load_profile("sunspec")
    async with serve({126: blocks}) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), profile.limits)
        device = ModbusDevice("roof", profile, link, 126)
        for _ in range(2):
            yield await device.poll()
        await device.close()


async def test_day_night_and_day_of_an_sma(store: Store) -> None:
    clock = HandClock(at=NOON)
    events = Events(clock, store)
    latest = Latest(setup_of(essential=("roof",), has_battery=False, **HOME), clock.monotonic_s())
    readings = Readings(latest, events)
    seen = []

    for recording, moment in ((DAY, NOON), (NIGHT, NOON + timedelta(hours=12)), (DAY, None)):
        clock.pass_s(((moment or NOON + timedelta(hours=24)) - clock.now()).total_seconds())
        async for points in poll(recording):
            readings.take(
                DeviceReading(
                    device_id="roof",
                    measured_at=clock.now(),
                    measured_s=clock.monotonic_s(),
                    period_s=2.0,
                    points=points,
                )
            )
            state = latest.snapshot(clock.now(), clock.monotonic_s())
            (quality,) = [one.quality for one in points if one.name == "pv_power"]
            seen.append((quality, state.pv_w, state.supply, sorted(state.missing)))

    awake = (Quality.GOOD, 1150.0, Supply.GRID, [])
    asleep = (Quality.ASLEEP, 0.0, Supply.GRID, [])
    assert seen == [awake, awake, asleep, asleep, awake, awake]
    assert [event.text for event in reversed(events.newest())] == [
        "roof sleeps: its panels have no sun.",
        "roof is awake.",
    ]
