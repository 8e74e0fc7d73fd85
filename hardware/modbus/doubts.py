"""Tells people, once for each change, that a device's values contradict each other."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from hardware.modbus.crosscheck import Contradiction

_log = logging.getLogger(__name__)

_ENOUGH = 200
"""Polls before a share means something."""
_BAD_SHARE = 0.05


@dataclass(slots=True)
class Doubts:
    """Counts the polls of one device that contradict themselves."""

    profile_id: str
    _polls: int = 0
    _contradicted: int = 0
    _told: set[tuple[str, ...]] = field(default_factory=set)
    _told_share: bool = False

    def note(self, found: Iterable[Contradiction]) -> None:
        """Count a poll, and log what is new."""
        found = tuple(found)
        self._polls += 1
        self._contradicted += any(one.is_new for one in found)
        for one in found:
            if one.names not in self._told:
                self._told.add(one.names)
                _log.warning("values contradict: profile=%s %s", self.profile_id, one.sentence)
        share = self._contradicted / self._polls
        if self._polls >= _ENOUGH and share >= _BAD_SHARE and not self._told_share:
            self._told_share = True
            _log.warning(
                "values contradict often: profile=%s share=%.0f %% of %d polls; does a gateway "
                "answer with old frames, or another program write to the line?",
                self.profile_id,
                100 * share,
                self._polls,
            )
