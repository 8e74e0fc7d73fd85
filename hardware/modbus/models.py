"""SunSpec models as tables, and the points of those that a device has."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from hardware.modbus.description import RecordedBlock
from hardware.modbus.points import Group, ModelRef, Point
from hardware.modbus.registers import Register

BASES = (40000, 0, 50000)
"""Where the marker may stand, most usual first."""
MARKER = (0x5375, 0x6E53)  # "SunS"
END = 0xFFFF
"""Stands in place of a model's number after the last one."""
HOLDING = 3

_KINDS: dict[str, tuple[str, int | None]] = {
    "int16": ("i16", 0x8000),
    "uint16": ("u16", 0xFFFF),
    "count": ("u16", 0xFFFF),
    "enum16": ("u16", 0xFFFF),
    "bitfield16": ("u16", 0xFFFF),
    "sunssf": ("i16", 0x8000),
    "enum32": ("u32", 0xFFFFFFFF),
    "pad": ("u16", 0x8000),
    "int32": ("i32", 0x80000000),
    "uint32": ("u32", 0xFFFFFFFF),
    "bitfield32": ("u32", 0xFFFFFFFF),
    "acc32": ("u32", 0),
    "acc64": ("u64", 0),
    "int64": ("i64", 1 << 63),
    "uint64": ("u64", (1 << 64) - 1),
    "float32": ("f32", None),
}
"""SunSpec type → our type and its "not implemented" (Device Information Model, table 3)."""

_LEFT_OUT = 4
"""Words at the end that some devices serve more or less than the standard."""
STORAGE_MODEL = 124
STRINGS_MODEL = 160
PORTS_MODEL = 714
MODULES = {STRINGS_MODEL: (10, 20), PORTS_MODEL: (20, 25)}
"""Models with a repeating part: where it begins, and the words of each module."""
_PORT_ROLES = {"PV": "pv", "ESS": "storage"}
"""Types of DC ports that mean something here; a car or another converter is neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPoint:
    """One row of the model tables."""

    offset: int
    """Words from the model's ID, or from the module's first word."""
    kind: str
    words: int
    scale_factor: str
    unit: str
    symbols: tuple[tuple[int, str], ...]
    """What codes mean, or what bits are called, in the standard's own words."""

    @property
    def is_bits(self) -> bool:
        """Say whether each bit means something by itself."""
        return self.kind.startswith("bitfield")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """A model that a device has."""

    model: int
    start: int
    """Address of its ID."""
    length: int
    """Words after ID and length."""
    unit: int
    labels: tuple[str | None, ...] = ()
    """Of model 160: what the device calls each module; of 714: the type of each port."""
    is_hollow: bool = False
    """It only pads the list, and means nothing."""

    @property
    def last(self) -> int:
        """Return its last address."""
        return self.start + self.length + 1


def resolve(
    point: Point, ref: ModelRef, models: tuple[FoundModel, ...]
) -> Iterator[tuple[Point, int]]:
    """Yield the point with its addresses, and its unit; nothing where the device lacks it.

    A point of modules becomes one point for each: `pv_string_{n}_power` is named by number.
    """
    models = tuple(one for one in models if not one.is_hollow)
    found = next((one for one in models if one.model in ref.models), None)
    if found is None:
        return
    if ref.modules is None:
        row = model_points(found.model, "").get(ref.point)
        if row is not None and row.offset + row.words <= found.length + 2:
            yield _placed(point, row, found, found.start), found.unit
        return
    row = model_points(found.model, "module")[ref.point]
    at, size = MODULES[found.model]
    for number in choose_modules(found, models, ref.modules):
        start = found.start + at + (number - 1) * size
        name = point.name.format(n=number)
        yield _placed(replace(point, name=name), row, found, start), found.unit


