"""Bodies of other people's prices to values: the shapes that are known, and no trust in any.

Known are Energy-Charts (`unix_seconds` and `price`), aWATTar (`data` with `marketprice`), evcc's
tariffs (`rates`), lists of objects with a time and a price, and CSV with those names as its header.
Where neither the name nor a `unit` says so, a price is per kWh.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from scheduler.sources.errors import SourceUnreadable
from scheduler.sources.rows import as_number, find_rows, read_body, spans_of
from solard.core.told import ToldPrice

NAMES: Mapping[str, float] = {
    **dict.fromkeys(("price_per_kwh", "eur_per_kwh", "value", "price", "total"), 1.0),
    **dict.fromkeys(("price_per_mwh", "eur_per_mwh", "marketprice"), 0.001),
}
"""Names of a price, and what makes money per kWh of it."""
HIGHEST_PER_KWH = 10.0
"""Beyond it, up or down, it is a mistake: the bounds of European exchanges are 4 and -0.5."""
MILLISECONDS = 1e11
"""Unix stamps above it count milliseconds: as seconds they would lie in the year 5138."""


def read_prices(body: bytes, zone: tzinfo) -> tuple[ToldPrice, ...]:
    """Return prices per kWh in order of time; raise SourceUnreadable with a sentence."""
    data = read_body(body, "prices")
    try:
        found = tuple(_slots(_rows(data), zone, data))
    except OverflowError as err:
        raise SourceUnreadable("its stamps are at the end of time") from err
    if not found:
        raise SourceUnreadable("nothing in its answer can be used as a price")
    return found


def _rows(data: Any) -> list[Any]:
    if isinstance(data, dict) and isinstance(data.get("unix_seconds"), list):
        prices = data.get("price")
        columns = zip(
            data["unix_seconds"], prices if isinstance(prices, list) else [], strict=False
        )
        return [{"start": stamp, "price": price} for stamp, price in columns]
    rows = find_rows(data)
    if rows is None:
        raise SourceUnreadable("its answer has a shape that is not known; see docs/configure.md")
    return [_in_seconds(row) for row in rows if isinstance(row, dict)]


def _in_seconds(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row whose stamps are seconds; aWATTar counts milliseconds."""
    stamps = {"start": row.get("start_timestamp"), "end": row.get("end_timestamp")}
    numbers = {name: number for name, one in stamps.items() if (number := as_number(one))}
    return {
        **row,
        **{name: one / 1000.0 if one > MILLISECONDS else one for name, one in numbers.items()},
    }


def _slots(rows: list[Any], zone: tzinfo, data: Any) -> Iterator[ToldPrice]:
    unit = data.get("unit") if isinstance(data, dict) else None
    last: datetime | None = None
    for starts_at, ends_at, row in spans_of(rows, zone):
        price = _price(row, unit)
        if price is None or (last is not None and starts_at < last):
            continue
        last = ends_at
        yield ToldPrice(starts_at=starts_at, ends_at=ends_at, price_per_kwh=price)


def _price(row: Mapping[str, Any], unit: Any) -> float | None:
    """Return a price per kWh; one that is stated per MWh is divided."""
    stated = str(row.get("unit") or unit or "").lower()
    for name, factor in NAMES.items():
        number = as_number(row.get(name))
        if number is None:
            continue
        price = number * (0.001 if "mwh" in stated else factor)
        return price if abs(price) <= HIGHEST_PER_KWH else None
    return None
