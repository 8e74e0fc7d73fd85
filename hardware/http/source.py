"""A program or device that answers with JSON, polled like any other device."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hardware.http.document import NotJson, find, read_document, to_moment, to_number
from hardware.http.door import HttpDoor, SourceError
from solard.core.readings import PointReading, Quality

_LEAST_INTERVAL_S = 1.0
_FUTURE_S = 60.0
"""How far the clock of a source may be ahead of ours."""
_SUM = ("pv_power", "grid_power", "battery_power", "generator_power")
"""What feeds a house; the load is their sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePoint:
    """One value and where to find it in the answer."""

    name: str
    path: str
    unit: str
    """Canonical: W, %, V, °C or empty."""
    scale: float = 1.0
    """What one of the source's own units is in ours, negative where it counts the other way."""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """Everything about one source."""

    device_id: str
    url: str
    points: tuple[SourcePoint, ...]
    time_path: str | None = None
    """Where the answer says when it was measured."""
    max_age_s: float = 60.0
    """Older values are stale; so is an answer that has not changed in one letter for this long."""
    period_s: float = 5.0
    timeout_s: float = 5.0
    token: str | None = None


class HttpSource:
    """Polls one address; whatever comes back is a value with a quality, or a sentence."""

    def __init__(self, spec: SourceSpec, now: Callable[[], datetime]) -> None:
        self.device_id = spec.device_id
        self.period_s = spec.period_s
        self.min_interval_s = _LEAST_INTERVAL_S
        self._spec = spec
        self._now = now
        self._door = HttpDoor(spec.url, spec.timeout_s, spec.token)
        self._last_body = b""
        self._changed_s = 0.0

    async def poll(self) -> tuple[PointReading, ...]:
        """Return its values; raise SourceError with a sentence."""
        try:
            body = await self._door.get()
            document = read_document(body)
        except NotJson as err:
            raise SourceError(f'device "{self.device_id}": {self._spec.url} {err}') from err
        except SourceError as err:
            raise SourceError(f'device "{self.device_id}": {err}') from err
        fresh = self._is_fresh(body, document)
        points = [self._read(point, document, fresh) for point in self._spec.points]
        if all(point.value is None for point in points):
            where = ", ".join(point.path for point in self._spec.points)
            raise SourceError(
                f'device "{self.device_id}": {self._spec.url} has no number at {where}; '
                "look at its answer in a browser"
            )
        load = _load(points)
        return (*points, load) if load is not None else tuple(points)

    async def close(self) -> None:
        """End the connection."""
        await self._door.close()

    def reset(self) -> None:
        """Begin anew with another connection."""
        self._door = HttpDoor(self._spec.url, self._spec.timeout_s, self._spec.token)

    def _is_fresh(self, body: bytes, document: object) -> bool:
        now_s = asyncio.get_running_loop().time()
        if body != self._last_body:
            self._last_body, self._changed_s = body, now_s
        if self._spec.time_path is None:
            return now_s - self._changed_s <= self._spec.max_age_s
        measured_at = to_moment(find(document, self._spec.time_path))
        if measured_at is None:
            return False
        age_s = (self._now() - measured_at).total_seconds()
        return -_FUTURE_S <= age_s <= self._spec.max_age_s

    def _read(self, point: SourcePoint, document: object, fresh: bool) -> PointReading:
        raw = find(document, point.path)
        number = None if isinstance(raw, bool) and point.unit else to_number(raw)
        value = None if number is None else round(number * point.scale, 6) + 0.0
        quality = Quality.GOOD if fresh else Quality.STALE
        if value is None:
            quality = Quality.MISSING
        elif _is_outside(value, point):
            quality = Quality.SUSPECT
        return PointReading(name=point.name, value=value, unit=point.unit, quality=quality)


def _is_outside(value: float, point: SourcePoint) -> bool:
    low, high = point.minimum, point.maximum
    return (low is not None and value < low) or (high is not None and value > high)


def _load(points: list[PointReading]) -> PointReading | None:
    """Return the load where the source tells sun and grid, but no load of its own."""
    known = {point.name: point for point in points}
    if "load_power" in known or not {"pv_power", "grid_power"} <= known.keys():
        return None
    parts = [known[name] for name in _SUM if name in known]
    numbers = [one.value for one in parts if isinstance(one.value, float)]
    bad = next((one.quality for one in parts if one.quality is not Quality.GOOD), None)
    total = sum(numbers) if len(numbers) == len(parts) else None
    quality = bad or Quality.GOOD
    return PointReading(
        name="load_power",
        value=total,
        unit="W",
        quality=Quality.MISSING if total is None else quality,
    )
