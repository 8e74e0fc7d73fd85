"""Find out what answers at one host: which ports, which units, which family."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hardware.modbus.address import Address, SerialAddress, TcpAddress, serial_address
from hardware.modbus.description import Profile, Sign
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceError, DeviceRefused, DeviceTimeout, DeviceUnreachable
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import find_roles
from hardware.modbus.sunspec import find_marker
from solard.core.readings import PointReading, Quality

_LIMITS = LinkLimits(timeout_s=1.5, connect_delay_s=0.5, request_gap_s=0.05)
_PARITIES = {"N": "none", "E": "even", "O": "odd"}
_SILENCES = 2
"""After so many questions without an answer nobody has this unit id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A family that fits what answers at one address and unit."""

    profile: Profile
    address: Address
    unit: int
    points: tuple[PointReading, ...]
    units: tuple[tuple[str, int], ...] = ()
    """Further units by role, where they are not the profile's own."""

    @property
    def good(self) -> int:
        """Return how many of its values are plausible."""
        return sum(one.quality in (Quality.GOOD, Quality.ASLEEP) for one in self.points)

    @property
    def names_itself(self) -> bool:
        """Say whether a text of the device holds the family's name, as its maker's does."""
        brand = self.profile.profile_id.partition("-")[0]
        return any(isinstance(one.value, str) and brand in one.value.lower() for one in self.points)

    @property
    def is_sound(self) -> bool:
        """Say whether most of what it says is plausible."""
        return 2 * self.good > len(self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What was found at one host."""

    candidates: tuple[Candidate, ...]
    """Best first."""
    silent: tuple[str, ...]
    """A sentence for each port that did not answer as a Modbus device."""


async def scan(
    addresses: Iterable[Address], profiles: Iterable[Profile], limits: LinkLimits = _LIMITS
) -> ScanResult:
    """Ask the addresses, one after the other, for the registers by which families are known."""
    profiles = tuple(profiles)
    found: list[Candidate] = []
    silent: list[str] = []
    for address in addresses:
        here, sentence = await _scan_address(address, profiles, limits)
        found += here
        if sentence:
            silent.append(sentence)
    ranked = sorted(found, key=lambda one: (one.is_sound, one.names_itself, one.good), reverse=True)
    return ScanResult(candidates=tuple(ranked), silent=tuple(dict.fromkeys(silent)))


def ports_of(profiles: Iterable[Profile]) -> tuple[int, ...]:
    """Return every port where one of the families is found, the most usual first."""
    ports = [port for one in profiles for port in (one.port, *one.other_ports)]
    return tuple(sorted(set(ports), key=lambda port: (-ports.count(port), port)))


async def _scan_address(
    address: Address, profiles: tuple[Profile, ...], limits: LinkLimits
) -> tuple[list[Candidate], str]:
    link = ModbusLink(address, limits)
    try:
        await link.connect()
        scanner = _Scanner(link, address, limits)
        for profile in profiles:
            await scanner.try_family(profile)
    except (DeviceUnreachable, DeviceTimeout) as err:
        return [], str(err)
    finally:
        await link.close()
    if not scanner.found:
        text = f"{address.name} speaks Modbus, but shows the registers of no known family"
        if not scanner.answered:
            text = (
                f"{address.name} is open, but no unit answers Modbus there; gateways that pass "
                "serial frames on want --framer rtu"
            )
        return [], text
    return scanner.found, ""


class _Scanner:
    """Asks one address about families, and about silent units no more than twice."""

    def __init__(self, link: ModbusLink, address: Address, limits: LinkLimits) -> None:
        self.found: list[Candidate] = []
        self.answered = False
        self._link = link
        self._address = address
        self._limits = limits
        self._silences: dict[int, int] = {}

    async def try_family(self, profile: Profile) -> None:
        """Look for a family at its usual unit ids."""
        for unit in dict.fromkeys((profile.unit, *profile.candidates)):
            if self._silences.get(unit, 0) >= _SILENCES:
                continue
            if await self._fits(profile, unit):
                await self._read(profile, unit)
                return

    async def _fits(self, profile: Profile, unit: int) -> bool:
        if profile.sunspec:
            try:
                await find_marker(self._link, unit)
            except DeviceError as err:
                self._note(unit, err)
                return False
            self.answered = True
            return True
        for sign in profile.detect:
            if not await self._shows(sign, unit):
                return False
        return bool(profile.detect)

    async def _shows(self, sign: Sign, unit: int) -> bool:
        register = sign.register
        count = register.last - register.first + 1
        try:
            words = await self._link.read(unit, register.function, register.first, count)
        except DeviceError as err:
            self._note(unit, err)
            return False
        self.answered = True
        return sign.fits(dict(enumerate(words, start=register.first)))

    async def _read(self, profile: Profile, unit: int) -> None:
        """Read the whole device once: the family is right where most values are plausible."""
        limits = replace(profile.limits, timeout_s=max(profile.limits.timeout_s, 1.5))
        try:
            async with asyncio.timeout(60.0):
                roles = await find_roles(self._link, profile)
                device = ModbusDevice(
                    "scan", replace(profile, limits=limits), self._link, unit, units=roles
                )
                points = await device.poll()
        except (DeviceError, TimeoutError):
            return
        usual = {role.name: role.default for role in profile.roles}
        self.found.append(
            Candidate(
                profile=profile,
                address=self._address,
                unit=unit,
                points=points,
                units=tuple((name, at) for name, at in roles.items() if usual[name] != at),
            )
        )

    def _note(self, unit: int, err: DeviceError) -> None:
        if isinstance(err, DeviceRefused):
            self.answered = True
        elif isinstance(err, DeviceTimeout):
            self._silences[unit] = self._silences.get(unit, 0) + 1


def propose(candidate: Candidate, name: str) -> str:
    """Return the lines of solard.yaml that read a device."""
    address, profile = candidate.address, candidate.profile
    keys = [f"profile: {profile.profile_id}"]
    if isinstance(address, SerialAddress):
        keys.append(f"serial: {address.path}")
        usual = serial_address(address.path, usual=profile.serial)
        if address.baudrate != usual.baudrate:
            keys.append(f"baudrate: {address.baudrate}")
        if address.parity != usual.parity:
            keys.append(f"parity: {_PARITIES[address.parity]}")
    else:
        keys += _propose_tcp(address, profile)
    if candidate.unit != profile.unit:
        keys.append(f"unit: {candidate.unit}")
    if candidate.units:
        roles = ", ".join(f"{role}: {unit}" for role, unit in candidate.units)
        keys.append(f"units: {{{roles}}}")
    return f"{name}: {{{', '.join(keys)}}}"


def _propose_tcp(address: TcpAddress, profile: Profile) -> list[str]:
    keys = [f"host: {address.host}"]
    if address.port != profile.port:
        keys.append(f"port: {address.port}")
    if address.framing.value != "tcp":
        keys.append(f"framer: {address.framing.value}")
    return keys
