"""Bodies of other people's forecasts to values: the shapes that are known, and no trust in any.

Known are Open-Meteo's weather, Solcast (`forecasts` with `period_end`), Forecast.Solar
(`result.watts`), solard's own `/v1/forecast`, lists of objects with a time and a power, and CSV
with those names as its header. Stamps without an offset are local times of the site.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Any

from scheduler.sources.errors import SourceUnreadable
from scheduler.sources.rows import (
    LONGEST_STEP,
    MOST_ROWS,
    USUAL_STEP,
    as_moment,
    as_number,
    find_rows,
    known,
    read_body,
    spans_of,
    value_at,
)
from solard.core.told import ToldPower, ToldWeather

POWERS: Mapping[str, float] = {
    **dict.fromkeys(("pv_fc_w", "pv_w", "power_w", "watts", "power"), 1.0),
    **dict.fromkeys(("pv_kw", "power_kw", "pv_estimate", "pv_power_rooftop"), 1000.0),
}
"""Names of a power, and what makes watts of it; Solcast counts in kW."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a body says; one of both is filled."""

    power: tuple[ToldPower, ...] = ()
    weather: tuple[ToldWeather, ...] = ()


def read_words(body: bytes, zone: tzinfo) -> Words:
    """Return what a body says; raise SourceUnreadable with a sentence.

    Rows that cannot be are left out; where none is left the body is refused.
    """
    data = read_body(body, "a forecast")
    try:
        words = _read_data(data, zone)
    except OverflowError as err:
        raise SourceUnreadable("its stamps are at the end of time") from err
    if not words.power and not words.weather:
        raise SourceUnreadable("nothing in its answer can be used")
    return words


def _read_data(data: Any, zone: tzinfo) -> Words:
    weather = _open_meteo(data, zone)
    if weather is not None:
        return Words(weather=weather)
    watts = value_at(data, "result", "watts") or value_at(data, "watts")
    if isinstance(watts, dict):
        return Words(power=_stamped(watts, _zone_of(data, zone)))
    rows = find_rows(data)
    if rows is None:
        raise SourceUnreadable("its answer has a shape that is not known; see docs/configure.md")
    return _read_rows(rows, zone)


def _read_rows(rows: list[Any], zone: tzinfo) -> Words:
    """Return the words of objects with a time and a power, or a time and a weather."""
    spans = spans_of([row for row in rows if isinstance(row, dict)], zone)
    if any("ghi" in row or "shortwave_radiation" in row for _, _, row in spans[:1]):
        return Words(weather=known(_weather(start, end, row.get) for start, end, row in spans))
    return Words(power=known(_power(start, end, _watts(row)) for start, end, row in spans))


def _open_meteo(data: Any, zone: tzinfo) -> tuple[ToldWeather, ...] | None:
    """Return Open-Meteo's weather: columns; radiation is the mean over the time BEFORE a stamp."""
    block = value_at(data, "minutely_15") or value_at(data, "hourly")
    if not isinstance(block, dict) or not isinstance(block.get("time"), list):
        return None
    stamps = [as_moment(each, zone) for each in block["time"][:MOST_ROWS]]
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

    return known(
        _weather(ends_at - step, ends_at, row(index))
        for index, ends_at in enumerate(stamps)
        if ends_at is not None
    )


def _stamped(watts: Mapping[str, Any], zone: tzinfo) -> tuple[ToldPower, ...]:
    """Return Forecast.Solar's powers: each holds at its stamp, a slot is the mean of its ends."""
    points = sorted(
        (moment, power_w)
        for stamp, power in list(watts.items())[:MOST_ROWS]
        if (moment := as_moment(stamp, zone)) is not None
        and (power_w := as_number(power)) is not None
    )
    return known(
        _power(one, two, (one_w + two_w) / 2.0)
        for (one, one_w), (two, two_w) in pairwise(points)
        if one < two <= one + LONGEST_STEP
    )


def _zone_of(data: Any, zone: tzinfo) -> tzinfo:
    """Return the zone of Forecast.Solar's stamps: local ones, unless it was asked for UTC."""
    return UTC if value_at(data, "message", "info", "timezone") == "UTC" else zone


def _watts(row: Mapping[str, Any]) -> float | None:
    found = (
        (number, factor)
        for name, factor in POWERS.items()
        if (number := as_number(row.get(name))) is not None
    )
    number, factor = next(found, (None, 1.0))
    return None if number is None else number * factor


def _power(starts_at: datetime, ends_at: datetime, power_w: float | None) -> ToldPower | None:
    if power_w is None or not LOWEST_W <= power_w <= HIGHEST_W:
        return None
    return ToldPower(starts_at=starts_at, ends_at=ends_at, power_w=max(power_w, 0.0))


def _weather(
    starts_at: datetime, ends_at: datetime, value: Callable[[str], Any]
) -> ToldWeather | None:
    ghi, dni, dhi, air, wind = (
        next((number for name in names if (number := as_number(value(name))) is not None), None)
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
