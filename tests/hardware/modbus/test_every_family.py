"""Every family at noon, over a real connection: nothing is in doubt, and a report is whole."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.modbus.address import TcpAddress
from hardware.modbus.capture import read_captures
from hardware.modbus.dump import dump
from hardware.modbus.probe import read_once
from hardware.modbus.profile import Profile, load_profile, profile_names
from hardware.modbus.replay import replay
from hardware.sim.served import image_of_profile
from hardware.sim.server import ModbusServer, show
from solard.core.readings import CONTROL, Quality


@contextlib.asynccontextmanager
async def at_noon(profile: Profile) -> AsyncIterator[tuple[TcpAddress, Profile]]:
    """Serve a family; nobody waits for as long as the real device needs."""
    image = image_of_profile(profile)
    server = ModbusServer(show(lambda: image))
    port = await server.start("127.0.0.1", 0)
    quick = replace(profile.limits, connect_delay_s=0.0, request_gap_s=0.0, timeout_s=5.0)
    try:
        yield TcpAddress(host="127.0.0.1", port=port), replace(profile, limits=quick)
    finally:
        await server.close()


@pytest.mark.parametrize("name", profile_names())
async def test_nothing_that_decisions_rest_on_is_in_doubt_at_noon(name: str):
    async with at_noon(load_profile(name)) as (address, profile):
        points = await read_once(address, profile)

    told = [one for one in points if one.name in CONTROL and one.value is not None]
    assert [one for one in told if one.quality is not Quality.GOOD] == []
    assert {"pv_power", "grid_power"} & {one.name for one in told}


@pytest.mark.parametrize("name", profile_names())
async def test_report_replays_to_the_values_it_was_read_with(name: str, tmp_path: Path):
    async with at_noon(load_profile(name)) as (address, profile):
        report = await dump(address, profile)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    (poll,) = await replay(profile, read_captures(path))

    values = {point.name: point.value for point in poll.points}
    told = {row["name"]: row["value"] for row in report["expected"] if row["value"] != "redacted"}
    assert {name: values.get(name) for name in told} == told
