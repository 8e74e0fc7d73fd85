"""What a workload said: the files that its keeper writes, oldest line first."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TAIL_BYTES = 1 << 20
"""The most that is read back for the last lines."""
_STAMPED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\S+) (?:\S+ \S+\[\d+\]: )?")
SHOW_S = 20.0
"""Real seconds that a command may take to print the last lines."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line and when it was said, ISO 8601 UTC; the moment is empty where nobody noted it."""

    at: str
    text: str


class Tail(Protocol):
    """Reads what a program says from now on."""

    def more(self) -> tuple[LogLine, ...]:
        """Return the whole lines said since the last call."""
        ...

    def close(self) -> None:
        """Let go of the log."""
        ...


class WorkLog(Protocol):
    """One program's log, wherever it is."""

    def last(self, count: int) -> tuple[LogLine, ...]:
        """Return the last lines, oldest first."""
        ...

    def follow(self) -> Tail:
        """Return a reader of what is said from now on."""
        ...


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

    def close(self) -> None:
        """Let go of nothing: the file is opened anew each time."""


@dataclass(frozen=True, slots=True)
class LogCommand:
    """A log that somebody else keeps: commands that print its last lines, and what comes."""

    show: tuple[str, ...]
    """`COUNT` stands for how many lines."""
    tail: tuple[str, ...]

    def last(self, count: int) -> tuple[LogLine, ...]:
        """Return the last lines, oldest first."""
        command = tuple(word.replace("COUNT", str(count)) for word in self.show)
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SHOW_S, check=False
        )
        return tuple(_lines(done.stdout or done.stderr)[-count:])

    def follow(self) -> "CommandTail":
        """Return a reader of what is said from now on."""
        return CommandTail(self.tail)


class CommandTail:
    """Reads what a command prints, without waiting for it."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._descriptor = self._process.stdout.fileno()
        os.set_blocking(self._descriptor, False)
        self._rest = b""

    def more(self) -> tuple[LogLine, ...]:
        """Return the whole lines printed since the last call."""
        try:
            data = os.read(self._descriptor, TAIL_BYTES)
        except BlockingIOError:
            return ()
        *whole, self._rest = (self._rest + data).split(b"\n")
        return tuple(_line(one.decode(errors="replace")) for one in whole)

    def close(self) -> None:
        """End the command."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _lines(data: bytes) -> list[LogLine]:
    return [_line(one) for one in data.decode(errors="replace").splitlines()]


def _line(text: str) -> LogLine:
    """Take moment and, of the journal, host and program off the front of a line."""
    said = _STAMPED.match(text)
    return LogLine("", text) if said is None else LogLine(said[1], text[said.end() :])


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
