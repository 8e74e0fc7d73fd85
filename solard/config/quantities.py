"""Quantities as people write them: `6.4 kW`, `30 %`, `15 min`, `0.28 EUR/kWh`, `22:00-07:00`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

from solard.config.reader import Plain
from solard.core.errors import SolardError

MAX_LENGTH = 100
"""Of one value as written."""

_NUMBER = r"[-+−]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})\s*([^\s0-9.:+−-][^\s0-9:]*)?\s*")
_MONEY = re.compile(rf"({_NUMBER})\s*([A-Z]{{3}})\s*/\s*(kWh|h|start|job)")
_WINDOW = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*[-–]\s*([0-9]{1,2}:[0-9]{2})")
_FUSE = re.compile(r"(?:([13])\s*[x×]\s*)?([0-9]+\.?[0-9]*)\s*A")
_COMMA = re.compile(r"^[-+]?[0-9]+,[0-9]+")


class QuantityInvalid(SolardError):
    """A value that is not the quantity which its key wants; says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One kind of quantity: the units that people may write and what each is worth."""

    kind: str
    """With its article: `a power`."""
    factors: Mapping[str, float]
    """From a unit as written to our own unit."""
    shown: str
    """The unit in which ranges are said."""
    example: str
    bare: bool = False
    """Whether a number without unit is fine."""
    compound: bool = False
    """Whether parts add up: `1 h 30 min`."""

    def say(self, value: float) -> str:
        """Return a value of ours in the unit that people read."""
        if self is DURATION:
            return _say_duration(value)
        unit = f"k{self.shown}" if abs(value) >= 1e3 and f"k{self.shown}" in self.factors else ""
        unit = unit or self.shown
        return f"{value / self.factors[unit]:g}{'' if unit == '°' else ' '}{unit}"

    def say_range(self, low: float | None, high: float | None) -> str:
        """Return `0..100 %`, `at least 1 W` or `at most 30 °C`."""
        if low is not None and high is not None:
            if not self.compound and self.say(high).lstrip("0123456789.-") == self.say(low).lstrip(
                "0123456789.-"
            ):
                return f"{self.say(low).rstrip(' %°CVAWkhpτ')}..{self.say(high)}"
            return f"{self.say(low)} .. {self.say(high)}"
        if low is not None:
            return f"at least {self.say(low)}"
        return f"at most {self.say(high)}" if high is not None else "any"


POWER = Unit(
    kind="a power",
    factors={"W": 1.0, "kW": 1e3, "MW": 1e6},
    shown="W",
    example="6.4 kW",
)
PEAK = Unit(
    kind="a peak power of panels",
    factors={"Wp": 1.0, "kWp": 1e3, "W": 1.0, "kW": 1e3},
    shown="Wp",
    example="4 kWp",
)
ENERGY = Unit(
    kind="an energy",
    factors={"Wh": 1.0, "kWh": 1e3, "MWh": 1e6},
    shown="Wh",
    example="10 kWh",
)
SHARE = Unit(kind="a share", factors={"%": 0.01}, shown="%", example="30 %")
DURATION = Unit(
    kind="a duration",
    factors={
        "ms": 1e-3,
        "s": 1.0,
        "min": 60.0,
        "h": 3600.0,
        "d": 86400.0,
        "day": 86400.0,
        "days": 86400.0,
        "week": 604800.0,
        "weeks": 604800.0,
        "year": 31536000.0,
        "years": 31536000.0,
    },
    shown="s",
    example="15 min",
    compound=True,
)
TEMPERATURE = Unit(kind="a temperature", factors={"°C": 1.0, "C": 1.0}, shown="°C", example="78 °C")
VOLTAGE = Unit(kind="a voltage", factors={"V": 1.0}, shown="V", example="49.6 V")
CURRENT = Unit(kind="a current", factors={"A": 1.0}, shown="A", example="35 A")
ANGLE = Unit(kind="an angle", factors={"°": 1.0, "deg": 1.0}, shown="°", example="35°")
COORDINATE = Unit(
    kind="a coordinate", factors={"°": 1.0, "deg": 1.0}, shown="°", example="46.81", bare=True
)

MEMORY = Unit(
    kind="an amount of memory",
    factors={"MB": 1e6, "GB": 1e9, "MiB": 2.0**20, "GiB": 2.0**30, "TB": 1e12},
    shown="GB",
    example="24 GB",
)
CORES = Unit(
    kind="a number of processor cores",
    factors={"cores": 1.0, "core": 1.0},
    shown="cores",
    example="2.5",
    bare=True,
)
TOKENS = Unit(
    kind="an amount of tokens",
    factors={"τ": 1.0, "TAO": 1.0},
    shown="τ",
    example="10 τ",
)

UNITS = (POWER, ENERGY, SHARE, DURATION, TEMPERATURE, VOLTAGE, CURRENT, ANGLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount per kWh or per hour, with its currency."""

    amount: float
    currency: str


def read_quantity(value: Plain, unit: Unit) -> float:
    """Return `value` in our own unit; raise QuantityInvalid with what to write instead."""
    if value is None:
        raise QuantityInvalid(f"has no value; write {unit.kind} like {unit.example}")
    if isinstance(value, bool):
        raise QuantityInvalid(f"{_yaml(value)} is not {unit.kind}; write it like {unit.example}")
    if isinstance(value, int | float):
        if unit.bare:
            return float(value)
        raise QuantityInvalid(f"{value:g} has no unit; {_guess(value, unit)}")
    return _read_text(value, unit)


