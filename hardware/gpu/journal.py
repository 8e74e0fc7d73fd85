"""The owner's own limits, on disk before the first write, so that no crash can lose them."""

import json
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from solard.core.codec import Codec, CodecError
from solard.core.errors import SolardError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CODEC = Codec()


class JournalUnwritable(SolardError):
    """The originals cannot be put on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """How a card was before we touched it."""

    boot_id: str
    driver_start: str
    """A reboot or a new driver resets limits: an original of another one is void."""
    limit_w: float | None
    """None for a card that takes no limit."""
    parked: bool
    persistence: bool | None
    clocked: bool = False
    """Whether we have locked its clocks since; drivers cannot be asked."""


class Journal:
    """One file of originals per keeper. Threads may share it."""

    def __init__(
        self, directory: Path, *, boot_id: str, driver_start: str, may_write: bool = True
    ) -> None:
        self._path = directory / "originals.json"
        self._may_write = may_write
        self._boot_id = boot_id
        self._driver_start = driver_start
        self._lock = threading.Lock()
        self._is_saved = True
        self.trouble: str | None = None
        """One line when the file on disk was unreadable."""
        found = self._load()
        self.was_left = bool(found) or self.trouble is not None
        """Whether the last keeper left without putting everything back."""
        self._originals = {
            gpu_id: original
            for gpu_id, original in found.items()
            if (original.boot_id, original.driver_start) == (boot_id, driver_start)
        }

    def original(self, gpu_id: str) -> Original | None:
        """Return the card as its owner left it, or None while we have not touched it."""
        with self._lock:
            return self._originals.get(gpu_id)

    def record(
        self, gpu_id: str, *, limit_w: float | None, parked: bool, persistence: bool | None
    ) -> None:
        """Put the card's original on disk, unless there is one: a throttle is in force then."""
        with self._lock:
            if gpu_id in self._originals and self._is_saved:
                return
            self._originals.setdefault(
                gpu_id,
                Original(
                    boot_id=self._boot_id,
                    driver_start=self._driver_start,
                    limit_w=limit_w,
                    parked=parked,
                    persistence=persistence,
                ),
            )
            self._save()

    def record_clocks(self, gpu_id: str) -> None:
        """Put on disk that the card's clocks are locked by us, before they are."""
        with self._lock:
            original = self._originals.get(gpu_id)
            if original is None or (original.clocked and self._is_saved):
                return
            self._originals[gpu_id] = replace(original, clocked=True)
            self._save()

    def forget(self, gpu_id: str) -> None:
        """Drop a card whose original is in force again."""
        with self._lock:
            if self._originals.pop(gpu_id, None) is not None:
                self._save()

    def _load(self) -> dict[str, Original]:
        try:
            text = self._path.read_text(encoding="utf-8")
            found = _CODEC.loads(dict[str, Original], text)
        except FileNotFoundError:
            return {}
        except (OSError, CodecError, ValueError) as err:
            if not self._may_write:
                return {}
            aside = self._path.with_suffix(".broken")
            self._path.replace(aside)
            self.trouble = f"{self._path} is unreadable ({err}); kept as {aside.name}"
            return {}
        return dict(found)

    def _save(self) -> None:
        self._is_saved = False
        try:
            if self._originals:
                self._replace()
            else:
                self._path.unlink(missing_ok=True)
            _sync(self._path.parent)
        except OSError as err:
            raise JournalUnwritable(
                f"cannot record the cards' own limits in {self._path}: {err.strerror or err}; "
                "free the disk or mend its permissions"
            ) from err
        self._is_saved = True

    def _replace(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(_CODEC.encode(self._originals), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def read_boot_id() -> str:
    """Return the kernel's name for this boot; it changes with every start of the machine."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _sync(directory: Path) -> None:
    link = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(link)
    finally:
        os.close(link)


def is_dirty(directory: Path) -> bool:
    """Say whether a keeper left originals behind that nobody has put back."""
    return (directory / "originals.json").exists()
