"""What the whole rig draws at the wall: measured where there is a meter, else made of its cards."""

from collections import deque

from solard.core.rig import Rig

KEPT = 600
"""Draws kept, so that a load reading meets the rig's draw of the moment it was measured."""
FRESH_S = 30.0
"""Site seconds: an older measurement is none, and a draw so far from a moment tells nothing."""
LEARNED_IN_S = 300.0
"""Site seconds in which the host's own draw follows what is measured."""


class RigPower:
    """Remembers the rig's draw; with a meter it also learns what the host takes by itself."""

    def __init__(self) -> None:
        self._draws: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._measured: tuple[float, float] | None = None
        self._learned_s: float | None = None
        self.host_w: float | None = None
        """The host's own draw at the wall, measured less the cards; None without a meter."""

    def take_meter(self, moment_s: float, power_w: float) -> None:
        """Remember a measurement at the wall."""
        self._measured = (moment_s, max(0.0, power_w))
        self._draws.append(self._measured)

    def take_cards(self, now_s: float, rig: Rig, cards_w: float) -> None:
        """Remember what the cards draw: the rig's draw, unless a meter says that."""
        if not self.is_measured(now_s):
            self._draws.append((now_s, rig.wall_w(cards_w)))
            return
        assert self._measured is not None
        moment_s, wall_w = self._measured
        if moment_s == self._learned_s:
            return
        seen_w = max(0.0, wall_w - cards_w / rig.psu_efficiency)
        if self.host_w is None or self._learned_s is None:
            self.host_w = seen_w
        else:
            part = min(1.0, (moment_s - self._learned_s) / LEARNED_IN_S)
            self.host_w += part * (seen_w - self.host_w)
        self._learned_s = moment_s

    def is_measured(self, now_s: float) -> bool:
        """Return whether a meter measures the rig now."""
        return self._measured is not None and now_s - self._measured[0] <= FRESH_S

    def at(self, moment_s: float) -> float | None:
        """Return the draw known nearest to a moment, or None where that is too far from it."""
        if not self._draws:
            return None
        known_s, power_w = min(self._draws, key=lambda draw: abs(draw[0] - moment_s))
        return power_w if abs(known_s - moment_s) <= FRESH_S else None
