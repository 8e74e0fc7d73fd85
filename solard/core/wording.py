"""Values as people say them: one form for each quantity, in every sentence and on every screen."""

from datetime import datetime
from math import floor
from typing import Protocol

from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.modes import WorkMode

UNKNOWN = "unknown"


def say_power(power_w: float) -> str:
    """Return `480 W` below 1 kW, `2.62 kW` from there and `12.4 kW` from 10 kW up."""
    return _scaled(power_w, "W")


def say_energy(energy_wh: float) -> str:
    """Return `38 Wh` below 1 kWh, `6.2 kWh` from there."""
    return _scaled(energy_wh, "Wh")


def say_idle(idle_w: float) -> str:
    """Return `idle 182 W, 4.4 kWh a day`: what it costs to be there."""
    return f"idle {say_power(idle_w)}, {say_energy(24.0 * idle_w)} a day"


def say_percent(ratio: float) -> str:
    """Return `71 %`, cut and not rounded: 19.9 % must not read as 20 % beside a line at 20 %."""
    return f"{floor(ratio * 100.0 + 1e-6)} %"


def ended(text: str) -> str:
    """Return a text with a full stop where it ends without a sign."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def say_count(count: int, thing: str) -> str:
    """Return `1 card`, `4 cards`."""
    return f"{count} {thing}" if count == 1 else f"{count:,} {thing}s"


def say_duration(duration_s: float) -> str:
    """Return `34 s`, `1 min 30 s`, `22 min`, `1 h 30 min` or `7 days`."""
    seconds = max(0, round(duration_s))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 600:
        return _two(seconds // 60, "min", seconds % 60, "s")
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    return _two(minutes // 1440, "days", minutes % 1440 // 60, "h")


def say_time(local_at: datetime) -> str:
    """Return `14:02`; the moment is the site's local time."""
    return f"{local_at:%H:%M}"


def say_when(local_at: datetime, local_now: datetime) -> str:
    """Return `14:02`, or `Sun 14:02` for another day than today's."""
    return f"{local_at:%H:%M}" if local_at.date() == local_now.date() else f"{local_at:%a %H:%M}"


def say_minute(local_minute: float) -> str:
    """Return a minute of the local day as `14:02`."""
    minute = int(local_minute) % 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"


def say_price(price_per_kwh: float, currency: str | None = None) -> str:
    """Return `0.28 EUR/kWh`, or `0.28 per kWh` where the currency is unknown."""
    amount = _trimmed(price_per_kwh, 4, least=2)
    return f"{amount} {currency}/kWh" if currency else f"{amount} per kWh"


def say_temperature(temperature_c: float) -> str:
    """Return `78 °C`."""
    return f"{_trimmed(temperature_c, 0)} °C"


def say_voltage(voltage_v: float) -> str:
    """Return `49.6 V`."""
    return f"{_trimmed(voltage_v, 1)} V"


def say_value(quantity: Quantity, value: float | str | None, currency: str | None = None) -> str:
    """Return a live value of a policy's quantity, in its unit; `unknown` for None."""
    if value is None or isinstance(value, str):
        return value or UNKNOWN
    match quantity:
        case Quantity.TIME:
            return say_minute(value)
        case Quantity.BATTERY_SOC:
            return say_percent(value)
        case Quantity.IMPORT_PRICE | Quantity.EXPORT_PRICE:
            return say_price(value, currency)
        case Quantity.SUN_NEXT_48H:
            return say_energy(value)
        case Quantity.DEVICE_TEMPERATURE:
            return say_temperature(value)
        case _:
            return say_power(value)


class PolicyLike(Protocol):
    """What `say_policy` reads: a UserPolicy, which itself needs these words."""

    @property
    def when(self) -> tuple[Condition, ...]:
        """Return the conditions that must all hold."""
        ...

    @property
    def unless(self) -> tuple[Condition, ...]:
        """Return the conditions that, all together, except."""
        ...

    @property
    def action(self) -> PolicyAction:
        """Return what is narrowed."""
        ...


_NOUNS = {
    Quantity.BATTERY_SOC: "battery",
    Quantity.TIME: "time",
    Quantity.SURPLUS: "surplus",
    Quantity.PV_POWER: "sun",
    Quantity.GRID_POWER: "grid import",
    Quantity.BATTERY_POWER: "battery discharge",
    Quantity.IMPORT_PRICE: "import price",
    Quantity.EXPORT_PRICE: "export price",
    Quantity.SUPPLY: "supply",
    Quantity.SUN_NEXT_48H: "sun of the next 48 h",
    Quantity.DEVICE_POWER: "power",
    Quantity.DEVICE_TEMPERATURE: "temperature",
}

_ON_SUPPLY = {
    "grid": "on the grid",
    "island": "without a grid",
    "generator": "on the generator",
    "unknown": "while the supply is unknown",
}


def say_condition(condition: Condition, currency: str | None = None) -> str:
    """Return a condition as a label beside its live value: `battery above 60 % for 10 min`."""
    noun = _noun(condition)
    return f"{noun} {_relation(condition, currency)}{_held(condition)}"


