"""A reader on a chaos device, and a witness who compares what is published with what is true."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace

from chaos import ChaosDevice, on_line

from hardware.modbus.address import Framing, TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceError
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import Profile, read_profile
from solard.core.readings import DeviceReading, PointReading, Quality

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
NOON: Mapping[str, object] = {
    "pv_power": 3000,
    "grid_power": -500,
    "battery_power": -1000,
    "load_power": 1500,
    "battery_soc": 64,
    "battery_voltage": 52.4,
}
"""A home at noon: 3000 W sun, 500 out, 1000 into the battery."""
_PATIENCE = 20
"""Polls after which a device that is well again would have to be known as such."""


def hybrid() -> dict[int, int]:
    """Return the registers of a home at noon."""
    return dict(enumerate([3000, 65536 - 500, 65536 - 1000, 1500, 64, 524]))


@dataclass
class Seen:
    """What one poll has published."""

    points: tuple[PointReading, ...] = ()
    error: str = ""

    def value(self, name: str) -> object:
        return next((one.value for one in self.points if one.name == name), None)

    def quality(self, name: str) -> Quality:
        """Return a value's quality; what is not published at all is missing."""
        found = (one.quality for one in self.points if one.name == name)
        return next(found, Quality.MISSING)


@dataclass
class Witness:
    """Knows what a device truly holds, and hears everything that is published of it."""

    truth: dict[str, object]
    """Of each value what it truly is, a set where it may be several; None = there is none."""
    strict: bool = True
    """Whether a value that the truth does not name is a lie too."""
    lies: list[str] = field(default_factory=list)

    def hear(self, points: Iterable[PointReading]) -> None:
        """Note every value that is published as good and is not true."""
        for one in points:
            named = one.name in self.truth or self.strict
            if named and one.quality is Quality.GOOD and not self._is_true(one.name, one.value):
                told = f"{one.name} {one.value} was good where"
                self.lies.append(f"{told} the device held {self.truth.get(one.name)}")

    def is_told(self, seen: Seen) -> bool:
        """Say whether all that is true is published, and as good."""
        return all(
            seen.quality(name) is Quality.GOOD and self._is_true(name, seen.value(name))
            if held is not None
            else seen.quality(name) is not Quality.GOOD
            for name, held in self.truth.items()
        )

    def _is_true(self, name: str, value: object) -> bool:
        held = self.truth.get(name)
        return value in held if isinstance(held, set) else held is not None and value == held


@dataclass
class Reader:
    """Polls a device and keeps what it published."""

    device: ModbusDevice
    link: ModbusLink
    witness: Witness
    seen: list[Seen] = field(default_factory=list)

    async def poll(self) -> Seen:
        """Poll once; a failed poll is a sentence."""
        try:
            seen = Seen(await self.device.poll())
        except DeviceError as err:
            seen = Seen(error=str(err))
        self.seen.append(seen)
        self.witness.hear(seen.points)
        return seen

    async def polls(self, count: int) -> list[Seen]:
        return [await self.poll() for _ in range(count)]

    async def polls_until_well(self) -> int:
        """Return after how many polls every true value is good: 1 = the very next one."""
        for count in range(1, _PATIENCE + 1):
            if self.witness.is_told(await self.poll()):
                return count
        raise AssertionError(f"not well after {_PATIENCE} polls: {self.seen[-1]}")

    def now_true(self, **values: object) -> None:
        """Say what the device truly holds from now on."""
        self.witness.truth |= values

    def good(self, name: str) -> set[object]:
        """Return every value that was ever published as good."""
        return {seen.value(name) for seen in self.seen if seen.quality(name) is Quality.GOOD}


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
    chaos: ChaosDevice,
    body: str | Profile = HYBRID,
    truth: Mapping[str, object] = NOON,
    *,
    strict: bool = True,
    tolerant: bool = False,
    unit: int | None = None,
    options: Mapping[str, object] | None = None,
    **limits: float,
) -> AsyncIterator[Reader]:
    """Serve a device and read it; fail where a value was ever good that is not true.

    `options` are those of ModbusDevice. Without `strict` only what `truth` names is watched.
    """
    profile = profile_of(body, **limits) if isinstance(body, str) else body
    async with on_line(chaos):
        link = link_to(chaos, profile.limits, echoes_transaction=not tolerant)
        device = ModbusDevice("it", profile, link, unit, **dict(options or {}))
        reader = Reader(device, link, Witness(dict(truth), strict))
        try:
            yield reader
        finally:
            await reader.device.close()
    assert reader.seen, "nobody has polled"
    assert not reader.witness.lies, reader.witness.lies[:9]


@contextlib.asynccontextmanager
async def two_units(
    chaos: ChaosDevice, body: str = HYBRID, **limits: float
) -> AsyncIterator[tuple[Reader, Reader]]:
    """Read units 1 and 2 of a gateway over one connection; watch both as `reader_of` does."""
    profile = profile_of(body, **limits)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        one, two = (
            Reader(ModbusDevice(f"u{unit}", profile, link, unit), link, Witness(dict(NOON)))
            for unit in (1, 2)
        )
        try:
            yield one, two
        finally:
            await link.close()
    lies = one.witness.lies + two.witness.lies
    assert not lies, lies[:9]


@dataclass
class Listener:
    """Takes what a poller publishes, and lets a witness hear it."""

    witness: Witness = field(default_factory=lambda: Witness(dict(NOON)))
    readings: list[DeviceReading] = field(default_factory=list)

    def __call__(self, reading: DeviceReading) -> None:
        self.readings.append(reading)
        self.witness.hear(reading.points)
