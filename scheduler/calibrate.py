"""Learn a calibration from a site's own history: pure arithmetic on quarter hours."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
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
"""So many measured slots count as much as the model: a week overrules it, a morning does not."""
SKY_TRUST = 4.0
"""So many of one direction count as much as the whole sky."""
HIGHEST_SHAPE = 12.0
"""Where the model sees hardly any sun and the true roof much."""
SPREAD_LEADS_H = (1.0, 3.0, 12.0, 48.0)
SPREAD_SAMPLES = 6
"""Leads tried in each of them."""
REPLAY_DAYS = 14
REPLAY_EVERY = timedelta(hours=3)
LEAST_ERRORS = 30
ERROR_PARTS = 20
"""P10 and P90 are cut at 5 % and 95 % of the errors on the days learned from: the days to come are
a little less like them. On a French home that covers 77–80 % in May and June, 76–79 % in October,
70–77 % around Christmas."""
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
    overall = _drawn(_clear(_daily_shares(seen)), len(seen), 1.0, MODEL_TRUST)
    return tuple(
        clamp(_drawn(_clear(each), len(each), overall, SKY_TRUST), 0.02, HIGHEST_SHAPE)
        for each in bins
    )


def _daily_shares(seen: Sequence[SeenSlot]) -> list[float]:
    """Return each day's energy over the model's: a roof turned away cannot distort it."""
    days: dict[date, list[SeenSlot]] = {}
    for slot in seen:
        days.setdefault(slot.starts_at.date(), []).append(slot)
    return [
        sum(slot.pv_w for slot in day) / sum(slot.clear_w for slot in day) for day in days.values()
    ]


def _drawn(value: float, count: int, towards: float, trust: float) -> float:
    return (count * value + trust * towards) / (count + trust)


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
