"""Values of one poll that contradict each other: at least one is wrong, and nobody knows which."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware.modbus.quality import Judged
from solard.core.readings import Quality

_FLOWS = ("pv_power", "grid_power", "battery_power", "battery2_power", "generator_power")
"""What feeds a house; together they are its load."""
_LEAST_GAP_W = 500.0
"""Registers of one poll are moments apart, and inverters lose some 100 W to themselves."""
_GAP_SHARE = 0.25
"""Of the largest flow: conversion loses up to a tenth, and loads switch between two registers."""
_WORTH_W = 300.0
"""Below this, direction and ratio mean nothing."""
_RATIO = 2.0
_RATED_SHARE = 2.0
"""Panels and batteries are half above an inverter's rating at most; twice is a wrong scale."""
_RATED_BY = ("rated_power", "inverter_rating")
_LIMITED = ("pv_power", "battery_power", "inverter_power")
_SURELY_CHARGED_PERCENT = 50.0
_EMPTY_SHARE = 0.84
"""Of the charged voltage: iron phosphate comes to 0.86 at 5 % under load, nickel types to 0.86 at
30 %; below, a battery is empty, or its count of charge is wrong."""
_AGREED_POLLS = 3
"""Values that have agreed so often belong together; ones that never did may measure other things,
such as a load register that counts the backup output alone."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that cannot all be right, and a sentence that says so."""

    names: tuple[str, ...]
    sentence: str
    is_new: bool
    """Whether they agreed before; a contradiction from the start condemns no value."""


@dataclass(slots=True)
class _Check:
    agreed: int = 0
    disagreed: int = 0

    def note(self, agrees: bool) -> bool:
        """Count a poll; return whether these values used to agree."""
        used_to = self.agreed >= max(_AGREED_POLLS, self.disagreed)
        if agrees:
            self.agreed += 1
        elif not used_to:
            self.disagreed += 1
        return used_to


@dataclass(slots=True)
class CrossCheck:
    """Compares the values of each poll, and remembers which used to agree."""

    _balance: _Check = field(default_factory=_Check)
    _product: _Check = field(default_factory=_Check)
    _charged_v: float = 0.0
    """The highest voltage of a battery that said it was more than half full."""

    def is_empty(self, battery_v: float | None) -> bool:
        """Say whether a battery's voltage is that of an empty one."""
        return battery_v is not None and 0 < battery_v < _EMPTY_SHARE * self._charged_v

    def find(self, judged: Mapping[str, Judged]) -> tuple[Contradiction, ...]:
        """Return every contradiction among the good values of a poll."""
        numbers = {
            name: float(one.value)
            for name, one in judged.items()
            if isinstance(one.value, float | int) and one.quality is Quality.GOOD
        }
        found = (
            self._check_balance(judged, numbers),
            self._check_product(numbers),
            self._check_charge(numbers),
        )
        return (*(one for one in found if one is not None), *_check_rating(numbers))

    def _check_balance(
        self, judged: Mapping[str, Judged], numbers: Mapping[str, float]
    ) -> Contradiction | None:
        names = [name for name in _FLOWS if name in judged]
        if "grid_power" not in names or "load_power" not in numbers:
            return None
        if not all(name in numbers for name in names):
            return None
        supplied_w, load_w = sum(numbers[name] for name in names), numbers["load_power"]
        largest_w = max(abs(load_w), *(abs(numbers[name]) for name in names))
        if largest_w < _LEAST_GAP_W:
            return None
        agrees = abs(supplied_w - load_w) <= max(_LEAST_GAP_W, _GAP_SHARE * largest_w)
        used_to = self._balance.note(agrees)
        if agrees:
            return None
        parts = " + ".join(f"{name} {numbers[name]:.0f}" for name in names)
        text = f"{parts} make {supplied_w:.0f} W, but the load is {load_w:.0f} W"
        return Contradiction((*names, "load_power"), text, used_to)

    def _check_product(self, numbers: Mapping[str, float]) -> Contradiction | None:
        power_w, volts = numbers.get("battery_power"), numbers.get("battery_voltage")
        # Families count the current each in its own direction, or in none: only where a profile
        # says which way it runs does its sign mean something.
        signed_amps = numbers.get("battery_discharge_current")
        amps = numbers.get("battery_current") if signed_amps is None else signed_amps
        if power_w is None or volts is None or amps is None:
            return None
        product_w = volts * amps
        if min(abs(power_w), abs(product_w)) < _WORTH_W:
            return None
        same_way = power_w * product_w > 0 or signed_amps is None
        agrees = same_way and 1 / _RATIO <= abs(power_w / product_w) <= _RATIO
        used_to = self._product.note(agrees)
        if agrees:
            return None
        text = (
            f"battery_power {power_w:.0f} W, but {volts:.1f} V x {amps:.1f} A are "
            f"{product_w:.0f} W; has a firmware update turned a sign or a scale?"
        )
        return Contradiction(("battery_power",), text, used_to)

    def _check_charge(self, numbers: Mapping[str, float]) -> Contradiction | None:
        volts, percent = numbers.get("battery_voltage"), numbers.get("battery_soc")
        if volts is None or percent is None or percent <= _SURELY_CHARGED_PERCENT:
            return None
        if not self.is_empty(volts):
            self._charged_v = max(self._charged_v, volts)
            return None
        text = (
            f"battery_soc {percent:.0f} %, but {volts:.1f} V are those of an empty battery (it "
            f"was charged at {self._charged_v:.1f} V); has it lost count of its charge?"
        )
        return Contradiction(("battery_soc",), text, True)


def _check_rating(numbers: Mapping[str, float]) -> tuple[Contradiction, ...]:
    rated_w = next((numbers[name] for name in _RATED_BY if name in numbers), 0.0)
    if rated_w <= 0:
        return ()
    return tuple(
        Contradiction(
            (name,),
            f"{name} {numbers[name]:.0f} W, but the device is rated {rated_w:.0f} W; "
            "is it the right profile, and its right variant?",
            True,
        )
        for name in _LIMITED
        if abs(numbers.get(name, 0.0)) > _RATED_SHARE * rated_w
    )
