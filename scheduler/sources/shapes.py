"""Bodies of other people's forecasts to values: the shapes that are known, and no trust in any.

Known are Open-Meteo's weather, Solcast (`forecasts` with `period_end`), Forecast.Solar
(`result.watts`), solard's own `/v1/forecast`, lists of objects with a time and a power, and CSV
with those names as its header. Stamps without an offset are local times of the site.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise, zip_longest
from typing import Any, TypeVar

from scheduler.sources.errors import SourceUnreadable
from solard.core.told import ToldPower, ToldWeather

T = TypeVar("T")

STARTS = ("starts_at", "time_utc", "period_start", "start", "time", "timestamp", "datetime", "date")
ENDS = ("ends_at", "period_end", "end")
POWERS: Mapping[str, float] = {
    **dict.fromkeys(("pv_fc_w", "pv_w", "power_w", "watts", "power"), 1.0),
    **dict.fromkeys(("pv_kw", "power_kw", "pv_estimate", "pv_power_rooftop"), 1000.0),
}
"""Names of a power, and what makes watts of it; Solcast counts in kW."""
LONGEST_STEP = timedelta(hours=3)
"""Two stamps further apart are a gap: nights are left out by some."""
USUAL_STEP = timedelta(hours=1)
HIGHEST_W = 1e8
LOWEST_W = -50.0
HIGHEST_W_M2 = 1600.0
"""At the edge of bright clouds; the sun above the air gives 1361."""
WEATHER = (
    ("shortwave_radiation", "ghi"),
    ("direct_normal_irradiance", "dni"),
    ("diffuse_radiation", "dhi"),
    ("temperature_2m", "temp_air"),
    ("wind_speed_10m", "wind_speed"),
)
"""Open-Meteo's names and pvlib's."""
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a body says; one of both is filled."""

    power: tuple[ToldPower, ...] = ()
    weather: tuple[ToldWeather, ...] = ()


def read_words(body: bytes, zone: tzinfo) -> Words:
    """Return what a body says; raise SourceUnreadable with a sentence.

    Rows that cannot be are left out; where none is left the body is refused.
    """
    text = body.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        raise SourceUnreadable("it sent a web page, not a forecast")
    try:
        words = _read_json(text, zone) if text[:1] in ("{", "[") else _read_csv(text, zone)
    except OverflowError as err:
        raise SourceUnreadable("its stamps are at the end of time") from err
    if not words.power and not words.weather:
        raise SourceUnreadable("nothing in its answer can be used")
    return words


def _read_json(text: str, zone: tzinfo) -> Words:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise SourceUnreadable(f"its answer is no JSON: {str(err)[:100]}") from err
    weather = _open_meteo(data, zone)
    if weather is not None:
        return Words(weather=weather)
    watts = _at(data, "result", "watts") or _at(data, "watts")
    if isinstance(watts, dict):
        return Words(power=_stamped(watts, _zone_of(data, zone)))
    rows = _rows(data)
    if rows is None:
        raise SourceUnreadable("its answer has a shape that is not known; see docs/configure.md")
    return _read_rows(rows, zone)


