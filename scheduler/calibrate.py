"""Learn a calibration from a site's own history: pure arithmetic on quarter hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from statistics import quantiles

from scheduler.house import learn_house
from scheduler.outlook import expect_share
from scheduler.sky import PastSky, SeenSlot, correct
from solard.core.calibration import AZIMUTH_BIN_DEG, Calibration, LeadSpread
from solard.core.site_slot import SiteSlot
from solard.core.units import SECONDS_PER_HOUR, clamp

BINS = round(360.0 / AZIMUTH_BIN_DEG)
CLEAR_QUANTILE = 0.95
"""Of the measured share of the modelled sky: what a clear moment looks like here."""
MODEL_TRUST = 40.0
"""So many measured slots count as much as the model, and half as many of one direction as the
whole sky: a fortnight overrules a wrong roof, one morning does not."""
HIGHEST_SHAPE = 4.0
SPREAD_LEADS_H = (1.0, 3.0, 12.0, 48.0)
SPREAD_SAMPLES = 6
"""Leads tried in each of them."""
REPLAY_DAYS = 14
REPLAY_EVERY = timedelta(hours=3)
LEAST_ERRORS = 30
ERROR_PARTS = 16
"""P10 and P90 are cut at 1/16 and 15/16 of the errors on the days learned from: the days to come
are a little less like them. On a year of a French home that covers 72–85 % by season and lead."""
UNKNOWN_SPREAD = (-0.45, 0.3)
"""Of a site that has no errors of its own yet."""


def calibrate(
    history: Sequence[SiteSlot], seen: Sequence[SeenSlot], made_at: datetime, zone: tzinfo
) -> Calibration:
    """Return what the history teaches; with none the model is believed as it is.

    Args:
        history: Every quarter hour, for the house.
        seen: Those among them that teach something about the sun.
        made_at: When this is learned.
        zone: The site's, for the week of the house.
    """
    calibration = Calibration(
        made_at=made_at,
        learned_slots=len(seen),
        shape=_learn_shape(seen),
        spreads=(),
        house_w=learn_house(history, zone),
    )
    return Calibration(
        made_at=made_at,
        learned_slots=calibration.learned_slots,
        shape=calibration.shape,
        spreads=_learn_spreads(correct(seen, calibration), made_at),
        house_w=calibration.house_w,
    )


def _learn_shape(seen: Sequence[SeenSlot]) -> tuple[float, ...]:
    bins: list[list[float]] = [[] for _ in range(BINS)]
    for slot in seen:
        bins[int(slot.azimuth_deg % 360.0 / AZIMUTH_BIN_DEG) % BINS].append(slot.share)
    overall = _drawn(_clear([share for each in bins for share in each]), len(seen), 1.0)
    return tuple(
        clamp(_drawn(_clear(each), 2 * len(each), overall), 0.02, HIGHEST_SHAPE) for each in bins
    )


def _drawn(value: float, count: int, towards: float) -> float:
    return (count * value + MODEL_TRUST * towards) / (count + MODEL_TRUST)


def _clear(shares: list[float]) -> float:
    """Return the share at which the sky was about clear; outliers above it do not count."""
    ordered = sorted(shares)
    return ordered[int(CLEAR_QUANTILE * (len(ordered) - 1))] if ordered else 0.0


def _learn_spreads(seen: Sequence[SeenSlot], made_at: datetime) -> tuple[LeadSpread, ...]:
    """Return the quantiles of the errors that this very method would have made."""
    past = PastSky(seen)
    by_start = {slot.starts_at: clamp(slot.share, 0.0, 1.0) for slot in seen}
    shortest_h, spreads = 0.0, []
    for until_h in SPREAD_LEADS_H:
        step_h = (until_h - shortest_h) / SPREAD_SAMPLES
        leads_h = [shortest_h + step_h * (index + 0.5) for index in range(SPREAD_SAMPLES)]
        errors = [
            by_start[starts_at] - expect_share(past, issued_at, lead_h)
            for issued_at in _issues(made_at)
            for lead_h in leads_h
            if (starts_at := _slot_at(issued_at, lead_h)) in by_start
        ]
        low, high = UNKNOWN_SPREAD
        if len(errors) >= LEAST_ERRORS:
            cuts = quantiles(errors, n=ERROR_PARTS, method="inclusive")
            low, high = min(0.0, cuts[0]), max(0.0, cuts[-1])
        spreads.append(LeadSpread(until_h=until_h, low=low, high=high))
        shortest_h = until_h
    return tuple(spreads)


def _issues(made_at: datetime) -> list[datetime]:
    """Return the moments at which the method is tried, from the second day on."""
    count = int(timedelta(days=REPLAY_DAYS) / REPLAY_EVERY)
    return [made_at - REPLAY_EVERY * index for index in range(1, count)]


def _slot_at(issued_at: datetime, lead_h: float) -> datetime:
    moment_s = issued_at.timestamp() + lead_h * SECONDS_PER_HOUR
    return datetime.fromtimestamp(moment_s // 900.0 * 900.0, tz=issued_at.tzinfo)
