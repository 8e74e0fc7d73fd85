"""Ask a device once: for `solard modbus read` and for whoever wants to know now."""

from collections.abc import Mapping
from contextlib import suppress

from hardware.modbus.address import Address
from hardware.modbus.description import Profile
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceRefused, DeviceTimeout
from hardware.modbus.limits import RegisterLink
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
        units = await find_roles(link, profile) if units is None else units
        device = ModbusDevice(device_id, profile, link, unit, units=units, extras=True)
        return await device.poll()
    finally:
        await link.close()


async def find_roles(link: RegisterLink, profile: Profile) -> dict[str, int]:
    """Return at which of its usual ids each further unit answers; raise DeviceError.

    For commands that a person types: a daemon asks nobody but the units of its configuration.
    """
    found: dict[str, int] = {}
    if profile.sunspec:
        return found  # its models say where they are
    for role in profile.roles:
        own = [one for one in profile.points if one.role == role.name and one.register is not None]
        ids = [one for one in (role.default, *role.candidates) if one is not None]
        register = own[0].register if own else None
        if register is None:
            continue
        for unit in ids:
            count = register.last - register.first + 1
            with suppress(DeviceRefused, DeviceTimeout):
                await link.read(unit, register.function, register.first, count)
                found[role.name] = unit
                break
    return found
