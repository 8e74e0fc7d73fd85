"""Count how good forecasts were: of the archive, or those a recording would have seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from scheduler.sky import QUARTERS, Flags, Floats, Ints
from solard.core.forecast import Forecast
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.skill import Skill, SkillRow
from solard.core.units import SECONDS_PER_HOUR

BANDS_H = ((0.0, 1.0), (1.0, 3.0), (3.0, 12.0), (12.0, 24.0), (24.0, 48.0))
KINDS = ("own", "yesterday", "index", "told", "corrected")
DAY_SHARE = 0.05
"""Of the brightest clear sky, or of the highest P90: what counts as day for provider and cover."""
THROTTLED_SHARE = 0.05


@dataclass(slots=True)
class SkillCount:
    """Adds up errors, forecast by forecast, against a truth on a grid of quarter hours."""

    first_s: int
    truth_w: Floats
    """NaN = unknown or held back."""
    brightest_w: float
    _sums: Floats = field(init=False)
    _counts: Floats = field(init=False)
    _inside: Floats = field(init=False)
    _days: Floats = field(init=False)
    _issued: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sums = np.zeros((len(KINDS), len(BANDS_H)))
        self._counts = np.zeros((len(KINDS), len(BANDS_H)))
        self._inside = np.zeros((4, len(BANDS_H)))
        self._days = np.zeros((4, len(BANDS_H)))

    def add(
        self,
        issued_at: datetime,
        starts_at: datetime,
        *,
        middle_w: Floats,
        low_w: Floats,
        high_w: Floats,
        told_w: Floats,
        index_w: Floats | None = None,
    ) -> None:
        """Compare one forecast in quarter hours with what came of it.

        Args:
            issued_at: When it was made.
            starts_at: Of its first quarter hour.
            middle_w: P50.
            low_w: P10.
            high_w: P90.
            told_w: What a provider had said; NaN = nothing.
            index_w: Clear sky × one index, where that is known.
        """
        first = int((starts_at.timestamp() - self.first_s) // SLOT_S)
        count = min(len(middle_w), len(self.truth_w) - first)
        if first < 0 or count <= 0:
            return
        self._issued.append(issued_at)
        ahead = np.arange(first, first + count)
        truth_w = self.truth_w[ahead]
        bands = _bands(np.arange(count))
        day = high_w[:count] > DAY_SHARE * self.brightest_w
        told = told_w[:count]
        self._add("own", bands, middle_w[:count] - truth_w)
        self._add("yesterday", bands, self._yesterday(first, ahead) - truth_w)
        self._add("told", bands, np.where(day, told - truth_w, np.nan))
        own_told = np.where(np.isfinite(told) & day, middle_w[:count] - truth_w, np.nan)
        self._add("corrected", bands, own_told)
        if index_w is not None:
            self._add("index", bands, index_w[:count] - truth_w)
        inside = (truth_w >= low_w[:count] - 1e-6) & (truth_w <= high_w[:count] + 1e-6)
        self._cover(starts_at, bands, inside, day & np.isfinite(truth_w))

    def skill(self) -> Skill:
        """Return the sums so far as means."""
        known = self.truth_w[np.isfinite(self.truth_w)]
        means = np.divide(
            self._sums, self._counts, out=np.full(self._sums.shape, np.nan), where=self._counts > 0
        )
        return Skill(
            first_at=min(self._issued, default=None),
            last_at=max(self._issued, default=None),
            forecasts=len(self._issued),
            mean_pv_w=float(known.mean()) if len(known) else None,
            rows=tuple(self._row(band, means) for band in range(len(BANDS_H))),
        )

    def _add(self, kind: str, bands: Ints, errors: Floats) -> None:
        known = np.isfinite(errors)
        row = KINDS.index(kind)
        count = len(BANDS_H)
        self._sums[row] += np.bincount(bands[known], np.abs(errors[known]), count)[:count]
        self._counts[row] += np.bincount(bands[known], minlength=count)[:count]

    def _yesterday(self, first: int, ahead: Ints) -> Floats:
        """Return what the same time of the last day gave that was over when it was issued."""
        days = (ahead - first) // QUARTERS + 1
        past = ahead - days * QUARTERS
        return np.where(past >= 0, self.truth_w[np.maximum(past, 0)], np.nan)

    def _cover(self, starts_at: datetime, bands: Ints, inside: Flags, counted: Flags) -> None:
        season = starts_at.month % 12 // 3
        count = len(BANDS_H)
        self._days[season] += np.bincount(bands[counted], minlength=count)[:count]
        self._inside[season] += np.bincount(bands[counted & inside], minlength=count)[:count]

    def _row(self, band: int, means: Floats) -> SkillRow:
        own, yesterday, index, told, corrected = (_known(each) for each in means[:, band])
        winter, spring, summer, autumn = (
            _share(self._inside[season, band], self._days[season, band]) for season in range(4)
        )
        from_h, until_h = BANDS_H[band]
        return SkillRow(
            from_h=from_h,
            until_h=until_h,
            slots=int(self._counts[0, band]),
            mae_w=own,
            yesterday_mae_w=yesterday,
            index_mae_w=index,
            told_mae_w=told,
            corrected_mae_w=corrected,
            covered_share=_share(self._inside[:, band].sum(), self._days[:, band].sum()),
            season_covered_share=(winter, spring, summer, autumn),
        )


def archive_skill(forecasts: Iterable[Forecast], history: Sequence[SiteSlot]) -> Skill:
    """Return how good forecasts as issued were, against the site's own quarter hours."""
    if not history:
        return SkillCount(first_s=0, truth_w=np.zeros(0), brightest_w=0.0).skill()
    first_s = int(min(slot.starts_at for slot in history).timestamp())
    last_s = int(max(slot.starts_at for slot in history).timestamp())
    truth_w = np.full((last_s - first_s) // SLOT_S + 1, np.nan)
    for slot in history:
        if slot.pv_wh is not None and _teaches(slot):
            index = int(slot.starts_at.timestamp() - first_s) // SLOT_S
            truth_w[index] = slot.pv_wh * SECONDS_PER_HOUR / slot.good_s
    known = truth_w[np.isfinite(truth_w)]
    count = SkillCount(first_s=first_s, truth_w=truth_w, brightest_w=float(known.max(initial=0.0)))
    for forecast in forecasts:
        add_forecast(count, forecast)
    return count.skill()


def add_forecast(count: SkillCount, forecast: Forecast) -> None:
    """Compare one forecast of the archive; it must be in quarter hours, as ours are."""
    slots = forecast.slots
    if not slots or slots[0].ends_at - slots[0].starts_at != timedelta(seconds=SLOT_S):
        return
    count.add(
        forecast.issued_at,
        slots[0].starts_at,
        middle_w=np.array([slot.pv_w for slot in slots]),
        low_w=np.array([slot.pv_low_w for slot in slots]),
        high_w=np.array([slot.pv_high_w for slot in slots]),
        told_w=np.array([np.nan if slot.told_w is None else slot.told_w for slot in slots]),
    )


def _teaches(slot: SiteSlot) -> bool:
    return slot.good_s >= SLOT_S / 2 and slot.throttled_s <= THROTTLED_SHARE * SLOT_S


def _bands(leads: Ints) -> Ints:
    ends = [until_h * 4.0 for _, until_h in BANDS_H[:-1]]
    return np.asarray(np.searchsorted(ends, leads, side="right"), dtype=np.int64)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0.0 else None
