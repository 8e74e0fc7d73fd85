"""Days as CSV: for a spreadsheet, or whoever does the books."""

import csv
import io
from collections.abc import Iterable

from solard.core.units import RAO_PER_TAO
from solard.core.view import EarningsDay

COLUMNS = (
    *("day", "miner_tao", "validator_tao", "energy_kwh", "sun_kwh", "hidden_sun_kwh"),
    *("battery_kwh", "grid_kwh", "generator_kwh", "idle_kwh", "cost", "lost_feed_in"),
)


def to_csv(days: Iterable[EarningsDay]) -> str:
    """Return one row a day, oldest first; empty where a number is not known.

    `cost` and `lost_feed_in` are in the tariff's currency.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(day) for day in sorted(days, key=lambda one: one.day))
    return text.getvalue()


def _row(day: EarningsDay) -> tuple[str, ...]:
    one = day.sources
    energies_wh = (
        *(one.total_wh, one.sun_wh, one.hidden_sun_wh),
        *(one.battery_wh, one.grid_wh, one.generator_wh, day.idle_wh),
    )
    return (
        day.day,
        *(f"{rao / RAO_PER_TAO:.9f}" for rao in (day.miner_rao, day.validator_rao)),
        *(f"{energy_wh / 1000.0:.3f}" for energy_wh in energies_wh),
        *("" if money is None else f"{money:.4f}" for money in (day.cost, day.lost_feed_in)),
    )
