"""Recordings of devices as JSON files: blocks of registers, or frames as they were on the wire."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hardware.modbus.description import RecordedBlock
from hardware.modbus.frames import read_exchange
from hardware.modbus.models import surround_model
from solard.core.errors import SolardError


class CaptureInvalid(SolardError):
    """A file is not a recording of a device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one device answered, poll after poll."""

    name: str
    family: str
    """Id of its profile, or empty."""
    variant: str
    polls: tuple[tuple[RecordedBlock, ...], ...]
    """Each poll holds what the device said anew."""
    faults: tuple[str, ...] = ()
    """Sentences about frames that cannot be believed and were left out."""


def read_captures(path: Path) -> tuple[Recording, ...]:
    """Return the recordings of a file, one or a list of them; raise CaptureInvalid."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise CaptureInvalid(f"{path}: {err.strerror or err}") from err
    except ValueError as err:
        raise CaptureInvalid(f"{path}: is no JSON: {err}") from err
    many = data if isinstance(data, list) else [data]
    return tuple(_to_recording(one, f"{path}", path.stem) for one in many)


def choose_recordings(
    recordings: Iterable[Recording], profile_id: str, only: str | None = None
) -> tuple[Recording, ...]:
    """Return the recordings of one family: those that say so, or a lone one that says nothing."""
    recordings = tuple(recordings)
    if only is not None:
        return tuple(one for one in recordings if one.name == only)
    if len(recordings) == 1:
        return recordings
    family = profile_id.replace("-", "_")
    return tuple(one for one in recordings if one.family == family and one.polls)


def _to_recording(data: object, where: str, name: str) -> Recording:
    if not isinstance(data, dict):
        raise CaptureInvalid(f"{where}: expected a recording with `blocks`, `registers` or frames")
    name = str(data.get("id") or name)
    where = f"{where}: {name}"
    try:
        exchanges = [_exchange(pair) for pair in _pairs(data)]
        blocks = tuple(_blocks(data))
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise CaptureInvalid(f"{where}: cannot be read as a recording: {_say(err)}") from err
    heard = [block for block, _ in exchanges if block is not None]
    polls = [blocks] if blocks else []
    # Where the same registers stand in blocks and frames, the frames are but their evidence.
    polls += _polls(heard) if not blocks else []
    return Recording(
        name=name,
        family=str(data.get("family") or "").replace("-", "_"),
        variant=str(data.get("variant") or ""),
        polls=tuple(polls),
        faults=tuple(f"{where}: {fault}" for _, fault in exchanges if fault),
    )


def _say(err: Exception) -> str:
    return f"{err} is missing" if isinstance(err, KeyError) else str(err)


def _blocks(data: dict[str, object]) -> Iterator[RecordedBlock]:
    unit, function = _whole(data.get("unit")), _whole(data.get("fc"))
    registers, model = data.get("registers"), _whole(data.get("model"))
    if isinstance(registers, list) and model is not None:
        offset = _whole(data.get("body_offset"))
        words = [_word(word) for word in registers]
        yield surround_model(model, unit, words, 2 if offset is None else offset)
    elif isinstance(registers, list):
        yield _block(data, unit, function)
    elif isinstance(registers, dict):
        yield from _runs(registers, unit, function)
    holding = data.get("holding")
    if isinstance(holding, dict):
        yield from _runs(holding, unit, 3)
    blocks = data.get("blocks") or []
    if not isinstance(blocks, list):
        raise TypeError("`blocks` is no list")
    for one in blocks:
        if not isinstance(one, dict):
            raise TypeError("a block needs `address` and `registers`")
        inner = one.get("registers")
        if isinstance(inner, dict):
            own_unit, own_function = _whole(one.get("unit")), _whole(one.get("fc"))
            yield from _runs(
                inner,
                unit if own_unit is None else own_unit,
                function if own_function is None else own_function,
            )
        else:
            yield _block(one, unit, function)


def _block(one: dict[str, object], unit: int | None, function: int | None) -> RecordedBlock:
    own_unit, own_function = _whole(one.get("unit")), _whole(one.get("fc"))
    words = one.get("registers") or one.get("words")
    address = one.get("address", one.get("addr"))
    if not isinstance(words, list) or not isinstance(address, int):
        raise TypeError("a block needs `address` and `registers`")
    return RecordedBlock(
        unit=unit if own_unit is None else own_unit,
        function=function if own_function is None else own_function,
        address=address,
        words=tuple(_word(word) for word in words),
    )


def _runs(
    registers: dict[str, object], unit: int | None, function: int | None
) -> Iterator[RecordedBlock]:
    """Yield neighbouring registers as one block: a value is never older than its other half."""
    run: list[int] = []
    first = 0
    for address, word in sorted((_whole(key) or 0, _word(word)) for key, word in registers.items()):
        if run and address != first + len(run):
            yield RecordedBlock(unit=unit, function=function, address=first, words=tuple(run))
            run = []
        if not run:
            first = address
        run.append(word)
    if run:
        yield RecordedBlock(unit=unit, function=function, address=first, words=tuple(run))


def _pairs(data: dict[str, object]) -> Iterator[object]:
    for key in ("frames", "rtu_frames"):
        found = data.get(key) or []
        if not isinstance(found, list):
            raise TypeError(f"`{key}` is no list")
        yield from found


def _exchange(pair: object) -> tuple[RecordedBlock | None, str]:
    if isinstance(pair, dict):
        request, response = pair["request"], pair["response"]
    elif isinstance(pair, list) and len(pair) == 2:
        request, response = pair
    else:
        raise TypeError("a frame needs request and response")
    return read_exchange(bytes.fromhex(str(request)), bytes.fromhex(str(response)))


def _polls(heard: Iterable[RecordedBlock]) -> list[tuple[RecordedBlock, ...]]:
    """Part what was heard into polls: a question that is asked again begins the next one."""
    polls: list[list[RecordedBlock]] = []
    asked: set[tuple[int | None, int | None, int]] = set()
    for block in heard:
        question = (block.unit, block.function, block.address)
        if not polls or question in asked:
            polls.append([])
            asked = set()
        asked.add(question)
        polls[-1].append(block)
    return [tuple(poll) for poll in polls]


def _whole(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            raise ValueError(f"{value!r} is no whole number, decimal or 0x…") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _word(value: object) -> int:
    word = _whole(value)
    if word is None or not -0x8000 <= word <= 0xFFFF:
        raise ValueError(f"{value!r} is no register")
    return word & 0xFFFF
