"""Values to text for people: units, local time, and — for what is unknown."""

from datetime import datetime, timedelta

from solard.core.state import SiteState
from solard.core.units import RAO_PER_TAO
from solard.core.wording import say_duration, say_percent

DASH = "—"

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_KILO_W = 1000.0


def power(power_w: float | None) -> str:
    """Return `480 W`, `2.62 kW` or `12.4 kW`."""
    if power_w is None:
        return DASH
    if round(abs(power_w)) < _KILO_W:
        return f"{_no_minus_zero(power_w, 0)} W"
    return f"{kilowatts(power_w)} kW"


def kilowatts(power_w: float | None) -> str:
    """Return `2.62` or `12.4`."""
    if power_w is None:
        return DASH
    digits = 2 if abs(power_w) < 9_995 else 1
    return _no_minus_zero(power_w / _KILO_W, digits)


def watts(power_w: float | None) -> str:
    """Return `1,092 W`."""
    return DASH if power_w is None else f"{round(power_w):,} W"


def kilowatt_hours(energy_wh: float | None) -> str:
    """Return `12.4`, or `124` from a hundred up."""
    if energy_wh is None:
        return DASH
    return _no_minus_zero(energy_wh / _KILO_W, 1 if abs(energy_wh) < 99_950 else 0)


def energy(energy_wh: float | None) -> str:
    """Return `12.4 kWh`."""
    return DASH if energy_wh is None else f"{kilowatt_hours(energy_wh)} kWh"


def percent(ratio: float | None) -> str:
    """Return `71 %`."""
    return DASH if ratio is None else say_percent(ratio)


def temperature(temperature_c: float | None) -> str:
    """Return `61 °C`."""
    return DASH if temperature_c is None else f"{round(temperature_c)} °C"


def count(number: int | None) -> str:
    """Return `1,284`."""
    return DASH if number is None else f"{number:,}"


def rate(number: float | None) -> str:
    """Return about four digits of a work rate: `1,182`, `118.2`, `0.402`."""
    if number is None:
        return DASH
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    if abs(number) >= 100:
        return f"{number:.1f}"
    return f"{number:.2f}" if abs(number) >= 1 else f"{number:.3f}"


def tao(rao: float | None) -> str:
    """Return `τ 0.0413`."""
    return DASH if rao is None else f"τ {tao_number(rao)}"


def tao_number(rao: float | None) -> str:
    """Return `0.0413`, `1.204` or `1,204`."""
    if rao is None:
        return DASH
    amount = rao / RAO_PER_TAO
    if abs(amount) >= 100:
        return f"{amount:,.0f}"
    return f"{amount:.3f}" if abs(amount) >= 1 else f"{amount:.4f}"


def money(amount: float | None, currency: str | None) -> str:
    """Return `0.02 CHF`; — when the amount is unknown."""
    if amount is None:
        return DASH
    return f"{_no_minus_zero(amount, 2)} {currency}" if currency else _no_minus_zero(amount, 2)


def duration(duration_s: float | None) -> str:
    """Return `8 s`, `5 min`, `2 h 30 min` or `3 days 4 h`."""
    return DASH if duration_s is None else say_duration(duration_s)


def local(moment: datetime, state: SiteState) -> datetime:
    """Return the site's wall-clock time of a moment."""
    return moment + timedelta(seconds=state.utc_offset_s)


def clock(moment: datetime, state: SiteState) -> str:
    """Return `14:24`, local at the site."""
    return f"{local(moment, state):%H:%M}"


def clock_with_seconds(moment: datetime, state: SiteState) -> str:
    """Return `14:24:05`, local at the site."""
    return f"{local(moment, state):%H:%M:%S}"


def day(moment: datetime, state: SiteState) -> str:
    """Return `Sat 13 Jun`, local at the site."""
    at = local(moment, state)
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"


def day_and_clock(moment: datetime, state: SiteState) -> str:
    """Return `16:24` on the site's own day, `Sun 14 Jun 07:00` on another one."""
    same_day = local(moment, state).date() == state.local_at.date()
    text = clock(moment, state)
    return text if same_day else f"{day(moment, state)} {text}"


def weekday_and_clock(moment: datetime, state: SiteState) -> str:
    """Return `Sat 14:24`, local at the site."""
    at = local(moment, state)
    return f"{_WEEKDAYS[at.weekday()]} {at:%H:%M}"


def iso_day(text: str) -> str:
    """Return `Sat 13 Jun` for `2026-06-13`; anything else stays as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"


def _no_minus_zero(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text