def model_rows(models: tuple[FoundModel, ...]) -> Iterator[tuple[Point, int]]:
    """Yield every row of every model as a point of its own, such as `model_101_W`, and its unit."""
    seen: dict[int, int] = {}
    if models:
        marker = register_of("string", models[0].start - len(MARKER), len(MARKER))
        yield (
            Point(name="sunspec_marker", unit="", register=marker, group=Group.EXTRA),
            models[0].unit,
        )
    for found in models:
        seen[found.model] = seen.get(found.model, 0) + 1
        again = "" if seen[found.model] == 1 else f"_{seen[found.model]}"
        head = f"model_{found.model}{again}"
        for name, row in model_points(found.model, "").items():
            if row.offset + row.words <= found.length + 2:
                for point in _bare(f"{head}_{name}", row, found, found.start):
                    yield point, found.unit
        at, size = MODULES.get(found.model, (found.length + 2, 1))
        for number in range(1, (found.length + 2 - at) // size + 1):
            start = found.start + at + (number - 1) * size
            for name, row in model_points(found.model, "module").items():
                for point in _bare(f"{head}_module_{number}_{name}", row, found, start):
                    yield point, found.unit


def _bare(name: str, row: ModelPoint, found: FoundModel, start: int) -> Iterator[Point]:
    """Yield a row as it stands; a bit field as its number, and by the names of its bits."""
    point = Point(name=name, unit=row.unit, register=None, group=Group.EXTRA)
    if row.is_bits:
        yield _placed(replace(point, name=f"{name}_bits"), row, found, start)
        point = replace(point, bits=row.symbols)
    yield _placed(point, row, found, start)


def looks_like_model(model: int, length: int) -> bool:
    """Say whether two words are the head of a model that we know; a device may leave out some."""
    usual = max((row.offset + row.words for row in model_points(model, "").values()), default=0) - 2
    if usual < 0:
        return False
    first, size = MODULES.get(model, (usual + 2, 0))
    modules = length + 2 - first
    return modules % size == 0 if size and modules >= 0 else abs(length - usual) <= _LEFT_OUT


def surround_model(
    model: int, unit: int | None, words: list[int], offset: int = 2
) -> RecordedBlock:
    """Return a device that has but one model, of which a recording holds words from `offset` on."""
    length = max((row.offset + row.words for row in model_points(model, "").values()), default=0)
    body = [model, 0, *[0] * (offset - 2), *words[max(0, 2 - offset) :]]
    body += [0] * (length - len(body))
    body[1] = len(body) - 2
    return RecordedBlock(
        unit=unit,
        function=HOLDING,
        address=BASES[0],
        words=(*MARKER, *body, END, 0),
    )


def choose_modules(
    found: FoundModel, models: tuple[FoundModel, ...], wanted: str
) -> tuple[int, ...]:
    """Return the numbers, from 1, of the modules in a role.

    Of model 160 these are `pv`, `charge` and `discharge`. Hybrids label them (Fronius: `StCha 3`,
    `StDisCha 4`). Of four modules without any label on a device with storage (model 124), 3 charges
    and 4 discharges, as on GEN24. All others are PV. Of model 714 they are `pv` and `storage`.
    """
    if found.model == PORTS_MODEL:
        ports = enumerate(found.labels, start=1)
        return tuple(number for number, kind in ports if _PORT_ROLES.get(kind or "") == wanted)
    roles = [_role_of(label) for label in found.labels]
    has_storage = any(one.model == STORAGE_MODEL for one in models)
    if has_storage and len(roles) == 4 and not any(found.labels):
        roles[2:4] = ["charge", "discharge"]
    return tuple(number for number, role in enumerate(roles, start=1) if role == wanted)


def _role_of(label: str | None) -> str:
    text = (label or "").lower().replace(" ", "")
    if text.startswith("stdischa"):
        return "discharge"
    return "charge" if text.startswith("stcha") else "pv"


def _placed(point: Point, row: ModelPoint, found: FoundModel, start: int) -> Point:
    sentinel = None if row.kind == "string" else _KINDS[row.kind][1]
    scale_at = None
    if row.scale_factor:
        scale_at = found.start + model_points(found.model, "")[row.scale_factor].offset
    return replace(
        point,
        register=register_of(row.kind, start + row.offset, row.words),
        scale_at=scale_at,
        meanings=point.meanings or (not row.is_bits and row.symbols) or None,
        own_codes=point.meanings is None,
        sentinels=point.sentinels if sentinel is None else (*point.sentinels, sentinel),
    )


def register_of(kind: str, address: int, words: int) -> Register:
    """Return the register of a SunSpec type at an address."""
    ours = f"str{words}" if kind == "string" else _KINDS[kind][0]
    addresses = tuple(range(address, address + words))
    return Register(function=HOLDING, addresses=addresses, kind=ours)


@lru_cache(maxsize=64)
def model_points(model: int, part: str) -> dict[str, ModelPoint]:
    """Return the points of a model by name; `part` is empty or `module`. Empty = not known."""
    return {
        row["point"]: ModelPoint(
            offset=int(row["offset"]),
            kind=row["type"],
            words=int(row["words"]),
            scale_factor=row["scale_factor"],
            unit=row["unit"],
            symbols=_symbols(row["symbols"]),
        )
        for row in _rows()
        if row["part"] == part and str(model) in row["models"].split()
    }


def _symbols(text: str) -> tuple[tuple[int, str], ...]:
    parts = text.split()
    return tuple((int(code), name) for code, name in zip(parts[::2], parts[1::2], strict=True))


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, str], ...]:
    text = (files("hardware.profiles") / "sunspec_models.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))