def read_money(value: Plain, per: str) -> Money:
    """Return an amount per `kWh`, `h` or `job`; raise QuantityInvalid with what to write."""
    example = f"0.28 EUR/{per}"
    if value is None:
        raise QuantityInvalid(f"has no value; write a price like {example}")
    if isinstance(value, bool | int | float):
        raise QuantityInvalid(f"{_yaml(value)} has no unit; write a price like {example}")
    match = _MONEY.fullmatch(_clean(value))
    if match is None:
        hint = ", with a currency of three capital letters"
        raise QuantityInvalid(f'"{value}" is not a price; write it like {example}{hint}')
    if match[3] != per:
        raise QuantityInvalid(
            f'"{value}" is per {match[3]}, not per {per}; write it like {example}'
        )
    return Money(amount=_float(match[1]), currency=match[2])


def read_window(value: Plain) -> tuple[int, int]:
    """Return the first and last minute of the local day that `22:00-07:00` names."""
    match = _WINDOW.fullmatch(_clean(value)) if isinstance(value, str) else None
    if match is None:
        raise QuantityInvalid(f'{_quoted(value)} is not a time window; write it like "22:00-07:00"')
    start, end = read_minute(match[1]), read_minute(match[2])
    if start == end:
        raise QuantityInvalid(f'"{value}" is empty: it ends when it starts')
    return start, end


def read_minute(value: Plain) -> int:
    """Return the minute of the local day that `22:30` names; 24:00 is its end."""
    parts = _clean(value).split(":") if isinstance(value, str) else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise QuantityInvalid(f'{_quoted(value)} is not a time; write it like "22:30"')
    hour, minute = int(parts[0]), int(parts[1])
    if minute > 59 or hour * 60 + minute > 1440:
        raise QuantityInvalid(f'"{value}" is not a time of day; times run from 00:00 to 24:00')
    return hour * 60 + minute


def read_sun_work(value: Plain) -> float:
    """Return the seconds of `1 h of sun work`; the words after the duration may be left out."""
    text = value.removesuffix("of sun work") if isinstance(value, str) else value
    seconds = read_quantity(text, DURATION)
    if not 60.0 <= seconds <= 86400.0:
        raise QuantityInvalid(f"{_quoted(value)} is outside 1 min .. 1 day")
    return seconds


def read_fuse(value: Plain) -> tuple[float, int]:
    """Return the current in A and the number of phases of `3 x 35 A`."""
    match = _FUSE.fullmatch(_clean(value)) if isinstance(value, str) else None
    if match is None:
        raise QuantityInvalid(f"{_quoted(value)} is not a fuse; write it like 3 x 35 A, or 35 A")
    current_a = float(match[2])
    if not 1.0 <= current_a <= 1000.0:
        raise QuantityInvalid(f"{value} is outside 1..1000 A")
    return current_a, int(match[1] or 1)


def _read_text(value: str, unit: Unit) -> float:
    text = _clean(value)
    if _COMMA.match(text):
        raise QuantityInvalid(f'"{value}" has a comma; write the decimals with a point')
    parts, end = [], 0
    while end < len(text) and (match := _PART.match(text, end)):
        parts.append((_float(match[1]), match[2]))
        end = match.end()
    if not parts or end < len(text):
        raise QuantityInvalid(f'"{value}" is not {unit.kind}; write it like {unit.example}')
    if len(parts) > 1 and not unit.compound:
        raise QuantityInvalid(f'"{value}" is more than one value; write it like {unit.example}')
    total = sum(number * _factor(value, name, unit) for number, name in parts)
    if not isfinite(total):
        raise QuantityInvalid(f'"{value}" is too large for a number')
    # 29 % is 0.29 and not 0.29000000000000004: it is held against what an inverter says.
    return float(f"{total:.12g}")


def _factor(value: str, name: str | None, unit: Unit) -> float:
    if name is None:
        if unit.bare:
            return 1.0
        raise QuantityInvalid(f'"{value}" has no unit; write {unit.kind} like {unit.example}')
    if name in unit.factors:
        return unit.factors[name]
    other = next((each for each in UNITS if name in each.factors), None)
    if other is not None:
        said = f'"{value}" is {other.kind}, not {unit.kind}'
        raise QuantityInvalid(f"{said}; write it like {unit.example}")
    near = _near_unit(name, unit)
    known = f'did you mean "{near}"?' if near else f"known here: {', '.join(unit.factors)}"
    raise QuantityInvalid(f'"{value}": unknown unit "{name}"; {known}')


def _near_unit(name: str, unit: Unit) -> str | None:
    for known in unit.factors:
        if known.lower() == name.lower():
            return known
    near = get_close_matches(name, unit.factors, n=1, cutoff=0.5)
    return near[0] if near else None


def _guess(value: float, unit: Unit) -> str:
    if unit is SHARE and 0 < value <= 1:
        return f"did you mean {value * 100:g} %?"
    kilo = f"k{unit.shown}"
    if kilo in unit.factors and 0 < value < 100:
        return f"did you mean {value:g} {kilo}?"
    return f"did you mean {unit.say(value * unit.factors[unit.shown])}?"


def _clean(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise QuantityInvalid(f'"{text[:20]}…" is far too long for one value')
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def _float(text: str) -> float:
    return float(text.replace("−", "-"))


def _say_duration(value: float) -> str:
    for name, size in (("year", 31536000.0), ("day", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if value >= size and value % size == 0:
            plural = "s" if value > size and name in {"year", "day"} else ""
            return f"{value / size:g} {name}{plural}"
    return f"{value:g} s"


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else _yaml(value)
