"""From a request to a forecast: the workers' side of the forecaster."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from scheduler.forecaster import Forecaster
from scheduler.pv_model import model_sky, weather_w
from solard.core.calibration import Calibration
from solard.core.forecast import Forecast
from solard.core.planning import ForecastRequest, PanelPlane
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.told import Told, ToldPower
from solard.core.units import SECONDS_PER_HOUR
from solard.core.wording import say_duration

SLOT = timedelta(seconds=SLOT_S)
ASSUMED_TILT_DEG = 30.0
ASSUMED_YIELD = 0.8
"""Of the nameplate: what panels of which nothing is written down give at their best."""
THROTTLED_SHARE = 0.05
"""A slot held back for longer than this share of it teaches nothing."""
LOOKED_BACK = timedelta(days=3)
LONGEST_HISTORY = timedelta(days=400)
"""A row of 1970, from before the clock was set, must not make a grid of fifty years."""


def make_forecast(request: ForecastRequest) -> Forecast:
    """Return the forecast in quarter hours, from the one that holds `issued_at` on."""
    request = _with_planes(request)
    expected = _forecaster(request).expect(request.issued_at, request.horizon_h)
    problem = None if request.told is None else request.told.problem
    return expected.forecast(_say_source(request), problem)


def make_calibration(request: ForecastRequest) -> Calibration:
    """Return what the request's history teaches."""
    asked = replace(request, calibration=None)
    request = _with_planes(asked)
    calibration = _forecaster(request).calibration(request.issued_at)
    if asked.site.planes:
        return calibration
    return replace(calibration, guessed_peak_w=request.site.planes[0].peak_w)


def _forecaster(request: ForecastRequest) -> Forecaster:
    history = _history(request)
    begun = request.issued_at - LOOKED_BACK
    first_at = min((slot.starts_at for slot in history), default=begun)
    until_at = request.issued_at + timedelta(hours=request.horizon_h) + 2 * SLOT
    sky = model_sky(request.site, min(first_at, begun), until_at)
    forecaster = Forecaster(sky, request.site.timezone, request.calibration)
    _take(forecaster, history)
    for each in (*request.told_before, *_told_power(request)):
        length_s = (each.ends_at - each.starts_at).total_seconds()
        forecaster.take_issued(each.starts_at, length_s, [each.power_w])
    return forecaster


def _take(forecaster: Forecaster, history: Sequence[SiteSlot]) -> None:
    """Hand over the history, in one piece: gaps are unknown."""
    if not history:
        return
    first_at = min(slot.starts_at for slot in history)
    count = int((max(slot.starts_at for slot in history) - first_at) / SLOT) + 1
    pv_w, house_w = np.full(count, np.nan), np.full(count, np.nan)
    held = np.zeros(count, dtype=np.bool_)
    for slot in history:
        if slot.good_s < SLOT_S / 2:
            continue
        index = int((slot.starts_at - first_at) / SLOT)
        per_hour = SECONDS_PER_HOUR / slot.good_s
        pv_w[index] = np.nan if slot.pv_wh is None else slot.pv_wh * per_hour
        house_w[index] = np.nan if slot.house_wh is None else slot.house_wh * per_hour
        held[index] = slot.throttled_s > THROTTLED_SHARE * SLOT_S
    forecaster.take(first_at, SLOT_S, pv_w, house_w, held)


def _told_power(request: ForecastRequest) -> Sequence[ToldPower]:
    """Return the newest word of somebody else as power; a weather goes through the panels.

    Only of what was not over when it was fetched: what some say of hours before is no forecast.
    """
    told = request.told
    if told is None:
        return ()
    told_at = min(told.asked_at, request.issued_at)
    weather = [each for each in told.weather if each.ends_at > told_at]
    powers_w = weather_w(request.site, weather)
    return [
        *(each for each in told.power if each.ends_at > told_at),
        *(
            ToldPower(starts_at=each.starts_at, ends_at=each.ends_at, power_w=float(power_w))
            for each, power_w in zip(weather, powers_w, strict=True)
        ),
    ]


def _with_planes(request: ForecastRequest) -> ForecastRequest:
    """Return the request with panels guessed from the history where none are written down.

    They look to the equator; the calibration learns where they truly look.
    """
    if request.site.planes:
        return request
    known_w = None if request.calibration is None else request.calibration.guessed_peak_w
    powers_w = [
        slot.pv_wh * SECONDS_PER_HOUR / slot.good_s
        for slot in _history(request)
        if slot.pv_wh is not None and slot.good_s >= SLOT_S / 2
    ]
    plane = PanelPlane(
        peak_w=known_w or max(powers_w, default=0.0) / ASSUMED_YIELD,
        tilt_deg=ASSUMED_TILT_DEG,
        azimuth_deg=180.0 if request.site.latitude_deg >= 0.0 else 0.0,
    )
    return replace(request, site=replace(request.site, planes=(plane,)))


def _history(request: ForecastRequest) -> tuple[SiteSlot, ...]:
    """Return the quarter hours that were over when the forecast is issued, not older than a year.

    Rows of 1970, from before a clock was set, must not make a grid of fifty years.
    """
    first, last = request.issued_at - LONGEST_HISTORY, request.issued_at - SLOT
    return tuple(slot for slot in request.history if first <= slot.starts_at <= last)


def _say_source(request: ForecastRequest) -> str:
    """Return how the forecast was made, for people: whose word, how old, and what is its own."""
    own = _say_own(request)
    told = request.told
    if told is None:
        return own
    if not told.power and not told.weather:
        return f"{own}; nothing from {told.source}"
    return f"{_say_age(told, request)} × {own}"


def _say_age(told: Told, request: ForecastRequest) -> str:
    age_s = max(0.0, (request.issued_at - told.asked_at).total_seconds())
    return f"{told.source} of {say_duration(age_s)} ago"


def _say_own(request: ForecastRequest) -> str:
    calibration = request.calibration
    if calibration is not None:
        hours = calibration.learned_slots / 4.0
        return f"clear sky × the site's own sky, calibrated on {hours:.0f} h of daylight"
    days = len({slot.starts_at.date() for slot in _history(request)})
    if not days:
        return "clear sky, no history yet"
    return f"clear sky × the site's own sky of {days} {'day' if days == 1 else 'days'}"
