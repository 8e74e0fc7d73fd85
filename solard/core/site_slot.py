"""What the site did in one quarter of an hour: the history that forecast and ledger learn from."""

from dataclasses import dataclass
from datetime import datetime

SLOT_S = 900
"""Slots start at UTC quarter hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSlot:
    """Energy of one quarter of an hour, Wh, over the seconds in which it was known.

    A quantity is None where it was never known in the slot. All energies are ≥ 0: import and
    export, charge and discharge have fields of their own.
    """

    starts_at: datetime
    pv_wh: float | None
    house_wh: float | None
    """Load without this rig."""
    rig_wh: float | None
    grid_in_wh: float | None
    grid_out_wh: float | None
    battery_in_wh: float | None
    battery_out_wh: float | None
    generator_wh: float | None
    throttled_s: float
    """Seconds in which the panels were held back: they teach a forecast nothing."""
    good_s: float
    """Seconds with good data for sun, house and rig, at most 900."""
