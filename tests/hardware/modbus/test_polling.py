"""Poller, device and link together: an inverter that vanishes for a while and comes back."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from modbus_peers import serve

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import load_profile
from hardware.poller import Backoff, Poller
from solard.core.readings import DeviceReading
from solard.system.clock import ScaledClock


def system(pv_w: int) -> dict[int, dict[int, list[int]]]:
    ac = [0] * 9 + [400, 0, 0] + [0] * 6 + [240]
    return {100: {808: ac, 840: [524, 10, 52, 71, 1], 850: [pv_w]}}


async def test_inverter_that_restarts_is_read_again_without_help():
    readings: asyncio.Queue[DeviceReading] = asyncio.Queue()
    clock = ScaledClock(datetime(2026, 6, 1, tzinfo=UTC), time.monotonic(), 60.0)
    profile = load_profile("victron-gx")

    async def wait_for(wanted) -> DeviceReading:
        async with asyncio.timeout(10):
            while not wanted(reading := await readings.get()):
                pass
        return reading

    async with serve(system(1200)) as port:
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), LinkLimits(timeout_s=0.5))
        device = ModbusDevice("hut", profile, link, min_interval_s=0.0)
        quick = Backoff(first_s=0.01, longest_s=0.05)
        poller = Poller([device], clock, readings.put_nowait, quick)
        task = asyncio.create_task(poller.run())
        before = await wait_for(lambda one: one.error is None)
    lost = await wait_for(lambda one: one.error is not None)
    async with serve(system(3400), port=port):
        after = await wait_for(lambda one: one.number("pv_power") == 3400)
        health = poller.health()[0]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert before.number("pv_power") == 1200
    assert lost.points == ()
    assert "hut" not in (lost.error or "")
    assert after.measured_s > lost.measured_s > before.measured_s
    assert health.error is None
    assert health.polls_failed >= 1
