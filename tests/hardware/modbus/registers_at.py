"""Registers of a chaos device, written as they stand."""


def at(first: int, *words: int) -> dict[int, int]:
    """Return words from an address on; a negative number is its two's complement."""
    return dict(enumerate((word & 0xFFFF for word in words), start=first))
