"""Token buckets: how often somebody may do something, with a bounded memory of somebodies."""

from dataclasses import dataclass

MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many a second for long, and so many at once."""

    rate: float
    """Tokens that come back each second."""
    burst_count: int


class TokenBuckets:
    """One bucket for each key; who was forgotten begins with a full one."""

    def __init__(self, allowance: Allowance, max_keys: int = MAX_KEYS) -> None:
        self._allowance = allowance
        self._max_keys = max_keys
        self._buckets: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._buckets)

    def take(self, key: str, now_s: float) -> bool:
        """Take a token; tell whether there was one."""
        left = self._left(key, now_s)
        is_granted = left >= 1.0
        self._put(key, left - 1.0 if is_granted else left, now_s)
        return is_granted

    def is_empty(self, key: str, now_s: float) -> bool:
        """Tell whether a key has no token now, without taking one."""
        return key in self._buckets and self._left(key, now_s) < 1.0

    def _left(self, key: str, now_s: float) -> float:
        burst = float(self._allowance.burst_count)
        tokens, at_s = self._buckets.get(key, (burst, now_s))
        return min(burst, tokens + max(0.0, now_s - at_s) * self._allowance.rate)

    def _put(self, key: str, tokens: float, now_s: float) -> None:
        # Taken out and put back, a key moves to the end: the first one is the longest unseen.
        self._buckets.pop(key, None)
        while len(self._buckets) >= self._max_keys:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = (tokens, now_s)
