"""Read a CSV table, plain or gzipped: cells by column name, numbers, moments."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from solard.simulate.errors import RecordingInvalid

LONGEST_BYTES = 256 * 1024 * 1024
NO_NUMBER = {"", "nan", "na", "null", "none"}


def read_rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield `FILE:LINE` and the cells of each row; raise RecordingInvalid on a strange table.

    Columns that nobody asked for are ignored; a row that is too short is refused.
    """
    reader = csv.reader(io.StringIO(_text(path)))
    header = [cell.strip().lower() for cell in next(reader, [])]
    missing = [name for name in required if name not in header]
    if missing:
        known = ", ".join((*required, *optional))
        raise RecordingInvalid(f"{path}: no column {', '.join(missing)}; a table has {known}")
    wanted = {name: header.index(name) for name in (*required, *optional) if name in header}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}:{reader.line_num}"
        if len(cells) < len(header):
            raise RecordingInvalid(f"{where}: {len(cells)} cells under {len(header)} columns")
        yield where, {name: cells[place].strip() for name, place in wanted.items()}


def _text(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                content = packed.read(LONGEST_BYTES + 1)
        else:
            with path.open("rb") as plain:
                content = plain.read(LONGEST_BYTES + 1)
    except (OSError, EOFError) as err:
        raise RecordingInvalid(f"{path}: cannot be read: {err}") from err
    if len(content) > LONGEST_BYTES:
        raise RecordingInvalid(
            f"{path}: more than {LONGEST_BYTES // 2**20} MiB; cut it with --from"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise RecordingInvalid(f"{path}: no text: {err}") from err


def number_or_none(text: str, where: str, column: str) -> float | None:
    """Return a number, or None for an empty cell or NaN."""
    if text.lower() in NO_NUMBER:
        return None
    try:
        value = float(text)
    except ValueError as err:
        raise RecordingInvalid(f'{where}: {column} "{text[:40]}" is not a number') from err
    return value if isfinite(value) else None


def number(text: str, where: str, column: str) -> float:
    """Return a number that must be there."""
    value = number_or_none(text, where, column)
    if value is None:
        raise RecordingInvalid(f"{where}: {column} is empty")
    return value


def flag(text: str, where: str, column: str) -> bool:
    """Return what `1`, `true` or `yes` and their opposites say."""
    word = text.lower()
    if word in {"1", "true", "yes", "1.0"}:
        return True
    if word in {"0", "false", "no", "0.0", ""}:
        return False
    raise RecordingInvalid(f'{where}: {column} "{text[:40]}" is neither true nor false')


def moment(text: str, where: str) -> datetime:
    """Return an aware UTC moment; a stamp without an offset is UTC."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError as err:
        raise RecordingInvalid(
            f'{where}: "{text[:40]}" is no moment like 2024-05-06T00:30:00Z'
        ) from err
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
