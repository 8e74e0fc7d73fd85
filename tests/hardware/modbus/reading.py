"""A reader on a chaos device, and everything that it has published."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from chaos import ChaosDevice, on_line

from hardware.modbus.address import Framing, TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceError
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import Profile, read_profile
from solard.core.readings import PointReading, Quality

TIMEOUT_S = 0.2
LIMITS = f"limits: {{timeout: {TIMEOUT_S}, busy_wait: 0.01}}"

HYBRID = """
points:
  pv_power: {addr: 0, unit: W, max: 20000}
  grid_power: {addr: 1, type: i16, unit: W, min: -20000, max: 20000}
  battery_power: {addr: 2, type: i16, unit: W, min: -20000, max: 20000}
  load_power: {addr: 3, unit: W, max: 20000}
  battery_soc: {addr: 4, unit: "%", min: 0, max: 100, max_step: 10, zero_suspect: true}
  battery_voltage: {addr: 5, scale: 0.1, unit: V}
"""


def hybrid() -> dict[int, int]:
    """Return the registers of a home at noon: 3000 W sun, 500 out, 1000 into the battery."""
    return dict(enumerate([3000, 65536 - 500, 65536 - 1000, 1500, 64, 524]))


@dataclass
class Seen:
    """What one poll has published."""

    points: tuple[PointReading, ...] = ()
    error: str = ""

    def value(self, name: str) -> object:
        return next((one.value for one in self.points if one.name == name), None)

    def quality(self, name: str) -> Quality | None:
        return next((one.quality for one in self.points if one.name == name), None)


@dataclass
class Reader:
    """Polls a device and keeps what it published."""

    device: ModbusDevice
    link: ModbusLink
    seen: list[Seen] = field(default_factory=list)

    async def poll(self) -> Seen:
        """Poll once; a failed poll is a sentence."""
        try:
            seen = Seen(await self.device.poll())
        except DeviceError as err:
            seen = Seen(error=str(err))
        self.seen.append(seen)
        return seen

    async def polls(self, count: int) -> list[Seen]:
        return [await self.poll() for _ in range(count)]

    def good(self, name: str) -> set[object]:
        """Return every value that was ever published as good."""
        return {
            one.value
            for seen in self.seen
            for one in seen.points
            if one.name == name and one.quality is Quality.GOOD
        }


def profile_of(body: str, **limits: float) -> Profile:
    """Return a profile with the limits of a test: nobody waits for seconds."""
    profile = read_profile(f"profile: 1\nid: test\n{LIMITS}\n{body}", "test.yaml")
    return replace(profile, limits=replace(profile.limits, **limits))


def link_to(chaos: ChaosDevice, limits: LinkLimits, **address: object) -> ModbusLink:
    framing = Framing.RTU if chaos.rtu else Framing.TCP
    where = TcpAddress(host="127.0.0.1", port=chaos.port, framing=framing, **address)
    return ModbusLink(where, limits)


@contextlib.asynccontextmanager
async def reader_of(
    chaos: ChaosDevice, body: str = HYBRID, *, tolerant: bool = False, **limits: float
) -> AsyncIterator[Reader]:
    """Serve a device and read it."""
    profile = profile_of(body, **limits)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits, echoes_transaction=not tolerant)
        reader = Reader(ModbusDevice("it", profile, link), link)
        try:
            yield reader
        finally:
            await reader.device.close()