def _read_csv(text: str, zone: tzinfo) -> Words:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        rows = list(csv.DictReader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error as err:
        raise SourceUnreadable(f"its answer is no CSV: {err}") from err
    return _read_rows(rows, zone)


def _read_rows(rows: list[Any], zone: tzinfo) -> Words:
    """Return the words of objects with a time and a power, or a time and a weather."""
    if len(rows) > MOST_ROWS:
        raise SourceUnreadable(f"its answer has {len(rows)} rows; {MOST_ROWS} are the most")
    spans = _spans([row for row in rows if isinstance(row, dict)], zone)
    if any("ghi" in row or "shortwave_radiation" in row for _, _, row in spans[:1]):
        return Words(weather=_known(_weather(start, end, row.get) for start, end, row in spans))
    return Words(power=_known(_power(start, end, _watts(row)) for start, end, row in spans))


def _spans(
    rows: list[Mapping[str, Any]], zone: tzinfo
) -> list[tuple[datetime, datetime, Mapping[str, Any]]]:
    """Return rows in order of time with their beginnings and ends; of equal ones the last."""
    begun: dict[datetime, tuple[datetime | None, Mapping[str, Any]]] = {}
    for row in rows:
        starts_at, ends_at = (_first(row, names, zone) for names in (STARTS, ENDS))
        if starts_at is None and ends_at is not None:
            starts_at = ends_at - _period(row)
        if starts_at is not None:
            begun[starts_at] = (ends_at, row)
    stamps = sorted(begun)
    spans = []
    step = USUAL_STEP
    for starts_at, following in zip_longest(stamps, stamps[1:]):
        ends_at, row = begun[starts_at]
        if ends_at is None and following is not None and following - starts_at <= LONGEST_STEP:
            step = following - starts_at
        ends_at = ends_at or starts_at + step
        if starts_at < ends_at <= starts_at + LONGEST_STEP:
            spans.append((starts_at, ends_at, row))
    return spans


def _open_meteo(data: Any, zone: tzinfo) -> tuple[ToldWeather, ...] | None:
    """Return Open-Meteo's weather: columns; radiation is the mean over the time BEFORE a stamp."""
    block = _at(data, "minutely_15") or _at(data, "hourly")
    if not isinstance(block, dict) or not isinstance(block.get("time"), list):
        return None
    stamps = [_moment(each, zone) for each in block["time"][:MOST_ROWS]]
    step = min(
        (two - one for one, two in pairwise(stamps) if one and two and two > one),
        default=USUAL_STEP,
    )
    columns = {
        name: column for names in WEATHER for name in names
        if isinstance(column := block.get(name), list)
    }  # fmt: skip

    def row(index: int) -> Callable[[str], Any]:
        here = {name: column[index] for name, column in columns.items() if index < len(column)}
        return here.get

    return _known(
        _weather(ends_at - step, ends_at, row(index))
        for index, ends_at in enumerate(stamps)
        if ends_at is not None
    )


def _stamped(watts: Mapping[str, Any], zone: tzinfo) -> tuple[ToldPower, ...]:
    """Return Forecast.Solar's powers: each holds at its stamp, a slot is the mean of its ends."""
    points = sorted(
        (moment, power_w)
        for stamp, power in list(watts.items())[:MOST_ROWS]
        if (moment := _moment(stamp, zone)) is not None and (power_w := _number(power)) is not None
    )
    return _known(
        _power(one, two, (one_w + two_w) / 2.0)
        for (one, one_w), (two, two_w) in pairwise(points)
        if one < two <= one + LONGEST_STEP
    )


def _rows(data: Any) -> list[Any] | None:
    """Return the list of rows wherever the known shapes keep it."""
    if isinstance(data, list):
        return data
    for path in (("forecasts",), ("forecast", "slots"), ("forecast",), ("slots",), ("data",)):
        found = _at(data, *path)
        if isinstance(found, list):
            return found
    return None


def _at(data: Any, *path: str) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _zone_of(data: Any, zone: tzinfo) -> tzinfo:
    """Return the zone of Forecast.Solar's stamps: local ones, unless it was asked for UTC."""
    return UTC if _at(data, "message", "info", "timezone") == "UTC" else zone


def _first(row: Mapping[str, Any], names: Iterable[str], zone: tzinfo) -> datetime | None:
    moments = (_moment(row[name], zone) for name in names if name in row)
    return next((moment for moment in moments if moment is not None), None)


def _period(row: Mapping[str, Any]) -> timedelta:
    """Return an ISO 8601 duration of hours or minutes, as Solcast's `PT30M`."""
    said = re.fullmatch(r"PT(\d{1,3})([MH])", str(row.get("period", "")))
    if said is None:
        return timedelta(minutes=30)
    return int(said[1]) * (timedelta(minutes=1) if said[2] == "M" else timedelta(hours=1))


def _moment(stamp: Any, zone: tzinfo) -> datetime | None:
    """Return a moment of Unix seconds or ISO 8601; without an offset it is a local time."""
    seconds = _number(stamp)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, tz=UTC)
        text = re.sub(r"(\.\d{6})\d+", r"\1", str(stamp).strip())
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _watts(row: Mapping[str, Any]) -> float | None:
    found = (
        (number, factor)
        for name, factor in POWERS.items()
        if (number := _number(row.get(name))) is not None
    )
    number, factor = next(found, (None, 1.0))
    return None if number is None else number * factor


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _power(starts_at: datetime, ends_at: datetime, power_w: float | None) -> ToldPower | None:
    if power_w is None or not LOWEST_W <= power_w <= HIGHEST_W:
        return None
    return ToldPower(starts_at=starts_at, ends_at=ends_at, power_w=max(power_w, 0.0))


def _weather(
    starts_at: datetime, ends_at: datetime, value: Callable[[str], Any]
) -> ToldWeather | None:
    ghi, dni, dhi, air, wind = (
        next((number for name in names if (number := _number(value(name))) is not None), None)
        for names in WEATHER
    )
    if ghi is None or dni is None or dhi is None:
        return None
    if not all(LOWEST_W <= each <= HIGHEST_W_M2 for each in (ghi, dni, dhi)):
        return None
    return ToldWeather(
        starts_at=starts_at,
        ends_at=ends_at,
        ghi_w_m2=max(ghi, 0.0),
        dni_w_m2=max(dni, 0.0),
        dhi_w_m2=max(dhi, 0.0),
        air_c=air if air is not None and -90.0 <= air <= 60.0 else 15.0,
        wind_m_s=wind if wind is not None and 0.0 <= wind <= 100.0 else 2.0,
    )


def _known(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(value for value in values if value is not None)
