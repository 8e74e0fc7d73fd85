"""How far a value may be trusted: bounds, jumps and zeros, judged with a short memory."""

from dataclasses import dataclass

from hardware.modbus.points import Bounds, Value
from solard.core.readings import Quality

_ZEROS_BELIEVED = 3
"""A suspicious 0 is believed when it comes this many times in a row."""

_WORST_FIRST = (Quality.MISSING, Quality.ASLEEP, Quality.STALE, Quality.SUSPECT, Quality.GOOD)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value and its quality; the value is None where it is missing or asleep."""

    value: Value
    quality: Quality


MISSING = Judged(None, Quality.MISSING)


def worst(qualities: list[Quality]) -> Quality:
    """Return the least trustworthy of some qualities; good where there is none."""
    return next((one for one in _WORST_FIRST if one in qualities), Quality.GOOD)


@dataclass(slots=True)
class Watch:
    """Judges the samples of one point, one after the other."""

    bounds: Bounds
    _last_good: float | None = None
    _candidate: float | None = None
    _zeros: int = 0

    def judge(self, sample: Judged) -> Judged:
        """Return the sample with the quality that bounds and memory give it."""
        if not isinstance(sample.value, float | int) or sample.quality is not Quality.GOOD:
            return sample
        number = sample.value
        trusted = self._in_range(number) and self._is_no_stray_zero(number)
        if not (trusted and self._is_no_stray_jump(number)):
            return Judged(number, Quality.SUSPECT)
        self._last_good, self._candidate = number, None
        return sample

    def _in_range(self, number: float) -> bool:
        low, high = self.bounds.minimum, self.bounds.maximum
        return (low is None or number >= low) and (high is None or number <= high)

    def _is_no_stray_zero(self, number: float) -> bool:
        if not self.bounds.zero_suspect:
            return True
        self._zeros = self._zeros + 1 if number == 0 else 0
        return number != 0 or self._last_good == 0 or self._zeros >= _ZEROS_BELIEVED

    def _is_no_stray_jump(self, number: float) -> bool:
        step = self.bounds.max_step
        if step is None or self._last_good is None or abs(number - self._last_good) <= step:
            return True
        confirmed = self._candidate is not None and abs(number - self._candidate) <= step
        self._candidate = number
        return confirmed or (self.bounds.zero_suspect and number == 0)
