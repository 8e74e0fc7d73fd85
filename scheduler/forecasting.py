"""A forecast from a request: clear sky × recent sky, house by weekday, quantiles from errors."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.calibrate import calibrate
from scheduler.house import expected_house_w
from scheduler.outlook import expect_share
from scheduler.pv_model import clear_sky
from scheduler.sky import PastSky, SeenSlot, SkySlot, correct, see
from solard.core.calibration import Calibration
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.planning import ForecastRequest, PanelPlane
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR, clamp

SLOT = timedelta(seconds=SLOT_S)
ASSUMED_TILT_DEG = 30.0
ASSUMED_YIELD = 0.8
"""Of the nameplate: what panels of which nothing is written down give at their best."""


def make_forecast(request: ForecastRequest) -> Forecast:
    """Return the forecast in quarter hours, from the one that holds `issued_at` on."""
    request = _with_planes(request)
    seen = _seen(request)
    calibration = request.calibration or _learn(request, seen)
    past = PastSky(correct(seen, calibration))
    zone = ZoneInfo(request.site.timezone)
    slots = tuple(
        _slot(request, sky, calibration, past, zone)
        for sky in clear_sky(request.site, _starts(request), SLOT_S)
    )
    return Forecast(issued_at=request.issued_at, source=_say_source(seen), slots=slots)


def make_calibration(request: ForecastRequest) -> Calibration:
    """Return what the request's history teaches."""
    request = _with_planes(request)
    return _learn(request, _seen(request))


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


def _seen(request: ForecastRequest) -> tuple[SeenSlot, ...]:
    history = _history(request)
    sky = clear_sky(request.site, [slot.starts_at for slot in history], SLOT_S)
    return see(history, sky)


def _learn(request: ForecastRequest, seen: Sequence[SeenSlot]) -> Calibration:
    zone = ZoneInfo(request.site.timezone)
    return calibrate(_history(request), seen, request.issued_at, zone)


def _starts(request: ForecastRequest) -> list[datetime]:
    first_s = request.issued_at.timestamp() // SLOT_S * SLOT_S
    first = datetime.fromtimestamp(first_s, tz=UTC)
    return [first + SLOT * index for index in range(request.horizon_h * 4 + 1)]


def _slot(
    request: ForecastRequest,
    sky: SkySlot,
    calibration: Calibration,
    past: PastSky,
    zone: ZoneInfo,
) -> ForecastSlot:
    lead_h = max(0.0, (sky.starts_at - request.issued_at).total_seconds() / SECONDS_PER_HOUR)
    share = expect_share(past, request.issued_at, lead_h)
    spread = calibration.spread_at(lead_h)
    most_w = _most_w(request, sky.clear_w * calibration.shape_at(sky.azimuth_deg))
    return ForecastSlot(
        starts_at=sky.starts_at,
        ends_at=sky.starts_at + SLOT,
        pv_w=most_w * share,
        pv_low_w=most_w * clamp(share + spread.low, 0.0, share),
        pv_high_w=most_w * clamp(share + spread.high, share, 1.0),
        house_w=expected_house_w(calibration.house_w, sky.starts_at, zone),
    )


def _most_w(request: ForecastRequest, clear_w: float) -> float:
    """Return the calibrated clear sky; no correction makes inverters pass more than they can."""
    limits = [plane.inverter_w for plane in request.site.planes]
    known = [limit for limit in limits if limit is not None]
    return min(clear_w, sum(known)) if known and len(known) == len(limits) else clear_w


def _say_source(seen: Sequence[SeenSlot]) -> str:
    if not seen:
        return "clear sky, no history yet"
    days = len({slot.starts_at.date() for slot in seen})
    return f"clear sky × the site's own sky of {days} {'day' if days == 1 else 'days'}"
