"""What the kernel says of cards in files: texts and numbers, unknown where a file is not there."""

from pathlib import Path


def text_of(path: Path) -> str | None:
    """Return what a file says; None where it is empty, absent, or sleeps with its card."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \t\n") or None
    except OSError:
        return None


def number_of(path: Path) -> float | None:
    """Return the number in a file; None where there is none."""
    try:
        return float(text_of(path) or "")
    except ValueError:
        return None
