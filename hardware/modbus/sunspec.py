"""SunSpec: walk a device's list of models at each connect; it moves with firmware and options."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hardware.modbus.errors import ILLEGAL, UNIT_OFFLINE, DeviceRefused, DeviceUnfit
from hardware.modbus.limits import MOST_WORDS, RegisterLink
from hardware.modbus.models import (
    BASES,
    END,
    HOLDING,
    MARKER,
    MODULES,
    PORTS_MODEL,
    STORAGE_MODEL,
    STRINGS_MODEL,
    FoundModel,
    ModelPoint,
    looks_like_model,
    model_points,
    register_of,
)

_ALL_ONES = 0xFFFF
_MOST_MODELS = 100
_STORAGE_SIGNS = ("WChaMax", "ChaState", "ChaSt")
"""A battery has at least one of these."""
_LABELS = {STRINGS_MODEL: "IDStr", PORTS_MODEL: "PrtTyp"}
"""The row of each module that says what it is."""


async def walk_models(link: RegisterLink, unit: int) -> tuple[FoundModel, ...]:
    """Return the models of a unit in its own order; raise DeviceError."""
    return await _walk_from(link, unit, await find_marker(link, unit) + 2)


async def walk_unmarked(
    link: RegisterLink, unit: int, starts: Iterable[int]
) -> tuple[FoundModel, ...]:
    """Return the models that begin at some of `starts`, for recordings without the list's head."""
    found: tuple[FoundModel, ...] = ()
    for start in starts:
        head = await _read_head(link, unit, start)
        if head == MARKER:
            found += await _walk_from(link, unit, start + len(MARKER))
        elif looks_like_model(*head) and not any(one.start <= start <= one.last for one in found):
            found += await _walk_from(link, unit, start)
    return found


async def _walk_from(link: RegisterLink, unit: int, address: int) -> tuple[FoundModel, ...]:
    found: list[FoundModel] = []
    while len(found) < _MOST_MODELS:
        model, length = await _read_head(link, unit, address)
        if model == END or length == 0:
            break
        one = FoundModel(model=model, start=address, length=length, unit=unit)
        if await _is_hollow(link, one):
            found.append(replace(one, is_hollow=True))
        else:
            found.append(await _with_labels(link, one))
        address = one.last + 1
    return tuple(found)


async def _read_head(link: RegisterLink, unit: int, address: int) -> tuple[int, int]:
    """Return a model's ID and length; some devices end their list by refusing to go on."""
    words = await _read_if_there(link, unit, address, 2)
    return (END, 0) if words is None else (words[0], words[1])


async def _is_hollow(link: RegisterLink, found: FoundModel) -> bool:
    """Say whether a storage model only pads the list, as on SMA inverters without a battery."""
    if found.model != STORAGE_MODEL:
        return False
    rows = model_points(found.model, "")
    last = rows[_STORAGE_SIGNS[-1]].offset
    words = await _read_if_there(link, found.unit, found.start, last + 1)
    return words is not None and all(words[rows[name].offset] == 0xFFFF for name in _STORAGE_SIGNS)


async def _read_if_there(
    link: RegisterLink, unit: int, address: int, count: int
) -> tuple[int, ...] | None:
    """Return words, or None where the device, or a recording that ends early, has none.

    It must say so twice, and words that are all ones too: with half a list of models, other values
    would stand in for the lost ones.
    """
    words: tuple[int, ...] | None = None
    for _ in range(2):
        try:
            words = await link.read(unit, HOLDING, address, count)
        except DeviceRefused as err:
            if err.code not in ILLEGAL:
                raise
        if words is not None and any(word != _ALL_ONES for word in words):
            break
    return words


async def find_marker(link: RegisterLink, unit: int) -> int:
    """Return where the list of models begins; raise DeviceUnfit where there is none."""
    for base in BASES:
        try:
            if await link.read(unit, HOLDING, base, 2) == MARKER:
                return base
        except DeviceRefused as err:
            if err.code in UNIT_OFFLINE:
                raise
    raise DeviceUnfit(
        f"{link.name} unit {unit} is no SunSpec device: no marker at registers "
        f"{', '.join(map(str, BASES))}; switch its Modbus to SunSpec or choose its own profile"
    )


async def _with_labels(link: RegisterLink, found: FoundModel) -> FoundModel:
    """Return a model with what the device calls its modules, where it has any."""
    if found.model not in _LABELS:
        return found
    row = model_points(found.model, "module")[_LABELS[found.model]]
    first, size = MODULES[found.model]
    count = (found.length + 2 - first) // size
    starts = [found.start + first + number * size + row.offset for number in range(count)]
    words: dict[int, int] = {}
    at_once = (MOST_WORDS - row.words) // size + 1
    for some in (starts[at : at + at_once] for at in range(0, count, at_once)):
        span = some[-1] + row.words - some[0]
        answer = await _read_if_there(link, found.unit, some[0], span)
        words |= dict(enumerate(answer or (), start=some[0]))
    return replace(found, labels=tuple(_label(row, start, words) for start in starts))


def _label(row: ModelPoint, start: int, words: Mapping[int, int]) -> str | None:
    register = register_of(row.kind, start, row.words)
    raw = register.raw(words)
    if raw is None:
        return None
    label = dict(row.symbols).get(raw, register.decode(raw))
    return label if isinstance(label, str) else None
