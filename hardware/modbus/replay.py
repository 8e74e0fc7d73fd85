"""Recorded registers in place of a device: embedded tests, captures and reports from users."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hardware.modbus.capture import Recording
from hardware.modbus.description import EmbeddedTest, Profile, RecordedBlock, UnitRole
from hardware.modbus.errors import DeviceRefused
from hardware.modbus.judge import Judge, sample
from hardware.modbus.layout import Layout, Placed
from hardware.modbus.models import MARKER
from hardware.modbus.points import MAIN, Value
from hardware.modbus.quality import Judged
from hardware.modbus.reader import Words, is_void
from solard.core.readings import PointReading

_FUNCTIONS = (3, 4)
_HOLDING = 3


class RecordedLink:
    """A link that answers from a recording, as strictly as the device did."""

    name = "recording"
    connects = 1

    def __init__(self, blocks: Iterable[RecordedBlock], profile: Profile, unit: int) -> None:
        """Take blocks; those that name no unit are `unit`'s, and of any function if they name none.

        Where a family reads the same registers with both functions, so does its recording. A block
        of a device that restarts means nothing, and what was known before is known no more.
        """
        self._words: dict[int, dict[tuple[int, int], int]] = {}
        self._asked: set[tuple[int, int, int]] = set()
        for block in blocks:
            own = unit if block.unit is None else block.unit
            mine = self._words.setdefault(own, {})
            either = block.function is None or profile.fc_same
            functions = _FUNCTIONS if either else (block.function or _HOLDING,)
            for address, word in enumerate(block.words, start=block.address):
                for function in functions:
                    self._asked.add((own, function, address))
                    if is_void(block.words):
                        mine.pop((function, address), None)
                    else:
                        mine[function, address] = word

    async def connect(self) -> None:
        """Be connected."""

    async def close(self) -> None:
        """Stay as it is."""

    def reset(self) -> None:
        """Stay as it is."""

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return recorded words; refuse what was not recorded."""
        words = self._words.get(unit)
        if words is None:
            raise DeviceRefused(f"the recording has no unit {unit}", 11)
        wanted = [(function, one) for one in range(address, address + count)]
        if not all(one in words for one in wanted):
            raise DeviceRefused(f"the recording has no registers {address} +{count}", 2)
        return tuple(words[one] for one in wanted)

    def has(self, one: Placed) -> bool:
        """Say whether the recording has the words of a point itself, be they void."""
        register = one.point.register
        return register is not None and all(
            (one.unit, register.function, address) in self._asked for address in register.addresses
        )

    def words(self) -> Words:
        """Return all that was recorded."""
        all_words = Words()
        for unit, words in self._words.items():
            for (function, address), word in words.items():
                all_words.of(unit, function)[address] = word
        return all_words


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedPoll:
    """What one poll of a recording means."""

    recording: str
    points: tuple[PointReading, ...]


async def replay(
    profile: Profile, recordings: Iterable[Recording], units: Mapping[str, int] | None = None
) -> tuple[ReplayedPoll, ...]:
    """Decode recordings of one device, one after the other; raise DeviceError.

    Each poll holds the points whose registers it brought, and what is derived from all known so
    far. `units` names roles as a configuration does; others are found by their usual ids.
    """
    judge = Judge(profile)
    polls = []
    for recording in recordings:
        heard: list[RecordedBlock] = []
        kept: dict[str, Judged] = {}
        for blocks in recording.polls:
            heard += blocks
            ids = find_units(profile, heard, units or {})
            whole, fresh = (RecordedLink(some, profile, ids[MAIN]) for some in (heard, blocks))
            starts = tuple(one.address for one in heard)
            layout = Layout(profile, whole, ids[MAIN], ids, extras=True, starts=starts)
            await layout.find()
            words = whole.words()
            _choose(profile, layout, words, recording.variant)
            brought = [one for one in layout.placed if fresh.has(one)]
            has = {one.point.name for one in layout.placed}  # its models may have moved
            kept = {name: one for name, one in kept.items() if name in has}
            had = {name for name, one in kept.items() if one.value is not None}
            kept.update(
                {one.point.name: sample(one, words, had=one.point.name in had) for one in brought}
            )
            names = {one.point.name for one in brought}
            derived = {spec.name for spec in profile.derived}
            readings = judge.publish(layout.placed, kept)
            shown = tuple(one for one in readings if one.name in names | derived)
            polls.append(ReplayedPoll(recording=recording.name, points=shown))
    return tuple(polls)


def find_units(
    profile: Profile, blocks: Iterable[RecordedBlock], named: Mapping[str, int]
) -> dict[str, int]:
    """Return which unit of a recording plays which role.

    The usual ids come first; then any other unit, as owners and recorders choose their own; at last
    the main one, for recordings that do not tell units apart.
    """
    blocks = tuple(blocks)
    present = list(dict.fromkeys(one.unit for one in blocks if one.unit is not None))
    usual = (profile.unit, *profile.candidates)
    main = next((one for one in usual if one in present), present[0] if present else profile.unit)
    blocks = tuple(replace(one, unit=main) if one.unit is None else one for one in blocks)
    units = {MAIN: main, **named}
    for role in profile.roles:
        if role.name in units:
            continue
        own = [role.default, *role.candidates]
        free = [one for one in present if one not in units.values()]
        found = next((one for one in own if one in present), None)
        if found is None:
            others = [*free, main]
            found = next((one for one in others if _serves(profile, role, blocks, one)), None)
        if found is not None:
            units[role.name] = found
    return units


def _serves(profile: Profile, role: UnitRole, blocks: tuple[RecordedBlock, ...], unit: int) -> bool:
    if role.models:
        return any(one.unit == unit and one.words[: len(MARKER)] == MARKER for one in blocks)
    known = {
        address
        for block in blocks
        if block.unit == unit
        for address in range(block.address, block.address + len(block.words))
    }
    return any(
        point.role == role.name
        and point.register is not None
        and known.issuperset(point.register.addresses)
        for point in profile.points
    )


def _choose(profile: Profile, layout: Layout, words: Words, variant: str) -> None:
    wanted = {one.point for one in profile.variants}
    known = [one for one in layout.placed if one.point.name in wanted]
    layout.choose({one.point.name: sample(one, words).value for one in known}, variant)


async def run_embedded_test(profile: Profile, test: EmbeddedTest) -> tuple[str, ...]:
    """Decode a recording with its profile; return a sentence for every value that differs."""
    recording = Recording(name=test.name, family="", variant=test.variant, polls=(test.blocks,))
    (poll,) = await replay(profile, (recording,), dict(test.units))
    values = {one.name: one.value for one in poll.points}
    return tuple(
        f"{test.name}: {name} is {values.get(name)!r}, expected {expected!r}"
        for name, expected in test.expect
        if not _agrees(values.get(name), expected)
    )


def _agrees(value: Value, expected: Value) -> bool:
    if isinstance(value, float) and isinstance(expected, float):
        return abs(value - expected) <= max(6e-4, 1e-6 * abs(expected))
    return value == expected