def say_action(action: PolicyAction) -> str:
    """Return what a policy does, without capital and full stop: `the rig only answers`."""
    return " and ".join(_actions(action)) or "nothing changes"


def say_policy(policy: PolicyLike, currency: str | None = None) -> str:
    """Return a policy as a sentence, as in: From 22:00 to 07:00 no card takes more than 150 W."""
    when = [_clause(condition, currency) for condition in policy.when]
    unless = [_state(condition, currency) for condition in policy.unless]
    parts = [", ".join(when)] if when else []
    if unless:
        parts.append(f"unless {' and '.join(unless)}")
    head = ", ".join(parts)
    plain = len(when) == 1 and not unless and not head.startswith("while")
    sentence = f"{head}{' ' if plain else ', '}{say_action(policy.action)}" if head else ""
    sentence = sentence or say_action(policy.action)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _relation(condition: Condition, currency: str | None) -> str:
    def say(value: float) -> str:
        return _say_limit(condition.quantity, value, currency)

    if condition.is_ is not None:
        return f"is {condition.is_}"
    if condition.between is not None:
        return f"between {say(condition.between[0])} and {say(condition.between[1])}"
    if condition.above is not None:
        return f"above {say(condition.above)}"
    return "" if condition.below is None else f"below {say(condition.below)}"


def _held(condition: Condition) -> str:
    return f" for {say_duration(condition.for_s)}" if condition.for_s else ""


def _clause(condition: Condition, currency: str | None) -> str:
    if condition.quantity is Quantity.TIME and condition.between is not None:
        start, end = condition.between
        return f"from {say_minute(start)} to {say_minute(end)}"
    if (
        condition.quantity is Quantity.SUPPLY
        and condition.is_ in _ON_SUPPLY
        and not condition.for_s
    ):
        return _ON_SUPPLY[condition.is_]
    return f"while {_state(condition, currency)}"


def _state(condition: Condition, currency: str | None) -> str:
    if condition.quantity is Quantity.TIME and condition.between is not None:
        return f"it is {_relation(condition, currency)}"
    if condition.quantity is Quantity.SUPPLY and condition.is_ is not None:
        return f"the supply is {condition.is_}{_held(condition)}"
    verb = "" if condition.is_ is not None else "is "
    relation = _relation(condition, currency)
    held = f", and has been for {say_duration(condition.for_s)}" if condition.for_s else ""
    return f"the {_noun(condition)} {verb}{relation}{held}"


def _noun(condition: Condition) -> str:
    noun = _NOUNS[condition.quantity]
    return noun if condition.device_id is None else f"{noun} of {condition.device_id}"


def _actions(action: PolicyAction) -> list[str]:
    says = []
    if action.mode is not None:
        says.append(_MODES[action.mode])
    if action.rig_at_most_w is not None:
        says.append(f"the rig takes at most {say_power(action.rig_at_most_w)}")
    if action.rig_at_least_w is not None:
        says.append(f"the rig takes at least {say_power(action.rig_at_least_w)}")
    if action.each_gpu_at_most_w is not None:
        says.append(f"no card takes more than {say_power(action.each_gpu_at_most_w)}")
    if action.import_for_rig_at_most_w is not None:
        says.append(_feeds("the grid", action.import_for_rig_at_most_w))
    if action.battery_for_rig_at_most_w is not None:
        says.append(_feeds("the battery", action.battery_for_rig_at_most_w))
    if action.keep_free_w is not None:
        says.append(f"{say_power(action.keep_free_w)} of the inverter stay free")
    if action.work_above_soc is not None:
        line = _say_limit(Quantity.BATTERY_SOC, action.work_above_soc, None)
        says.append(f"the battery feeds work only above {line}")
    return says


_MODES = {
    WorkMode.OFF: "the rig does nothing",
    WorkMode.STANDBY: "the rig only answers",
    WorkMode.ECO: "the rig works in eco at most",
    WorkMode.FULL: "the rig may work",
}


def _feeds(source: str, power_w: float) -> str:
    if power_w == 0:
        return f"{source} gives the rig nothing"
    return f"{source} gives the rig at most {say_power(power_w)}"


def _say_limit(quantity: Quantity, value: float, currency: str | None) -> str:
    if quantity is Quantity.BATTERY_SOC:
        return f"{_trimmed(value * 100.0, 1)} %"
    return say_value(quantity, value, currency)


def _scaled(value: float, unit: str) -> str:
    if abs(round(value)) < 1000:
        return f"{_trimmed(value, 0)} {unit}"
    digits = 2 if abs(value) < 9995 else 1
    return f"{_trimmed(value / 1000.0, digits)} k{unit}"


def _trimmed(value: float, digits: int, least: int = 0) -> str:
    text = f"{value:.{digits}f}"
    while "." in text and text.endswith("0") and len(text.split(".")[1]) > least:
        text = text[:-1]
    text = text.removesuffix(".")
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _two(many: int, unit: str, few: int, small: str) -> str:
    return f"{many} {unit} {few} {small}" if few else f"{many} {unit}"
