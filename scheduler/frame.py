"""A stretch of quarter hours with everything that an expectation looks at, and the looking."""

from dataclasses import dataclass

import numpy as np

from scheduler.nights import MOST_OF_CLEAR, Nights
from scheduler.sky import QUARTERS, Flags, Floats, Ints

WINDOWS = (1, 12, 96, 192)
"""Quarter hours: now, the last 3 h, 24 h, 48 h."""
ISSUED_WINDOWS = (3, 12, 96, 192)
NEAR, AROUND = 8, 40
"""A forecast's own 2 h and 10 h to each side: clouds that come at another time than it says."""
LEAST_LIGHT = 0.02
"""Of the brightest quarter hour for each of a window's (at most 4 h): less light says nothing."""
OWN = 3 + len(WINDOWS)
"""How many features the site's own past gives."""
ISSUED = OWN + 18 + len(ISSUED_WINDOWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Quarter hours in order, each seen with what was known on its own day."""

    row: Ints
    """Which night's curves hold for each."""
    clock: Ints
    height: Floats
    modelled_w: Floats
    is_seen: Flags
    is_issued: Flags
    issued_w: Floats
    share: Floats
    """Measured over the site's own clear sky, 0..1.15; 0 where unseen."""
    nights: Nights
    brightest_w: float
    sums: Floats
    """Running sums, a row each: measured, clear and usual light of seen quarter hours; error and
    light of issued ones; issued and clear light of any."""


def make_frame(
    *,
    row: Ints,
    clock: Ints,
    height: Floats,
    modelled_w: Floats,
    pv_w: Floats,
    is_seen: Flags,
    issued_w: Floats,
    is_issued: Flags,
    nights: Nights,
) -> Frame:
    """Return the frame; `pv_w` and `issued_w` are 0 where they are unknown."""
    clear_w = modelled_w * nights.clear[row, clock]
    given_w = np.minimum(pv_w, MOST_OF_CLEAR * clear_w)
    told_w = np.minimum(issued_w * nights.gain[row, clock], MOST_OF_CLEAR * clear_w)
    both = is_seen & is_issued
    parts = np.stack(
        [
            np.where(is_seen, given_w, 0.0),
            np.where(is_seen, clear_w, 0.0),
            np.where(is_seen, clear_w * nights.usual[row, clock], 0.0),
            np.where(both, given_w - told_w, 0.0),
            np.where(both, clear_w, 0.0),
            np.where(is_issued, told_w, 0.0),
            np.where(is_issued, clear_w, 0.0),
        ]
    )
    share = _over_light(given_w, clear_w, is_seen & (clear_w > 0.0))
    return Frame(
        row=row,
        clock=clock,
        height=height,
        modelled_w=modelled_w,
        is_seen=is_seen,
        is_issued=is_issued,
        issued_w=issued_w,
        share=share,
        nights=nights,
        brightest_w=float(clear_w.max(initial=0.0)),
        sums=np.concatenate([np.zeros((len(parts), 1)), np.cumsum(parts, axis=1)], axis=1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What can be seen at some moments of some later quarter hours; a row for each pair."""

    features: Floats
    usual: Floats
    clear_w: Floats
    """As known at the moment of looking."""


def look(frame: Frame, at: Ints, ahead: Ints, *, with_issued: bool) -> Look:
    """Return the features of quarter hours `ahead` seen at the beginning of quarter hours `at`.

    Only what began before `at` is looked at, beside the sun and what others had forecast.
    """
    night, clock = frame.row[np.minimum(at, len(frame.row) - 1)], frame.clock[ahead]
    clear_w = frame.modelled_w[ahead] * frame.nights.clear[night, clock]
    usual = frame.nights.usual[night, clock]
    strays = [_stray(frame, at, window) for window in WINDOWS]
    again = _again(frame, at, ahead, night, usual)
    columns = [np.ones(len(ahead)), *strays, usual - 0.65, again]
    if with_issued:
        told = _told(frame, ahead, night, clear_w)
        columns += _issued_features(frame, at, ahead, told, usual, strays)
    return Look(features=np.stack(columns, axis=1), usual=usual, clear_w=clear_w)


def _stray(frame: Frame, at: Ints, window: int) -> Floats:
    """Return by how much the last quarter hours were brighter than usual, as a share of clear."""
    given, clear, usual = _over(frame, slice(0, 3), at - window, at)
    enough = clear > LEAST_LIGHT * frame.brightest_w * min(window, 16)
    return _over_light(given - usual, clear, enough)


def _again(frame: Frame, at: Ints, ahead: Ints, night: Ints, usual: Floats) -> Floats:
    """Return by how much the same time of the last day that was over was brighter than usual."""
    past = ahead - QUARTERS * ((ahead - at) // QUARTERS + 1)
    place = np.maximum(past, 0)
    clock = frame.clock[place]
    clear_then = frame.nights.clear[frame.row[place], clock]
    share = frame.share[place] * clear_then / frame.nights.clear[night, clock]
    seen = frame.is_seen[place] & (past >= 0)
    return np.where(seen, np.clip(share, 0.0, MOST_OF_CLEAR) - usual, 0.0)


def _error(frame: Frame, at: Ints, window: int) -> Floats:
    """Return by how much the last quarter hours were brighter than told."""
    error, clear = _over(frame, slice(3, 5), at - window, at)
    enough = clear > LEAST_LIGHT * frame.brightest_w * min(window, 16)
    return _over_light(error, clear, enough)


def _told(frame: Frame, ahead: Ints, night: Ints, clear_w: Floats) -> tuple[Floats, Floats]:
    """Return the shares of a clear sky that were forecast: as told, and without the usual error."""
    raw = _over_light(frame.issued_w[ahead], clear_w, clear_w > 0.0)
    gained = raw * frame.nights.gain[night, frame.clock[ahead]]
    return np.clip(raw, 0.0, 1.3), np.clip(gained, 0.0, 1.3)


def _told_around(frame: Frame, ahead: Ints, reach: int) -> Floats:
    told, clear = _over(frame, slice(5, 7), ahead - reach, ahead + reach + 1)
    return np.clip(_over_light(told, clear, clear > 0.0), 0.0, 1.3)


def _issued_features(
    frame: Frame,
    at: Ints,
    ahead: Ints,
    told: tuple[Floats, Floats],
    usual: Floats,
    strays: list[Floats],
) -> list[Floats]:
    raw, gained = told
    near, around = _told_around(frame, ahead, NEAR), _told_around(frame, ahead, AROUND)
    errors = [_error(frame, at, window) for window in ISSUED_WINDOWS]
    hour = (frame.clock[ahead] / QUARTERS - 0.5) * 2.0 * np.pi
    height, side = frame.height[ahead], np.sin(hour)
    day_stray, day_error = strays[2], errors[2]
    return [
        gained - usual,
        *(raw, raw**2, near, near**2, around, around**2, around * raw, np.abs(raw - near)),
        *(side, np.cos(hour), height, raw * side, raw * height, near * height),
        *errors,
        *(day_stray * raw, day_stray * usual, day_error * raw),
    ]


def _over(frame: Frame, which: slice, after: Ints, before: Ints) -> Floats:
    last = frame.sums.shape[1] - 1
    sums = frame.sums[which]
    return np.asarray(sums[:, np.clip(before, 0, last)] - sums[:, np.clip(after, 0, last)])


def _over_light(power_w: Floats, clear_w: Floats, where: Flags) -> Floats:
    """Return a share of clear sky; 0 where there is not enough light to say."""
    return np.asarray(np.divide(power_w, clear_w, out=np.zeros(len(power_w)), where=where))
