"""Requests that were seen: none is admitted twice, over a restart neither."""

from collections import deque

from miner.wire.btauth import MAX_AGE_S, MAX_AHEAD_S, RequestRefused

MAX_SEEN = 100_000
_WINDOW_NS = (MAX_AGE_S + MAX_AHEAD_S) * 1_000_000_000


class ReplayStore:
    """Nonces of the last seconds; bounded, because older ones are refused as stale anyway.

    A request that an earlier process admitted has a nonce of at most `MAX_AHEAD_S` after that
    process's end. So instead of a file, a new store refuses nonces up to `MAX_AHEAD_S` after its
    own start.
    """

    def __init__(self, started_ns: int) -> None:
        self._oldest_ns = started_ns + MAX_AHEAD_S * 1_000_000_000
        self._seen: set[tuple[str, int]] = set()
        self._order: deque[tuple[int, tuple[str, int]]] = deque()

    def __len__(self) -> int:
        """Return how many requests are remembered."""
        return len(self._seen)

    def is_warming_up(self, now_ns: int) -> bool:
        """Tell whether even an honest caller has to wait a moment."""
        return now_ns <= self._oldest_ns

    def admit(self, hotkey: str, nonce_ns: int, now_ns: int) -> None:
        """Remember a verified request; raise RequestRefused when it came before."""
        self._forget(now_ns)
        entry = (hotkey, nonce_ns)
        if nonce_ns <= self._oldest_ns:
            raise RequestRefused("nonce is from before this axon's start; sign again")
        if entry in self._seen:
            raise RequestRefused("this request came before: replay")
        if len(self._seen) >= MAX_SEEN:
            raise RequestRefused(f"more than {MAX_SEEN} requests in {MAX_AGE_S} s; try later")
        self._seen.add(entry)
        self._order.append((now_ns, entry))

    def _forget(self, now_ns: int) -> None:
        while self._order and now_ns - self._order[0][0] > _WINDOW_NS:
            self._seen.discard(self._order.popleft()[1])
