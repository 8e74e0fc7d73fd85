"""What one poll of a device is worth: its samples judged, and the values derived from them."""

from collections.abc import Iterable, Mapping

from hardware.modbus.derive import derive
from hardware.modbus.description import Profile
from hardware.modbus.layout import Placed
from hardware.modbus.points import Bounds, Group, Point
from hardware.modbus.quality import MISSING, Judged, Watch
from hardware.modbus.reader import Words
from solard.core.readings import PointReading, Quality


def sample(one: Placed, words: Words) -> Judged:
    """Return what the words of a point say, before anything is known of its past."""
    point = one.point
    if point.register is None:
        return MISSING
    value = point.value(words.of(one.unit, point.register.function))
    if value is not None:
        return Judged(value, Quality.GOOD)
    return Judged(None, Quality.ASLEEP) if point.asleep else MISSING


class Judge:
    """Turns the samples of one device into readings; remembers what it needs to doubt them."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._watches: dict[str, Watch] = {}
        self._last_numbers: tuple[float, ...] = ()
        self._same_polls = 0

    def publish(
        self, placed: Iterable[Placed], known: Mapping[str, Judged]
    ) -> tuple[PointReading, ...]:
        """Return the reading of every known sample, and of what the profile derives from them."""
        points = {one.point.name: one.point for one in placed}
        judged = {
            name: self._judge(name, points[name].bounds, one, known) for name, one in known.items()
        }
        for spec in self._profile.derived:
            made = derive(spec, judged)
            if made is not None:
                judged[spec.name] = self._judge(spec.name, spec.bounds, made, judged)
        units = {spec.name: spec.unit for spec in self._profile.derived}
        frozen = self._is_frozen(judged, points)
        return tuple(
            PointReading(
                name=name,
                value=one.value,
                unit=units.get(name) or (points[name].unit if name in points else ""),
                quality=Quality.STALE if frozen and one.quality is Quality.GOOD else one.quality,
                address=_address(points.get(name)),
            )
            for name, one in judged.items()
        )

    def _judge(self, name: str, bounds: Bounds, one: Judged, known: Mapping[str, Judged]) -> Judged:
        witnesses = bounds.zero_unless
        if witnesses is not None and one.value == 0:
            beside = [known[name].value for name in witnesses if name in known]
            if not any(beside):
                return MISSING
        watch = self._watches.setdefault(name, Watch(bounds))
        return watch.judge(one)

    def _is_frozen(self, judged: Mapping[str, Judged], points: Mapping[str, Point]) -> bool:
        """Say whether a device repeats itself: valid values that never move are no values."""
        numbers = tuple(
            one.value
            for name, one in judged.items()
            if isinstance(one.value, float)
            and name in points
            and points[name].group is Group.FAST
            and points[name].meanings is None
        )
        same = bool(numbers) and numbers == self._last_numbers
        self._same_polls = self._same_polls + 1 if same else 0
        self._last_numbers = numbers
        limit = self._profile.frozen_after
        return limit is not None and self._same_polls >= limit


def _address(point: Point | None) -> int | None:
    return None if point is None or point.register is None else point.register.first
