"""Ask a device once: for `solard modbus read` and for whoever wants to know now."""

from collections.abc import Mapping

from hardware.modbus.address import Address
from hardware.modbus.description import Profile
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from solard.core.readings import PointReading


async def read_once(
    address: Address,
    profile: Profile,
    unit: int | None = None,
    *,
    units: Mapping[str, int] | None = None,
    device_id: str = "",
) -> tuple[PointReading, ...]:
    """Connect, poll once, disconnect; raise DeviceError with a sentence where that fails."""
    link = ModbusLink(address, profile.limits)
    try:
        device = ModbusDevice(device_id, profile, link, unit, units=units, extras=True)
        return await device.poll()
    finally:
        await link.close()
