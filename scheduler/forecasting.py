"""A forecast from a request: clear sky × recent sky, house by weekday, own errors as spread."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.outlook import calibrate, expect, house_profile, house_w, usable
from scheduler.pv_model import clear_sky_w
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.planning import ForecastRequest
from solard.core.site_slot import SLOT_S


def make_forecast(request: ForecastRequest) -> Forecast:
    """Return the forecast in quarter hours, from the one that holds `issued_at` on."""
    history = tuple(slot for slot in request.history if slot.starts_at < request.issued_at)
    past_clear_w = clear_sky_w(request.site, [slot.starts_at for slot in history], SLOT_S)
    slots = usable(history, [power_w * SLOT_S / 3600.0 for power_w in past_clear_w])
    calibration = calibrate(slots)
    offset_s = _offset_s(request)
    profile = house_profile(history, offset_s)
    starts = _starts(request)
    made = []
    for starts_at, clear_w in zip(starts, clear_sky_w(request.site, starts, SLOT_S), strict=True):
        pv_w, low_w, high_w = expect(calibration, slots, request.issued_at, starts_at, clear_w)
        made.append(
            ForecastSlot(
                starts_at=starts_at,
                ends_at=starts_at + timedelta(seconds=SLOT_S),
                pv_w=pv_w,
                pv_low_w=low_w,
                pv_high_w=high_w,
                house_w=house_w(profile, starts_at, offset_s),
            )
        )
    source = "clear sky × the site's own sky" if slots else "clear sky, no history yet"
    return Forecast(issued_at=request.issued_at, source=source, slots=tuple(made))


def _starts(request: ForecastRequest) -> list[datetime]:
    first = request.issued_at.replace(
        minute=request.issued_at.minute // 15 * 15, second=0, microsecond=0
    )
    count = request.horizon_h * 4 + 1
    return [first + timedelta(seconds=SLOT_S * index) for index in range(count)]


def _offset_s(request: ForecastRequest) -> int:
    offset = request.issued_at.astimezone(ZoneInfo(request.site.timezone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
