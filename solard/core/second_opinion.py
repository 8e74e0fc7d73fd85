"""A second opinion on the next hours of sun: mixed in as far as it has been right before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from solard.core.forecast import Forecast, ForecastSlot
from solard.core.told import ToldPower

DOUBT = 0.08
"""Eight quarter hours in which it would have moved the forecast by a tenth of the day's best."""
FADES = 0.99
"""What a quarter hour leaves of those before: half is gone after a day and a half of sun."""
SMALLEST_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How far an opinion was right where it differed: sums of least squares."""

    gain: float = 0.0
    """What was missed, times how far the opinion differed."""
    total: float = 0.0
    """How far it differed, squared."""

    @property
    def share(self) -> float:
        """Return 0..1: which part of a difference to follow."""
        return min(max(self.gain / (self.total + DOUBT), 0.0), 1.0)

    def after(self, said: "Said", true_w: float) -> "Trust":
        """Return the trust after a quarter hour has come true."""
        moved = (said.theirs_w - said.own_w) / said.scale_w
        missed = (true_w - said.own_w) / said.scale_w
        return Trust(
            gain=FADES * self.gain + moved * missed,
            total=FADES * self.total + moved * moved,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What both said of a quarter hour beforehand."""

    starts_at: datetime
    own_w: float
    theirs_w: float
    scale_w: float
    """The best that the panels were expected to do these days."""


def opinions(forecast: Forecast, words: Sequence[ToldPower]) -> tuple[Said, ...]:
    """Return what was said of quarter hours that begin later, theirs within the own quantiles.

    Whoever has an opinion may be wrong, or lie: it moves nothing further than is likely anyway.
    """
    told = {each.starts_at: each.power_w for each in words}
    scale_w = max((slot.pv_high_w for slot in forecast.slots), default=0.0)
    return tuple(
        Said(
            starts_at=slot.starts_at,
            own_w=slot.pv_w,
            theirs_w=min(max(told[slot.starts_at], slot.pv_low_w), slot.pv_high_w),
            scale_w=scale_w,
        )
        for slot in forecast.slots
        if slot.starts_at in told and slot.starts_at > forecast.issued_at and slot.pv_high_w > 0.0
    )


def learned(trust: Trust, said: Sequence[Said], true_w: Mapping[datetime, float]) -> Trust:
    """Return the trust after all quarter hours whose truth is known."""
    for each in said:
        if each.starts_at in true_w:
            trust = trust.after(each, true_w[each.starts_at])
    return trust


def mixed(forecast: Forecast, said: Sequence[Said], trust: Trust, name: str) -> Forecast:
    """Return a forecast that follows an opinion by the share that it has earned."""
    share = trust.share
    if not said or share < SMALLEST_SHARE:
        return forecast
    theirs_w = {each.starts_at: each.theirs_w for each in said}
    return replace(
        forecast,
        source=f"{forecast.source}; {name} by {share:.0%}",
        slots=tuple(_moved(slot, theirs_w.get(slot.starts_at), share) for slot in forecast.slots),
    )


def _moved(slot: ForecastSlot, theirs_w: float | None, share: float) -> ForecastSlot:
    if theirs_w is None:
        return slot
    return replace(slot, pv_w=slot.pv_w + share * (theirs_w - slot.pv_w))
