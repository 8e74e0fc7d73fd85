"""What the legacy protocol says about each end of a request, in headers and in the body."""

import sys
from collections.abc import Mapping
from typing import Any

from miner.wire.synapse import SynapseInvalid

Terminal = dict[str, Any]
"""All of `TERMINAL_FIELDS`, in their order; None where nobody said it."""

_KINDS: dict[str, type] = {
    "status_code": int,
    "status_message": str,
    "process_time": float,
    "ip": str,
    "port": int,
    "version": int,
    "nonce": int,
    "uuid": str,
    "hotkey": str,
    "signature": str,
}
TERMINAL_FIELDS = tuple(_KINDS)
_LONGEST_NUMBER = 24
LONGEST_TEXT = 1024
_OBJECT_BYTES = 80
"""What bittensor 10 counts for each of a synapse and its two terminals, beside their fields."""


def new_terminal(**known: Any) -> Terminal:
    """Return a terminal of which some fields are known."""
    return {name: known.get(name) for name in TERMINAL_FIELDS}


def read_terminal(data: Any) -> Terminal:
    """Return the terminal that a body or headers describe; raise SynapseInvalid."""
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        raise SynapseInvalid("axon and dendrite are objects")
    return {name: _read(name, kind, data.get(name)) for name, kind in _KINDS.items()}


def terminal_headers(end: str, terminal: Terminal) -> dict[str, str]:
    """Return the headers that tell what is known of the `axon` or the `dendrite`.

    Part of it is what the other end said of itself: no more than one line of ASCII gets through.
    """
    lines = {f"bt_header_{end}_{name}": value for name, value in terminal.items()}
    return {
        name: text
        for name, value in lines.items()
        if value is not None and is_plain(text := str(value))
    }


def is_plain(text: str) -> bool:
    """Tell whether a text may stand in a header."""
    return len(text) <= LONGEST_TEXT and text.isascii() and text.isprintable()


def header_size(headers: Mapping[str, str]) -> int:
    """Return what bittensor 10 calls the size of headers: of CPython's table, without contents."""
    return sys.getsizeof(headers)


def total_size(envelope: Mapping[str, Any]) -> int:
    """Return what bittensor 10 calls the size of a synapse: its objects in CPython's memory."""
    objects: dict[int, Any] = {}
    for part in (envelope, envelope["axon"], envelope["dendrite"]):
        _collect(part, objects)
    return 3 * _OBJECT_BYTES + sum(map(sys.getsizeof, objects.values()))


def _collect(value: Any, objects: dict[int, Any]) -> None:
    """Note a value's objects, each once; a text that two names share is one object."""
    objects[id(value)] = value
    if isinstance(value, Mapping):
        for name in value:
            objects[id(name)] = name
        value = value.values()
    for each in value:
        if type(each) in (list, dict) and id(each) not in objects:
            _collect(each, objects)
        else:
            objects[id(each)] = each


def _read(name: str, kind: type, value: Any) -> Any:
    if value is None or type(value) is kind:
        return value
    if kind is str:
        raise SynapseInvalid(f"{name}: a text is wanted")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_text = isinstance(value, str) and len(value) <= _LONGEST_NUMBER
    if not is_number and not is_text:
        raise SynapseInvalid(f"{name}: a number is wanted")
    try:
        return kind(value)
    except (ValueError, OverflowError) as err:
        raise SynapseInvalid(f"{name}: a number is wanted") from err
