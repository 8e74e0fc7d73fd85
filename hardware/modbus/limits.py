"""What one device can take: how much, how fast, and where blocks must not reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_WORDS = 125
"""The protocol's own limit of one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """Limits of a connection and of the registers behind it. All times are real seconds."""

    max_words: int = MOST_WORDS
    """Most words in one request."""
    max_gap: int = 0
    """Most unwanted words that a block may read along to join two values."""
    request_gap_s: float = 0.0
    """Silence after an answer before the next question."""
    connect_delay_s: float = 0.0
    """Silence after connecting; some devices swallow an early question."""
    timeout_s: float = 3.0
    """For connecting and for each answer."""
    busy_wait_s: float = 0.5
    """Wait before the one retry when the device says that it is busy."""
    ask_again_s: float = 3600.0
    """After so long a refused register is asked for again; then after twice as long, to a day."""
    unit_rest_s: float = 5.0
    """For so long a unit is left alone that is silent while others answer; then for longer."""
    min_interval_s: float = 1.0
    """Shortest time between two polls that the device stands."""
    ranges: tuple[tuple[int, int], ...] = ()
    """First and last word of each stretch that one request may cover; empty = everywhere."""
    max_clients: int | None = None
    """How many connections the device serves at a time, where that is known to be few."""
    no_cross: tuple[int, ...] = ()
    """A block may start at these addresses, but not reach across them."""


def common_limits(limits: Sequence[LinkLimits]) -> LinkLimits:
    """Return limits under which a connection suits all of its devices."""
    return LinkLimits(
        request_gap_s=max(one.request_gap_s for one in limits),
        connect_delay_s=max(one.connect_delay_s for one in limits),
        timeout_s=max(one.timeout_s for one in limits),
    )


class RegisterLink(Protocol):
    """A connection to one host and port, shared by the units behind it."""

    @property
    def name(self) -> str:
        """Return `host:port`, for messages."""
        ...

    @property
    def connects(self) -> int:
        """Return how often it has connected: a new number means a new conversation."""
        ...

    async def connect(self) -> None:
        """Connect where there is no connection; raise DeviceError."""
        ...

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return `count` words from `address` on; raise DeviceError."""
        ...

    async def close(self) -> None:
        """End the connection; the next read opens a new one."""
        ...

    def reset(self) -> None:
        """Begin anew, even where a task that nobody can end still holds the line."""
        ...
