"""Which cards their owner wants left alone, on disk: a keeper that was killed must know it too."""

import json
import os
from pathlib import Path

from solard.core.errors import SolardError


class HandsOffUnwritable(SolardError):
    """The names of hands-off cards cannot be put on disk."""


class HandsOff:
    """One file of card ids."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "hands-off.json"
        self.gpu_ids = self._load()

    def write(self, gpu_ids: frozenset[str]) -> None:
        """Put the ids on disk where they are others than before."""
        if gpu_ids == self.gpu_ids:
            return
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(sorted(gpu_ids), file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as err:
            raise HandsOffUnwritable(
                f"cannot note hands-off cards in {self._path}: {err.strerror or err}; "
                "free the disk or mend its permissions"
            ) from err
        self.gpu_ids = gpu_ids

    def _load(self) -> frozenset[str]:
        """Return the ids; none where nobody can read them: failsafe is then for every card."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return frozenset()
        return frozenset(one for one in found if isinstance(one, str))
