"""`python -m tests.bench.modbus_load PORT…`: one reader of many devices, as the daemon has it."""

import asyncio
import sys

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import read_profile
from hardware.poller import Poller
from solard.core.readings import DeviceReading
from solard.system.clock import SystemClock

PERIOD_S = 5.0
POINTS = 24
PROFILE = f"""
profile: 1
id: bench
period: {PERIOD_S}
limits: {{max_words: 60, max_gap: 8}}
points:
""" + "".join(f"  p{n}: {{addr: {n * 6}, type: i32, unit: W}}\n" for n in range(POINTS))


async def main(ports: list[int]) -> None:
    """Poll until killed; say once that every device has answered."""
    profile = read_profile(PROFILE, "bench.yaml")
    answered: set[str] = set()

    def note(reading: DeviceReading) -> None:
        if reading.error is None and reading.device_id not in answered:
            answered.add(reading.device_id)
            if len(answered) == len(ports):
                print("ready", flush=True)

    devices = [
        ModbusDevice(
            f"d{port}", profile, ModbusLink(TcpAddress(host="127.0.0.1", port=port), profile.limits)
        )
        for port in ports
    ]
    await Poller(devices, SystemClock(), note).run()


if __name__ == "__main__":
    asyncio.run(main([int(one) for one in sys.argv[1:]]))
