"""From a request to a forecast: the workers' side of the forecaster."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from scheduler.forecaster import Forecaster
from scheduler.pv_model import model_sky
from solard.core.calibration import Calibration
from solard.core.forecast import Forecast
from solard.core.planning import ForecastRequest, PanelPlane
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR

SLOT = timedelta(seconds=SLOT_S)
ASSUMED_TILT_DEG = 30.0
ASSUMED_YIELD = 0.8
"""Of the nameplate: what panels of which nothing is written down give at their best."""
THROTTLED_SHARE = 0.05
"""A slot held back for longer than this share of it teaches nothing."""
LOOKED_BACK = timedelta(days=3)


def make_forecast(request: ForecastRequest) -> Forecast:
    """Return the forecast in quarter hours, from the one that holds `issued_at` on."""
    request = _with_planes(request)
    forecaster = _forecaster(request)
    expected = forecaster.expect(request.issued_at, request.horizon_h)
    return expected.forecast(_say_source(request, forecaster))


def make_calibration(request: ForecastRequest) -> Calibration:
    """Return what the request's history teaches."""
    request = _with_planes(replace(request, calibration=None))
    return _forecaster(request).calibration(request.issued_at)


def _forecaster(request: ForecastRequest) -> Forecaster:
    history = _history(request)
    first_at = min((slot.starts_at for slot in history), default=request.issued_at - LOOKED_BACK)
    until_at = request.issued_at + timedelta(hours=request.horizon_h) + 2 * SLOT
    sky = model_sky(request.site, first_at, until_at)
    forecaster = Forecaster(sky, request.site.timezone, request.calibration)
    _take(forecaster, history)
    return forecaster


def _take(forecaster: Forecaster, history: Sequence[SiteSlot]) -> None:
    """Hand over the history, in one piece: gaps are unknown."""
    if not history:
        return
    first_at = min(slot.starts_at for slot in history)
    count = round((max(slot.starts_at for slot in history) - first_at) / SLOT) + 1
    pv_w, house_w = np.full(count, np.nan), np.full(count, np.nan)
    held = np.zeros(count, dtype=np.bool_)
    for slot in history:
        if slot.good_s < SLOT_S / 2:
            continue
        index = round((slot.starts_at - first_at) / SLOT)
        per_hour = SECONDS_PER_HOUR / slot.good_s
        pv_w[index] = np.nan if slot.pv_wh is None else slot.pv_wh * per_hour
        house_w[index] = np.nan if slot.house_wh is None else slot.house_wh * per_hour
        held[index] = slot.throttled_s > THROTTLED_SHARE * SLOT_S
    forecaster.take(first_at, SLOT_S, pv_w, house_w, held)


def _with_planes(request: ForecastRequest) -> ForecastRequest:
    """Return the request with panels guessed from the history where none are written down.

    They look to the equator; the calibration learns where they truly look.
    """
    if request.site.planes:
        return request
    powers_w = [
        slot.pv_wh * SECONDS_PER_HOUR / slot.good_s
        for slot in _history(request)
        if slot.pv_wh is not None and slot.good_s >= SLOT_S / 2
    ]
    plane = PanelPlane(
        peak_w=max(powers_w, default=0.0) / ASSUMED_YIELD,
        tilt_deg=ASSUMED_TILT_DEG,
        azimuth_deg=180.0 if request.site.latitude_deg >= 0.0 else 0.0,
    )
    return replace(request, site=replace(request.site, planes=(plane,)))


def _history(request: ForecastRequest) -> tuple[SiteSlot, ...]:
    """Return the quarter hours that were over when the forecast is issued."""
    last = request.issued_at - SLOT
    return tuple(slot for slot in request.history if slot.starts_at <= last)


def _say_source(request: ForecastRequest, forecaster: Forecaster) -> str:
    learned = forecaster.calibration(request.issued_at).learned_slots
    if not learned and not _history(request):
        return "clear sky, no history yet"
    days = len({slot.starts_at.date() for slot in _history(request)})
    return f"clear sky × the site's own sky of {days} {'day' if days == 1 else 'days'}"
