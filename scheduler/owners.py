"""What the owner's rules leave, as arrays: a place for each step and each band of charge."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scheduler.case import PlanCase
from scheduler.dynamics import Array, Bounds, Options, Rows, make_options
from scheduler.fleet import make_fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Bounds and caps by place; the bands of a step lie side by side."""

    lines_kwh: Array
    """Where the bands of charge meet."""
    table_kw: Array
    """A column for each place: most, least, import, battery."""
    options: Options
    """By cap of a card."""
    caps: Rows
    """Which of them holds in each place."""

    def place(self, step: int, band: int) -> int:
        """Return the place of a step and a band."""
        return step * (self.lines_kwh.size + 1) + band

    def places(self, steps: Rows, stored_kwh: Array) -> Rows:
        """Return the places of some steps and what the battery holds in each."""
        bands = np.searchsorted(self.lines_kwh, stored_kwh, side="right")
        found: Rows = steps * (self.lines_kwh.size + 1) + bands
        return found

    def bands(self, charges_kwh: Array) -> Iterator[tuple[int, Array]]:
        """Yield each band with the charges in it."""
        cuts = np.searchsorted(charges_kwh, self.lines_kwh, side="left")
        yield from enumerate(np.split(charges_kwh, cuts))

    def bounds(self, places: Rows | int) -> Bounds:
        """Return the bounds of one place or of several."""
        most, least, bought, battery = self.table_kw[:, places]
        return Bounds(most_kw=most, least_kw=least, import_kw=bought, battery_kw=battery)

    def options_at(self, places: Rows | int) -> Options:
        """Return the ways to run the rig in one place or in several."""
        return self.options.at(self.caps[places])


def make_owners(case: PlanCase) -> Owners | None:
    """Return the arrays of a case's limits; None where nothing is limited."""
    limits, battery = case.limits, case.request.battery
    if limits is None:
        return None
    flat = [one for row in limits.bands for one in row]
    caps_w = sorted({one.card_at_most_w for one in flat}, reverse=True)
    fleets = [make_fleet(case.request, cap_w) for cap_w in caps_w]
    full_kwh = 0.0 if battery is None else battery.capacity_wh / 1000.0
    rows = [
        [one.at_most_w, one.at_least_w, one.import_at_most_w, one.battery_at_most_w] for one in flat
    ]
    return Owners(
        lines_kwh=np.array(limits.lines_soc) * full_kwh,
        table_kw=np.array(rows).T / 1000.0,
        # Two at least, so that the caps have an axis of their own.
        options=make_options([*fleets, fleets[-1]]),
        caps=np.array([caps_w.index(one.card_at_most_w) for one in flat]),
    )
