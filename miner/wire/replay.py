"""Requests that were seen: none is admitted twice, over a restart neither."""

from miner.wire.mark import Mark
from miner.wire.refusal import NotServing, RequestRefused

MAX_SEEN = 100_000
"""Bound of each store; its callers are held far below it by their own allowance."""


class ReplayStore:
    """Nonces of the last seconds; bounded, because older ones are refused as stale anyway.

    Strangers are checked and not noted: keys cost nothing, and would fill it.

    A request that an earlier process admitted has a nonce no newer than the mark which that
    process left behind: nonces up to the mark are refused.
    """

    def __init__(self, window_s: float, mark: Mark | None = None, max_seen: int = MAX_SEEN) -> None:
        self._window_ns = int(window_s * 1e9)
        self._mark = mark
        self._floor_ns = 0 if mark is None else mark.nonce_ns
        self._max_seen = max_seen
        self._seen: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        """Return how many callers or requests are remembered."""
        return len(self._seen)

    def check(self, sender: str, nonce_ns: int, now_ns: int) -> None:
        """Raise RequestRefused unless a request's nonce is newer than all of its sender."""
        self._forget(now_ns)
        newest_ns, _ = self._seen.get(sender, (self._floor_ns, 0))
        if nonce_ns <= newest_ns:
            raise RequestRefused("Nonce is too old, a newer one was last processed")
        if sender not in self._seen and len(self._seen) >= self._max_seen:
            raise NotServing("too many callers in these seconds; try later")

    def note(self, sender: str, nonce_ns: int, now_ns: int) -> None:
        """Remember a checked request; from now on it is refused."""
        self._seen.pop(sender, None)
        self._seen[sender] = (nonce_ns, now_ns)
        if self._mark is not None:
            self._mark.raise_to(nonce_ns)

    def _forget(self, now_ns: int) -> None:
        while self._seen:
            key = next(iter(self._seen))
            if now_ns - self._seen[key][1] <= self._window_ns:
                return
            del self._seen[key]
