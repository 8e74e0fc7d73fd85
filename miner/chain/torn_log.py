"""SQLite's write-ahead log after a kill: what SQLite would drop in silence, and we may not.

SQLite reads a log up to the first frame whose checksum does not hold and forgets the rest. After a
kill or a power cut only the last transaction can be such a rest: each was on the disk before the
next one began. A broken frame with more than that behind it is damage, and takes blocks along.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

HEAD_BYTES = 32
FRAME_HEAD_BYTES = 24
_MAGIC = 0x377F0682
_WRITER_BUSY_TRIES = 20

Sums = tuple[int, int]


def log_of(database: Path) -> Path:
    """Return where the log of a database lies."""
    return database.with_name(database.name + "-wal")


def find_damage(database: Path) -> str | None:
    """Return what is wrong with the log, None when nothing is or there is none.

    It has to be asked before SQLite opens the file: that mends, and nothing is left to see.
    """
    path = log_of(database)
    for _ in range(_WRITER_BUSY_TRIES):
        data, head = _read(path), _read(path, HEAD_BYTES)
        if data[:HEAD_BYTES] == head:
            return _damage(data)
    return None  # a node begins its log anew faster than we can read


def _damage(data: bytes) -> str | None:
    if not data:
        return None
    if len(data) < HEAD_BYTES:
        return "the log's head is cut off"
    order = _order(data)
    if order is None or _sums(data[: HEAD_BYTES - 8], order, (0, 0)) != _two(data, HEAD_BYTES - 8):
        return "the log's head does not hold"
    broken: int | None = None
    committed = False
    for number, at, holds in _frames(data, order):
        if broken is None and not holds:
            broken = number
        if broken is None or data[at + 8 : at + 16] != data[16:24]:
            continue  # one that holds, or one of an older log
        if committed:
            return f"frame {broken} of the log does not hold, and later ones follow"
        committed = bool(struct.unpack_from(">I", data, at + 4)[0])
    return None


def _frames(data: bytes, order: str) -> Iterator[tuple[int, int, bool]]:
    """Yield each frame's number and place, and whether it and all before it hold."""
    page_bytes = struct.unpack_from(">I", data, 8)[0]
    sums, holds = _two(data, HEAD_BYTES - 8), True
    step = FRAME_HEAD_BYTES + page_bytes
    for number, at in enumerate(range(HEAD_BYTES, len(data) - step + 1, step), start=1):
        if holds:
            sums = _sums(data[at : at + 8], order, sums)
            sums = _sums(data[at + FRAME_HEAD_BYTES : at + step], order, sums)
            holds = data[at + 8 : at + 16] == data[16:24] and sums == _two(data, at + 16)
        yield number, at, holds


def _order(data: bytes) -> str | None:
    """Return in which byte order the log's sums are made; None where it is no log."""
    magic = struct.unpack_from(">I", data)[0]
    return {_MAGIC: "<", _MAGIC | 1: ">"}.get(magic)


def _sums(data: bytes, order: str, sums: Sums) -> Sums:
    """Return SQLite's running checksum after more bytes, a multiple of eight."""
    first, second = sums
    for one, two in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


def _two(data: bytes, at: int) -> Sums:
    first, second = struct.unpack_from(">II", data, at)
    return first, second


def _read(path: Path, count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        return b""
