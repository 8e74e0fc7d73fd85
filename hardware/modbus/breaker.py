"""Units that do not answer are left alone for a while, so that the others are not kept waiting."""

from dataclasses import dataclass, field

_FAILURES = 3
"""Silences in a row after which a unit rests."""
_LONGEST_REST_S = 60.0


@dataclass(slots=True)
class _Unit:
    failures: int = 0
    rests_until_s: float = 0.0


@dataclass(slots=True)
class Breaker:
    """Counts the silences of each unit on one connection; all times are the loop's seconds."""

    first_rest_s: float
    _units: dict[int, _Unit] = field(default_factory=dict)

    def rest_s(self, unit: int, now_s: float) -> float:
        """Return for how long a unit is still left alone; 0 = it may be asked."""
        known = self._units.get(unit)
        return 0.0 if known is None else max(0.0, known.rests_until_s - now_s)

    def note_silence(self, unit: int, now_s: float) -> None:
        """Count a question without an answer; a unit alone on its line needs no rest."""
        known = self._units.setdefault(unit, _Unit())
        known.failures += 1
        if known.failures >= _FAILURES and self._others_answer(unit):
            longer = 2.0 ** min(known.failures - _FAILURES, 10)
            known.rests_until_s = now_s + min(self.first_rest_s * longer, _LONGEST_REST_S)

    def note_answer(self, unit: int) -> None:
        """Forget the silences of a unit that answers."""
        self._units[unit] = _Unit()

    def _others_answer(self, unit: int) -> bool:
        return any(other != unit and not known.failures for other, known in self._units.items())
