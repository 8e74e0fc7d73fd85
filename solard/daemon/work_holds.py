"""What the operator did to workloads by hand: kept, so that a restart does not undo it."""

import contextlib
import json
from enum import StrEnum
from pathlib import Path


class Hold(StrEnum):
    """A workload that stays as the operator put it."""

    STOPPED = "stopped"
    FROZEN = "frozen"


class WorkHolds:
    """Holds by workload, in one small file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._holds: dict[str, Hold] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._holds = {str(name): Hold(hold) for name, hold in kept.items()}

    def of(self, name: str) -> Hold | None:
        """Return how a workload is held."""
        return self._holds.get(name)

    def put(self, name: str, hold: Hold | None) -> None:
        """Keep how a workload is held; None lets it go. Raises OSError where it cannot be kept."""
        if hold is None:
            self._holds.pop(name, None)
        else:
            self._holds[name] = hold
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._holds), encoding="utf-8")
        fresh.replace(self._path)
