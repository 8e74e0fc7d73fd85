"""Devices of the configuration: one link for each address, sources over HTTP beside them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hardware.http.source import HttpSource, SourcePoint, SourceSpec
from hardware.modbus.address import Address, Framing, TcpAddress, serial_address
from hardware.modbus.description import Profile
from hardware.modbus.device import ModbusDevice
from hardware.modbus.limits import common_limits
from hardware.modbus.link import ModbusLink
from hardware.modbus.memory import RememberingLink
from hardware.modbus.profile import load_profile
from hardware.modbus.turn import turn
from hardware.poller import Device, Poller
from hardware.proxy import ModbusProxy
from solard.config.devices import HTTP_QUANTITIES, DeviceSection, HttpSection, ModbusSection
from solard.config.load import Settings
from solard.core.errors import SolardError
from solard.core.view import DeviceView
from solard.system.clock import Clock, SystemClock

_SCALES = {"kW": 1000.0, "share": 100.0, "mV": 0.001}
"""What one of a source's units is in W, % or V; others are ours."""


def make_devices(
    sections: tuple[DeviceSection, ...],
    clock: Clock,
    tell: Callable[[str, str], None] | None = None,
    is_dark: Callable[[], bool] | None = None,
) -> tuple[tuple[Device, ...], tuple[ModbusProxy, ...]]:
    """Return the devices, those behind one address on one connection, and who shares it.

    Trouble with sharing goes to `tell`, as a sentence and its level. `is_dark` says whether the sun
    is down, where the site's place is known.
    """
    links = Links(sections)
    devices = tuple(
        links.device(one, is_dark) if isinstance(one, ModbusSection) else _source(one, clock)
        for one in sections
    )
    modbus = [one for one in sections if isinstance(one, ModbusSection)]
    return devices, tuple(links.proxy(one, tell) for one in modbus if one.share_on is not None)


class Links:
    """One link for each address, as patient as its most delicate device needs."""

    def __init__(self, sections: tuple[DeviceSection, ...]) -> None:
        profiles: dict[Address, list[Profile]] = {}
        for one in sections:
            if isinstance(one, ModbusSection):
                profile = load_profile(one.profile)
                profiles.setdefault(address_of(one, profile), []).append(profile)
        self._links = {
            address: RememberingLink(
                ModbusLink(address, common_limits([one.limits for one in known]))
            )
            for address, known in profiles.items()
        }

    def device(
        self, section: ModbusSection, is_dark: Callable[[], bool] | None = None
    ) -> ModbusDevice:
        """Return a device on the link that it may share."""
        profile = load_profile(section.profile)
        return ModbusDevice(
            section.device_id,
            turn(profile, section.turned),
            self._links[address_of(section, profile)],
            section.unit,
            units=dict(section.units),
            period_s=section.every_s,
            close_after_poll=section.close_after_poll,
            is_dark=is_dark,
        )

    def proxy(self, section: ModbusSection, tell: Callable[[str, str], None] | None) -> ModbusProxy:
        """Return what shares a device's connection with other programs."""
        host, _, port = (section.share_on or "").rpartition(":")
        link = self._links[address_of(section, load_profile(section.profile))]
        return ModbusProxy(link, host.strip("[]"), int(port), tell=tell)


def sleepers(sections: tuple[DeviceSection, ...]) -> frozenset[str]:
    """Return the ids of devices that may fall silent at night."""
    return frozenset(
        one.device_id
        for one in sections
        if isinstance(one, ModbusSection) and load_profile(one.profile).silent_ok
    )


def address_of(section: ModbusSection, profile: Profile) -> Address:
    """Return where a device's connection leads."""
    if section.serial is not None:
        return serial_address(
            section.serial, section.baudrate, section.parity, profile.serial, section.stop_bits
        )
    return TcpAddress(
        host=section.host or "",
        port=profile.port if section.port is None else section.port,
        framing=Framing(section.framer),
        echoes_transaction=section.echoes_transaction,
    )


def _source(section: HttpSection, clock: Clock) -> HttpSource:
    points = []
    for name, point in section.points:
        unit = HTTP_QUANTITIES[name]
        scale = _SCALES.get(point.unit or "", 1.0)
        points.append(
            SourcePoint(
                name=name,
                path=point.path,
                unit=unit,
                scale=-scale if point.sign in ("export", "charge") else scale,
                minimum=0.0 if unit == "%" else None,
                maximum=100.0 if unit == "%" else None,
            )
        )
    spec = SourceSpec(
        device_id=section.device_id,
        url=section.url,
        points=tuple(points),
        time_path=section.time,
        max_age_s=section.max_age_s,
        period_s=section.every_s,
        timeout_s=section.timeout_s,
        token=section.token,
    )
    return HttpSource(spec, clock.now)


class SitePoller:
    """The poller with its health as people see it."""

    def __init__(
        self, poller: Poller, proxies: tuple[ModbusProxy, ...], sections: tuple[DeviceSection, ...]
    ) -> None:
        self._poller = poller
        self._proxies = proxies
        self._profiles = {
            one.device_id: one.profile if isinstance(one, ModbusSection) else "http"
            for one in sections
        }

    async def run(self) -> None:
        """Poll, and serve who shares our connections, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for proxy in self._proxies:
                group.create_task(proxy.run())
            group.create_task(self._poller.run())

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of asking a device once."""

    device_id: str
    error: str | None = None
    """Why it failed."""
    missing: tuple[str, ...] = ()
    """What the configuration expects of it, and it did not say."""


async def try_devices(settings: Settings) -> tuple[Tried, ...]:
    """Poll each device once."""
    outcomes: list[Tried] = []
    devices, _ = make_devices(settings.devices, SystemClock())
    for device in devices:
        try:
            points = await device.poll()
        except SolardError as err:
            said = str(err).removeprefix(f'device "{device.device_id}": ')
            outcomes.append(Tried(device_id=device.device_id, error=said))
        else:
            # A profile names all that a family may tell; who writes a source names what it does.
            expected = points if isinstance(device, HttpSource) else ()
            missing = tuple(point.name for point in expected if point.value is None)
            outcomes.append(Tried(device_id=device.device_id, missing=missing))
        finally:
            await device.close()
    return tuple(outcomes)
