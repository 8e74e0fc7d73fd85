"""What a workload said: the files that its keeper writes, oldest line first."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TAIL_BYTES = 1 << 20
"""The most that is read back for the last lines."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line and when it was said, ISO 8601 UTC; the moment is empty where nobody noted it."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class LogFiles:
    """A log that rotates: `path`, `path.1`, `path.2` …, newest first."""

    path: Path

    def last(self, count: int) -> tuple[LogLine, ...]:
        """Return the last lines, oldest first."""
        found: list[LogLine] = []
        for path in (self.path, *self._older()):
            found[:0] = _lines(_tail(path))[-count:]
            if len(found) >= count:
                break
        return tuple(found[-count:]) if count else ()

    def follow(self) -> "Follower":
        """Return a reader of what is said from now on."""
        return Follower(self.path)

    def _older(self) -> Iterator[Path]:
        number = 1
        while (path := self.path.with_name(f"{self.path.name}.{number}")).exists():
            yield path
            number += 1


class Follower:
    """Reads what is added to a log, across its rotations."""

    def __init__(self, path: Path, *, from_start: bool = False) -> None:
        self._path = path
        self._inode, self._offset = (0, 0) if from_start else _end_of(path)
        self._rest = b""

    def more(self) -> tuple[LogLine, ...]:
        """Return the whole lines added since the last call."""
        inode, size = _end_of(self._path)
        data = b""
        if inode != self._inode:
            turned = self._path.with_name(f"{self._path.name}.1")
            if self._inode and _end_of(turned)[0] == self._inode:
                data = _read_from(turned, self._offset)
            self._inode, self._offset = inode, 0
        if size > self._offset:
            new = _read_from(self._path, self._offset)
            self._offset += len(new)
            data += new
        *whole, self._rest = (self._rest + data).split(b"\n")
        return tuple(_line(one.decode(errors="replace")) for one in whole)


def _lines(data: bytes) -> list[LogLine]:
    return [_line(one) for one in data.decode(errors="replace").splitlines()]


def _line(text: str) -> LogLine:
    """Take the moment off the front of a line."""
    moment, space, rest = text.partition(" ")
    if space and len(moment) == 24 and moment.endswith("Z") and moment[10] == "T":
        return LogLine(moment, rest)
    return LogLine("", text)


def _tail(path: Path) -> bytes:
    _, size = _end_of(path)
    return _read_from(path, max(0, size - TAIL_BYTES))


def _read_from(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(4 * TAIL_BYTES)
    except OSError:
        return b""


def _end_of(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_ino, stat.st_size
