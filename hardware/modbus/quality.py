"""How far a value may be trusted: bounds, jumps, zeros and counters, judged with a short memory."""

from dataclasses import dataclass, replace

from hardware.modbus.points import Bounds, Value
from solard.core.readings import Quality

TIMES_BELIEVED = 3
"""A suspicious 0, or a counter that fell, is believed when it comes this many times in a row."""

_COUNTER_STEPS = {"kWh": 100.0, "Wh": 100_000.0}
"""What no home puts on a counter between two polls: 100 kWh in 10 min are 600 kW."""

_WORST_FIRST = (Quality.MISSING, Quality.ASLEEP, Quality.STALE, Quality.SUSPECT, Quality.GOOD)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value and its quality; the value is None where it is missing or asleep."""

    value: Value
    quality: Quality
    is_lost: bool = False
    """The device has it, and did not say it this time: nothing else may stand in for it."""


MISSING = Judged(None, Quality.MISSING)
LOST = Judged(None, Quality.MISSING, is_lost=True)


def worst(qualities: list[Quality]) -> Quality:
    """Return the least trustworthy of some qualities; good where there is none."""
    return next((one for one in _WORST_FIRST if one in qualities), Quality.GOOD)


def with_counter_step(bounds: Bounds, unit: str) -> Bounds:
    """Return bounds in which a counter that states no largest step has one."""
    if not bounds.monotonic or bounds.max_step is not None or unit not in _COUNTER_STEPS:
        return bounds
    return replace(bounds, max_step=_COUNTER_STEPS[unit])


@dataclass(slots=True)
class Watch:
    """Judges the samples of one point, one after the other."""

    bounds: Bounds
    _last_good: float | None = None
    _candidate: float | None = None
    _zeros: int = 0
    _falls: int = 0

    def judge(self, sample: Judged, *, zero_agrees: bool = False) -> Judged:
        """Return the sample with the quality that bounds and memory give it.

        `zero_agrees` says that something else speaks for a suspicious 0, as a low battery voltage
        does for an empty battery: it is believed at once.
        """
        if not isinstance(sample.value, float | int) or sample.quality is not Quality.GOOD:
            return sample
        number = sample.value
        believed_zero = number == 0 and zero_agrees
        trusted = self._in_range(number) and (believed_zero or self._is_no_stray_zero(number))
        if not (trusted and (believed_zero or self._is_no_stray_jump(number))):
            return Judged(number, Quality.SUSPECT)
        self._last_good, self._candidate, self._falls = number, None, 0
        return sample

    def _in_range(self, number: float) -> bool:
        low, high = self.bounds.minimum, self.bounds.maximum
        return (low is None or number >= low) and (high is None or number <= high)

    def _is_no_stray_zero(self, number: float) -> bool:
        if not self.bounds.zero_suspect:
            return True
        self._zeros = self._zeros + 1 if number == 0 else 0
        return number != 0 or self._last_good == 0 or self._zeros >= TIMES_BELIEVED

    def _is_no_stray_jump(self, number: float) -> bool:
        if self._last_good is None:
            return True
        if self.bounds.monotonic and number < self._last_good:
            return self._has_started_anew(number)
        self._falls = 0
        step = self.bounds.max_step
        if step is None or abs(number - self._last_good) <= step:
            return True
        confirmed = self._candidate is not None and abs(number - self._candidate) <= step
        self._candidate = number
        return confirmed or (self.bounds.zero_suspect and number == 0)

    def _has_started_anew(self, number: float) -> bool:
        """Say whether a counter that fell goes on from there, or an old frame was played again."""
        rises = self._falls == 0 or self._candidate is None or number >= self._candidate
        self._falls = self._falls + 1 if rises else 1
        self._candidate = number
        return self._falls >= TIMES_BELIEVED
