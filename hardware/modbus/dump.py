"""Write down what a device serves, without what tells whose it is: reports that become tests."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from hardware.modbus.address import Address
from hardware.modbus.description import Profile
from hardware.modbus.device import ModbusDevice
from hardware.modbus.limits import RegisterLink
from hardware.modbus.link import ModbusLink
from hardware.modbus.memory import RememberingLink
from hardware.modbus.models import FoundModel, model_rows
from hardware.modbus.points import Point
from hardware.modbus.probe import find_roles
from hardware.modbus.sunspec import walk_models
from solard.core.readings import PointReading

_SECRETS = ("*serial*", "model_1_SN", "model_1_*_SN")
"""Points whose names look like these say whose device it is."""
_COVER_TEXT = 0x5858
"""`XX`"""
_HOLDING = 3
REDACTED = "redacted"


async def dump(address: Address, profile: Profile, unit: int | None = None) -> dict[str, object]:
    """Read a device once and return its recording as JSON data; raise DeviceError.

    SunSpec devices are read whole, model by model; others as far as their profile goes.
    """
    line = ModbusLink(address, profile.limits)
    link = RememberingLink(line)
    try:
        roles = await find_roles(link, profile)
        device = ModbusDevice("dump", profile, link, unit, units=roles)
        points = await device.poll()
        models: tuple[FoundModel, ...] = ()
        if profile.sunspec:
            models = await _read_models(link, device.unit, profile.limits.max_words)
    finally:
        await link.close()
    words = link.words()
    _cover(words, [(one.point, one.unit) for one in device.placed], same=profile.fc_same)
    _cover(words, model_rows(models), same=profile.fc_same)
    return {
        "id": f"{profile.profile_id}-report",
        "family": profile.profile_id.replace("-", "_"),
        "kind": "real-device capture",
        "unit": device.unit,
        "word_order": "see the profile",
        "source": {"tool": "solard modbus dump"},
        "note": "serial numbers are covered; value null = the device does not say",
        "blocks": [
            {
                "unit": at_unit,
                "fc": function,
                "address": first,
                "count": len(run),
                "registers": run,
            }
            for (at_unit, function), known in words.items()
            for first, run in _runs(known)
        ],
        "expected": [_expected(point) for point in points if point.address is not None],
    }


async def _read_models(link: RegisterLink, unit: int, most: int) -> tuple[FoundModel, ...]:
    """Read every model from its first word to its last, and return them."""
    models = await walk_models(link, unit)
    for model in models:
        for first in range(model.start, model.last + 1, most):
            await link.read(unit, _HOLDING, first, min(most, model.last + 1 - first))
    return models


def _cover(
    words: dict[tuple[int, int], dict[int, int]],
    points: Iterable[tuple[Point, int]],
    *,
    same: bool,
) -> None:
    """Put letters or zeros in the place of serial numbers, of points and the units they are of.

    `same` says that both functions read the same registers of this family.
    """
    for point, unit in points:
        register = point.register
        if register is None or not _is_secret(point.name):
            continue
        cover = _COVER_TEXT if register.kind.startswith("str") else 0
        for function in (3, 4) if same else (register.function,):
            known = words.get((unit, function), {})
            known.update({at: cover for at in register.addresses if at in known})


def _is_secret(name: str) -> bool:
    return any(fnmatchcase(name, one) for one in _SECRETS)


def _runs(known: dict[int, int]) -> list[tuple[int, list[int]]]:
    """Return neighbouring words as runs, each with its first address."""
    runs: list[tuple[int, list[int]]] = []
    for at, word in sorted(known.items()):
        if runs and at == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(word)
        else:
            runs.append((at, [word]))
    return runs


def _expected(point: PointReading) -> dict[str, object]:
    value = REDACTED if _is_secret(point.name) else point.value
    return {"name": point.name, "address": point.address, "value": value, "unit": point.unit}
