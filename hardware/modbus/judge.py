"""What one poll of a device is worth: its samples judged, and the values derived from them."""

from collections.abc import Iterable, Mapping

from hardware.modbus.crosscheck import CrossCheck
from hardware.modbus.derive import derive
from hardware.modbus.description import Profile
from hardware.modbus.doubts import Doubts
from hardware.modbus.layout import Placed
from hardware.modbus.points import Bounds, Confidence, Group, Point
from hardware.modbus.quality import (
    LOST,
    MISSING,
    TIMES_BELIEVED,
    Judged,
    Watch,
    with_counter_step,
)
from hardware.modbus.reader import Words
from solard.core.readings import PointReading, Quality

_FROZEN_AFTER = 60
"""Polls without the least movement: in two minutes and more, some voltage moves by a digit."""
_ENOUGH_TO_MOVE = 4
"""Numbers other than 0 that a device must have for its standing still to mean something."""


def sample(one: Placed, words: Words, *, had: bool = False) -> Judged:
    """Return what the words of a point say, before anything is known of its past.

    `had` says that the device is known to have it: words that do not come, or come void, are then
    no sign that it lacks it.
    """
    point = one.point
    if point.register is None:
        return MISSING
    own = words.of(one.unit, point.register.function)
    if point.register.raw(own) is None:
        return LOST if had else MISSING
    value = point.value(own)
    if value is not None:
        return Judged(value, Quality.SUSPECT if point.is_at_end(own) else Quality.GOOD)
    return Judged(None, Quality.ASLEEP) if point.asleep else MISSING


class Judge:
    """Turns the samples of one device into readings; remembers what it needs to doubt them."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._watches: dict[str, Watch] = {}
        self._cross = CrossCheck()
        self._doubts = Doubts(profile.profile_id)
        self._last_numbers: tuple[float, ...] = ()
        self._same_polls = 0
        self._blank_polls = 0

    def publish(
        self, placed: Iterable[Placed], known: Mapping[str, Judged]
    ) -> tuple[PointReading, ...]:
        """Return the reading of every known sample, and of what the profile derives from them."""
        points = {one.point.name: one.point for one in placed}
        known = self._doubt_zeros(known, points)
        judged = {
            name: _doubt(points[name], self._judge_point(points[name], one, known))
            for name, one in known.items()
        }
        for spec in self._profile.derived:
            made = derive(spec, judged)
            if made is not None:
                judged[spec.name] = self._judge(spec.name, spec.bounds, made, judged)
        found = self._cross.find(judged)
        self._doubts.note(found)
        for name in (name for one in found if one.is_new for name in one.names):
            judged[name] = Judged(judged[name].value, Quality.SUSPECT)
        units = {spec.name: spec.unit for spec in self._profile.derived}
        frozen = self._is_frozen(judged, points)
        return tuple(
            PointReading(
                name=name,
                value=one.value,
                unit=units.get(name) or (points[name].unit if name in points else ""),
                quality=Quality.STALE if frozen and one.quality is Quality.GOOD else one.quality,
                address=_address(points[name]) if name in known else None,
            )
            for name, one in judged.items()
        )

    def _judge_point(self, point: Point, one: Judged, known: Mapping[str, Judged]) -> Judged:
        judged = self._judge(point.name, point.bounds, one, known)
        never_had = point.optional and point.name not in self._watches
        if never_had and one.value == 0 and judged is MISSING:
            return Judged(one.value, Quality.SUSPECT)  # only people ask for what a device lacks
        return judged

    def _judge(self, name: str, bounds: Bounds, one: Judged, known: Mapping[str, Judged]) -> Judged:
        witnesses = bounds.zero_unless
        if witnesses is not None and one.value == 0:
            beside = [known[name].value for name in witnesses if name in known]
            if not any(beside):
                return MISSING
        watch = self._watches.get(name)
        if watch is None:
            watch = self._watches[name] = Watch(with_counter_step(bounds, self._unit_of(name)))
        empty = bounds.zero_suspect and self._cross.is_empty(_good(known, "battery_voltage"))
        return watch.judge(one, zero_agrees=empty)

    def _doubt_zeros(
        self, known: Mapping[str, Judged], points: Mapping[str, Point]
    ) -> Mapping[str, Judged]:
        """Doubt a poll in which all that moves is 0, voltages too, until it comes the third time.

        Loggers answer so while they start.
        """
        numbers = _live_numbers(known, points)
        is_blank = len(numbers) >= _ENOUGH_TO_MOVE and not any(numbers)
        self._blank_polls = self._blank_polls + 1 if is_blank else 0
        if not 0 < self._blank_polls < TIMES_BELIEVED:
            return known
        return {
            name: Judged(0.0, Quality.SUSPECT) if one.value == 0 else one
            for name, one in known.items()
        }

    def _unit_of(self, name: str) -> str:
        own = next((point.unit for point in self._profile.points if point.name == name), None)
        return own or next((one.unit for one in self._profile.derived if one.name == name), "")

    def _is_frozen(self, judged: Mapping[str, Judged], points: Mapping[str, Point]) -> bool:
        """Say whether a device repeats itself: valid values that never move are no values.

        By day only: an inverter without sun stands still and is right.
        """
        numbers = _live_numbers(judged, points)
        same = bool(numbers) and numbers == self._last_numbers and not _is_dark(judged)
        self._same_polls = self._same_polls + 1 if same else 0
        self._last_numbers = numbers
        moving = sum(number != 0 for number in numbers)
        usual = _FROZEN_AFTER if moving >= _ENOUGH_TO_MOVE else None
        limit = self._profile.frozen_after or usual
        return limit is not None and self._same_polls >= limit


def _live_numbers(judged: Mapping[str, Judged], points: Mapping[str, Point]) -> tuple[float, ...]:
    """Return what a device measures in every poll."""
    return tuple(
        one.value
        for name, one in judged.items()
        if isinstance(one.value, float)
        and name in points
        and points[name].group is Group.FAST
        and points[name].meanings is None
    )


def _is_dark(judged: Mapping[str, Judged]) -> bool:
    pv = judged.get("pv_power")
    return pv is not None and not pv.value


def _good(known: Mapping[str, Judged], name: str) -> float | None:
    one = known.get(name)
    if one is None or one.quality is not Quality.GOOD or not isinstance(one.value, float | int):
        return None
    return float(one.value)


def _doubt(point: Point, judged: Judged) -> Judged:
    """Never call a value good whose register nobody has proved: decisions rest on good ones."""
    if point.trust is Confidence.C and judged.quality is Quality.GOOD:
        return Judged(judged.value, Quality.SUSPECT)
    return judged


def _address(point: Point) -> int | None:
    """Return where a value begins: its first word as documents have it, not always the lowest."""
    return None if point.register is None else point.register.addresses[0]
