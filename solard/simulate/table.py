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
        said = ",".join(header)[:80] or "nothing"
        raise RecordingInvalid(
            f"{path}:1: no column {', '.join(missing)}; its first row says {said}, and a table "
            f"begins with {','.join((*required, *optional))}, with commas between"
        )
    wanted = {name: header.index(name) for name in (*required, *optional) if name in header}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}:{reader.line_num}"
        if len(cells) < len(header):
            raise RecordingInvalid(
                f"{where}: {len(cells)} cells under {len(header)} columns; write every comma, also "
                "where a cell stays empty"
            )
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
        raise RecordingInvalid(
            f"{path}: no text in UTF-8 (byte {err.start + 1}); give the CSV, plain or as .gz"
        ) from err


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
        said = f'"{text[:40]}" is no finite number' if text else "is empty"
        raise RecordingInvalid(f"{where}: {column} {said}; write a number")
    return value


def number_between(text: str, where: str, column: str, low: float, high: float) -> float:
    """Return a number that must be there and lie within limits."""
    value = number(text, where, column)
    if not low <= value <= high:
        raise RecordingInvalid(f"{where}: {column} {value:g} is outside {low:.0f}..{high:.0f}")
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
