"""Rows of history: minutes, the ledger's quarter hours, and rewards of the chain."""

from dataclasses import dataclass
from datetime import datetime

from solard.core.ledger import SourceEnergy
from solard.core.site_slot import SiteSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Means over one minute, in W with the signs of `SiteState`; None where never known."""

    seq: int
    """Counts the minutes since the daemon's start: the row's key, whatever the wall clock does."""
    starts_at: datetime
    pv_w: float | None
    house_w: float | None
    rig_w: float | None
    grid_w: float | None
    battery_w: float | None
    generator_w: float | None
    soc: float | None
    good_s: float
    """Seconds with good data for sun, house and rig, at most 60."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """A quarter hour of the site, finished or still growing: a later row replaces an earlier."""

    seq: int
    """Counts the slots since the daemon's start."""
    day: str
    """ISO date at the site."""
    slot: SiteSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRow:
    """A quarter hour of the ledger: where the rig's energy came from and what it cost."""

    seq: int
    """Counts the slots since the daemon's start, in step with `SlotRow`."""
    day: str
    """ISO date at the site."""
    starts_at: datetime
    sources: SourceEnergy
    idle_wh: float
    """Part of the rig's energy that went to host and parked cards."""
    cost: float | None
    """Price of the grid energy in the tariff's currency; None when that price is unknown."""
    lost_feed_in: float | None
    """What export would have paid for the sun that the rig took; None when unknown."""
    counted_s: float
    """Seconds in which the sources were known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What one hotkey earned in one block; the chain is its truth."""

    network: str
    block: int
    hotkey: str
    netuid: int
    role: str
    """`miner` or `validator`."""
    rao: int
    day: str
    """ISO date at the site when we first heard of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRows:
    """What accounting hands to the store after a tick."""

    samples: tuple[Sample, ...] = ()
    slots: tuple[SlotRow, ...] = ()
    energy: tuple[EnergyRow, ...] = ()

    def plus(self, other: "HistoryRows") -> "HistoryRows":
        """Return both, in order."""
        return HistoryRows(
            samples=self.samples + other.samples,
            slots=self.slots + other.slots,
            energy=self.energy + other.energy,
        )
