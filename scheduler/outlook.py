"""Clear sky times what the site's own history says of its sky: pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from statistics import fmean, quantiles

from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR, clamp

DAYLIGHT_SHARE = 0.05
"""Of the brightest slot: darker ones say nothing about the sky."""
RECENT_S = 3 * 3600.0
FADE_H = 5.0
"""How fast the sky of the last hours stops saying something about the sky to come."""
CLEAR_QUANTILE = 0.9
"""Of the measured share of clear sky: what a clear moment looks like at this site."""
SHAPE_SLOTS = 12
"""A quarter hour of the day needs so many hours' worth of samples to bend the curve fully."""
DEFAULT_SPREAD = 0.3
"""Half of P10..P90, as a share of clear sky, before the site has errors of its own."""
SPREAD_LEADS_H = (1.0, 3.0, 12.0, 48.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSlot:
    """A past quarter hour: measured sun and what a clear sky would have given."""

    starts_at: datetime
    pv_wh: float
    clear_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the history says of this site."""

    shape: tuple[float, ...]
    """For each hour of the UTC day: measured over modelled power when the sky is clear."""
    usual: float
    """Mean share of the calibrated clear sky."""
    spreads: tuple[tuple[float, float], ...]
    """P10 and P90 of the error of the share, for each of `SPREAD_LEADS_H`."""


def usable(history: Sequence[SiteSlot], clear_wh: Sequence[float]) -> tuple[ClearSlot, ...]:
    """Return the daylight quarter hours that teach something: good, and not held back."""
    brightest = max(clear_wh, default=0.0)
    return tuple(
        ClearSlot(starts_at=slot.starts_at, pv_wh=slot.pv_wh * SLOT_S / slot.good_s, clear_wh=wh)
        for slot, wh in zip(history, clear_wh, strict=True)
        if wh > DAYLIGHT_SHARE * brightest
        and slot.pv_wh is not None
        and slot.good_s >= SLOT_S / 2
        and slot.throttled_s == 0.0
    )


def calibrate(slots: Sequence[ClearSlot]) -> Calibration:
    """Return the site's calibration; with no history the model is believed as it is."""
    shape = _shape(slots)
    known = [_scaled(slot, shape) for slot in slots]
    usual = _share(known) if known else 0.7
    return Calibration(shape=shape, usual=usual, spreads=_spreads(known, usual))


def expect(
    calibration: Calibration,
    recent: Sequence[ClearSlot],
    issued_at: datetime,
    starts_at: datetime,
    clear_w: float,
) -> tuple[float, float, float]:
    """Return P50, P10 and P90 in W of a coming slot; P90 is never above the calibrated clear sky.

    `recent` are usable slots; those of the last three hours count, fading with lead.
    """
    full_w = clear_w * calibration.shape[starts_at.hour]
    lead_h = max(0.0, (starts_at - issued_at).total_seconds() / SECONDS_PER_HOUR)
    now = _recent_share(recent, calibration, issued_at)
    weight = 0.0 if now is None else exp(-lead_h / FADE_H)
    share = clamp((1.0 - weight) * calibration.usual + weight * (now or 0.0), 0.0, 1.0)
    bucket = next(i for i, last_h in enumerate(SPREAD_LEADS_H) if lead_h <= last_h or i == 3)
    low, high = calibration.spreads[bucket]
    return (
        full_w * share,
        full_w * clamp(share + low, 0.0, share),
        full_w * clamp(share + high, share, 1.0),
    )


def house_profile(history: Sequence[SiteSlot], offset_s: int) -> dict[tuple[bool, int], float]:
    """Return the mean house load in W by (weekend, quarter hour of the local day)."""
    sums: dict[tuple[bool, int], list[float]] = {}
    for slot in history:
        if slot.house_wh is None or slot.good_s < SLOT_S / 2:
            continue
        power_w = slot.house_wh * SECONDS_PER_HOUR / slot.good_s
        sums.setdefault(_time_of_week(slot.starts_at, offset_s), []).append(power_w)
    return {key: fmean(powers) for key, powers in sums.items()}


def house_w(profile: dict[tuple[bool, int], float], starts_at: datetime, offset_s: int) -> float:
    """Return the expected house load; the other kind of day, then the mean, fill gaps."""
    weekend, quarter = _time_of_week(starts_at, offset_s)
    for key in ((weekend, quarter), (not weekend, quarter)):
        if key in profile:
            return profile[key]
    return fmean(profile.values()) if profile else 300.0


def _time_of_week(moment: datetime, offset_s: int) -> tuple[bool, int]:
    local = moment + timedelta(seconds=offset_s)
    return local.weekday() >= 5, local.hour * 4 + local.minute // 15


def _shape(slots: Sequence[ClearSlot]) -> tuple[float, ...]:
    """Return measured over modelled clear power by hour, drawn towards the day's mean."""
    if not slots:
        return (1.0,) * 24
    overall = _clear_ratio(slots)
    by_hour: list[list[ClearSlot]] = [[] for _ in range(24)]
    for slot in slots:
        by_hour[slot.starts_at.hour].append(slot)
    shape = []
    for each in by_hour:
        weight = min(1.0, len(each) / (4.0 * SHAPE_SLOTS))
        ratio = _clear_ratio(each) if each else overall
        shape.append((1.0 - weight) * overall + weight * ratio)
    return tuple(shape)


def _clear_ratio(slots: Sequence[ClearSlot]) -> float:
    ratios = sorted(slot.pv_wh / slot.clear_wh for slot in slots)
    return max(0.05, ratios[min(len(ratios) - 1, int(CLEAR_QUANTILE * len(ratios)))])


def _scaled(slot: ClearSlot, shape: tuple[float, ...]) -> ClearSlot:
    full_wh = slot.clear_wh * shape[slot.starts_at.hour]
    return ClearSlot(starts_at=slot.starts_at, pv_wh=slot.pv_wh, clear_wh=full_wh)


def _share(slots: Sequence[ClearSlot]) -> float:
    clear_wh = sum(slot.clear_wh for slot in slots)
    return clamp(sum(slot.pv_wh for slot in slots) / clear_wh, 0.0, 1.0) if clear_wh else 0.0


def _recent_share(
    slots: Sequence[ClearSlot], calibration: Calibration, issued_at: datetime
) -> float | None:
    since = issued_at - timedelta(seconds=RECENT_S)
    recent = [_scaled(s, calibration.shape) for s in slots if since <= s.starts_at < issued_at]
    return _share(recent) if recent else None


def _spreads(slots: Sequence[ClearSlot], usual: float) -> tuple[tuple[float, float], ...]:
    """Return P10 and P90 of the error that this very method would have made, by lead."""
    spreads = []
    previous_h = 0.0
    for last_h in SPREAD_LEADS_H:
        lead_h = (previous_h + min(last_h, 24.0)) / 2.0
        errors = _errors(slots, usual, lead_h)
        if len(errors) < 20:
            spreads.append((-DEFAULT_SPREAD, DEFAULT_SPREAD))
        else:
            cuts = quantiles(errors, n=10, method="inclusive")
            spreads.append((min(0.0, cuts[0]), max(0.0, cuts[-1])))
        previous_h = last_h
    return tuple(spreads)


def _errors(slots: Sequence[ClearSlot], usual: float, lead_h: float) -> list[float]:
    by_start = {slot.starts_at: slot for slot in slots}
    lead = timedelta(seconds=round(lead_h * 4) * SLOT_S)
    weight = exp(-lead_h / FADE_H)
    errors = []
    for slot in slots:
        before = by_start.get(slot.starts_at - lead)
        now = usual if before is None else clamp(before.pv_wh / before.clear_wh, 0.0, 1.0)
        expected = (1.0 - weight) * usual + weight * now
        errors.append(clamp(slot.pv_wh / slot.clear_wh, 0.0, 1.0) - expected)
    return errors
