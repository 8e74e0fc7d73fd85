"""Quarter hours of a site: what the sun gave, and what it may give."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLOT_S = 900
SLOT = timedelta(seconds=SLOT_S)
SLOTS_PER_DAY = 96
MIN_GOOD_S = 600.0
"""A slot with less good data is no truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSlot:
    """PV energy of one quarter hour, measured."""

    starts_at: datetime
    pv_wh: float
    """For the whole slot: what was measured, scaled from the seconds of good data."""
    is_throttled: bool
    """The inverter held panels back, so the sun could have given more."""


def slot_start(moment: datetime) -> datetime:
    """Return the start of the quarter hour that a moment falls into."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def slot_of_day(starts_at: datetime) -> int:
    """Return 0..95 by UTC."""
    moment = starts_at.astimezone(UTC)
    return (moment.hour * 60 + moment.minute) // 15


def by_start(slots: Iterable[SiteSlot]) -> dict[datetime, SiteSlot]:
    """Return slots by their start."""
    return {slot.starts_at: slot for slot in slots}
