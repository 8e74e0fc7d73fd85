"""The wire between plant and rig: what the rig draws at the wall, from its cards file."""

import logging
from collections.abc import Callable
from pathlib import Path

from hardware.gpu.simulated import rig_draw_w
from solard.core.errors import SolardError
from solard.system.clock import Clock

logger = logging.getLogger(__name__)

RigMeter = Callable[[], float]
"""Returns the rig's draw now, W at the wall."""


def no_rig() -> float:
    """Return the draw of a site without a rig."""
    return 0.0


class CardsMeter:
    """Reads the draw of simulated cards; where it cannot, the last draw stands."""

    def __init__(self, cards: Path, clock: Clock) -> None:
        self._cards = cards
        self._clock = clock
        self._last_w = 0.0
        self._reads = True

    def __call__(self) -> float:
        """Return the rig's draw at the wall now, W."""
        try:
            self._last_w = rig_draw_w(self._cards, self._clock)
        except SolardError as err:
            if self._reads:
                logger.warning("rig unknown, keeping %.0f W: %s", self._last_w, err)
            self._reads = False
        else:
            self._reads = True
        return self._last_w
