"""Recorded registers in place of a device: embedded tests, captures and reports from users."""

from collections.abc import Iterable

from hardware.modbus.description import EmbeddedTest, Profile, RecordedBlock
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceRefused
from hardware.modbus.points import Value


class RecordedLink:
    """A link that answers from a recording, as strictly as the device did."""

    name = "recording"
    connects = 1

    def __init__(self, blocks: Iterable[RecordedBlock]) -> None:
        self._words: dict[int, dict[tuple[int, int], int]] = {}
        for block in blocks:
            unit = self._words.setdefault(block.unit, {})
            for address, word in enumerate(block.words, start=block.address):
                unit[block.function, address] = word

    async def connect(self) -> None:
        """Be connected."""

    async def close(self) -> None:
        """Stay as it is."""

    def reset(self) -> None:
        """Stay as it is."""

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return recorded words; refuse what was not recorded."""
        words = self._words.get(unit)
        if words is None:
            raise DeviceRefused(f"the recording has no unit {unit}", 11)
        wanted = [(function, one) for one in range(address, address + count)]
        if not all(one in words for one in wanted):
            raise DeviceRefused(f"the recording has no registers {address} +{count}", 2)
        return tuple(words[one] for one in wanted)


async def run_embedded_test(profile: Profile, test: EmbeddedTest) -> tuple[str, ...]:
    """Decode a recording with its profile; return a sentence for every value that differs."""
    link = RecordedLink(test.blocks)
    unit = test.blocks[0].unit
    device = ModbusDevice("recording", profile, link, unit, units=dict(test.units))
    values = {one.name: one.value for one in await device.poll()}
    return tuple(
        f"{test.name}: {name} is {values.get(name)!r}, expected {expected!r}"
        for name, expected in test.expect
        if not _agrees(values.get(name), expected)
    )


def _agrees(value: Value, expected: Value) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return abs(value - expected) <= 1e-6 * max(1.0, abs(expected))
    return value == expected
