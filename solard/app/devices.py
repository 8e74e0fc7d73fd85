"""Modbus devices of the configuration, one link for each host and port."""

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import read_once
from hardware.modbus.profile import load_profile
from hardware.poller import Poller
from solard.config.load import Settings
from solard.config.model import Device
from solard.core.errors import SolardError
from solard.core.view import DeviceView


def make_devices(devices: tuple[Device, ...]) -> tuple[ModbusDevice, ...]:
    """Return the devices, those behind one address on one shared connection."""
    links: dict[TcpAddress, ModbusLink] = {}
    made = []
    for device in devices:
        profile = load_profile(device.profile)
        address = (device.host, device.port)
        if address not in links:
            links[address] = ModbusLink(
                TcpAddress(host=device.host, port=device.port), profile.limits
            )
        link, units = links[address], dict(device.units)
        made.append(ModbusDevice(device.device_id, profile, link, device.unit, units=units))
    return tuple(made)


class SitePoller:
    """The poller with its health as people see it."""

    def __init__(self, poller: Poller, devices: tuple[Device, ...]) -> None:
        self._poller = poller
        self._profiles = {device.device_id: device.profile for device in devices}

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._poller.run()

    def health(self) -> tuple[DeviceView, ...]:
        """Return how each device answers; the daemon adds the age of its data."""
        return tuple(
            DeviceView(
                device_id=one.device_id,
                profile=self._profiles[one.device_id],
                age_s=None,
                period_s=one.period_s,
                polls_ok=one.polls_ok,
                polls_failed=one.polls_failed,
                error=one.error,
                retry_in_s=one.retry_in_s,
            )
            for one in self._poller.health()
        )


async def try_devices(settings: Settings) -> tuple[tuple[str, str | None], ...]:
    """Poll each device once; return its id and, where it fails, the sentence that says why."""
    outcomes: list[tuple[str, str | None]] = []
    for device in settings.devices:
        try:
            profile = load_profile(device.profile)
            await read_once(
                device.host,
                device.port,
                profile,
                device.unit,
                units=dict(device.units),
                device_id=device.device_id,
            )
        except SolardError as err:
            outcomes.append((device.device_id, str(err)))
        else:
            outcomes.append((device.device_id, None))
    return tuple(outcomes)
