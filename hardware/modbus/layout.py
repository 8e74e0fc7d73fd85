"""Where the points of a profile are on one real device: units, walked models, variants."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hardware.modbus.blocks import Span
from hardware.modbus.description import Profile, UnitRole
from hardware.modbus.errors import DeviceError, DeviceRefused, DeviceTimeout, DeviceUnfit
from hardware.modbus.limits import LinkLimits, RegisterLink
from hardware.modbus.models import FoundModel, model_rows, resolve
from hardware.modbus.points import MAIN, Group, Point, Value
from hardware.modbus.sunspec import walk_models, walk_unmarked

_log = logging.getLogger(__name__)

_REST_S = 300.0
_LONGEST_REST_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A point and the unit that serves it."""

    point: Point
    unit: int

    def spans(self, max_words: int) -> tuple[Span, ...]:
        """Return the words that must be read together for it, as one span where that can be.

        Only the last modules of a long model 160 are further from their scale factor than one
        request reaches; the factor is then read beside them.
        """
        point, register = self.point, self.point.register
        if register is None:
            return ()
        if point.last - point.first < max_words or point.scale_at is None:
            return (self._span(register.function, point.first, point.last),)
        return (
            self._span(register.function, register.first, register.last),
            self._span(register.function, point.scale_at, point.scale_at),
        )

    def _span(self, function: int, first: int, last: int) -> Span:
        return Span(name=self.point.name, unit=self.unit, function=function, first=first, last=last)


@dataclass(slots=True)
class _Rest:
    until_s: float
    length_s: float


class Layout:
    """Finds the points of one device, and leaves units alone that do not answer.

    A dead unit behind a gateway costs a whole timeout for each question, and the connection with
    it: optional units rest for 5 min, then longer, up to an hour.
    """

    def __init__(
        self,
        profile: Profile,
        link: RegisterLink,
        unit: int,
        units: dict[str, int],
        *,
        extras: bool = False,
        starts: tuple[int, ...] = (),
    ) -> None:
        """Place the points that a daemon reads, and with `extras` all others that are known.

        `starts` are where SunSpec models may begin in a recording that lacks their list's head.
        """
        self.placed: tuple[Placed, ...] = ()
        self._profile = profile
        self._link = link
        self._units = {MAIN: unit}
        self._models: tuple[FoundModel, ...] = ()
        self._extras = extras
        self._starts = starts
        self._points = profile.points
        self._rests: dict[int, _Rest] = {}
        self._answered: set[int] = set()
        for role in profile.roles:
            found = units.get(role.name, role.default)
            if found is not None:
                self._units[role.name] = found

    @property
    def limits(self) -> LinkLimits:
        """Return the profile's limits; no request reaches from one SunSpec model into the next."""
        borders = tuple(one.start for one in self._models)
        limits = self._profile.limits
        return replace(limits, no_cross=limits.no_cross + borders)

    async def find(self) -> None:
        """Walk the device where it is a SunSpec one, and place every point; raise DeviceError."""
        self._points = self._profile.points
        if self._profile.sunspec:
            self._models = await self._walk_main()
            for role in self._profile.roles:
                self._models += await self._walk_role(role)
        self._place()

    def choose(self, values: Mapping[str, Value], named: str = "") -> None:
        """Put the points of each variant in place whose sign `values` shows, or that is named."""
        replaced = {
            point.name: point
            for variant in self._profile.variants
            if variant.name == named or values.get(variant.point) in variant.accepted
            for point in variant.points
        }
        self._points = tuple(replaced.get(one.name, one) for one in self._profile.points)
        self._place()

    def rest(self, unit: int, err: DeviceError) -> None:
        """Leave a unit alone for a while; one that has answered before is soon asked again."""
        before = self._rests.get(unit)
        first_s = self._profile.limits.unit_rest_s if unit in self._answered else _REST_S
        length_s = first_s if before is None else min(2 * before.length_s, _LONGEST_REST_S)
        until_s = asyncio.get_running_loop().time() + length_s
        self._rests[unit] = _Rest(until_s, length_s)
        if before is None:
            _log.info("optional unit left out: unit=%d rest_s=%.0f reason=%s", unit, length_s, err)

    def note_answer(self, unit: int) -> None:
        """Forget that a unit was left alone."""
        self._answered.add(unit)
        if self._rests.pop(unit, None) is not None:
            _log.info("optional unit is back: unit=%d", unit)

    def is_resting(self, unit: int) -> bool:
        """Say whether a unit is left alone now."""
        rest = self._rests.get(unit)
        return rest is not None and asyncio.get_running_loop().time() < rest.until_s

    def is_due(self) -> bool:
        """Say whether a unit that may have more SunSpec models has rested long enough."""
        found = {one.unit for one in self._models}
        return self._profile.sunspec and any(
            not self.is_resting(unit) for unit in self._rests if unit not in found
        )

    async def _walk_main(self) -> tuple[FoundModel, ...]:
        try:
            return await walk_models(self._link, self._units[MAIN])
        except DeviceUnfit:
            found = await walk_unmarked(self._link, self._units[MAIN], self._starts)
            if found:
                return found
            # A family with registers of its own beside the models can be read by those.
            if all(point.register is None for point in self._profile.points):
                raise
            return ()

    async def _walk_role(self, role: UnitRole) -> tuple[FoundModel, ...]:
        unit = self._units.get(role.name)
        if unit is None or unit == self._units[MAIN] or self.is_resting(unit):
            return ()
        if any(one.model in role.models for one in self._models):
            return ()
        try:
            models = await walk_models(self._link, unit)
        except (DeviceRefused, DeviceTimeout, DeviceUnfit) as err:
            self.rest(unit, err)
            return ()
        self._rests.pop(unit, None)
        return tuple(one for one in models if one.model in role.models)

    def _place(self) -> None:
        points = [one for one in self._points if self._extras or one.group is not Group.EXTRA]
        self.placed = tuple(placed for point in points for placed in self._find(point))
        if self._extras and self._models:
            self.placed += tuple(self._find_extras())

    def _find_extras(self) -> Iterator[Placed]:
        """Yield every row of the walked models that no point of the profile tells.

        A bit field is told twice: by its number, and by the names of the bits that are set.
        """
        read = {
            (one.unit, one.point.register.first)
            for one in self.placed
            if one.point.register is not None
        }
        for point, unit in model_rows(self._models):
            told = point.register is None or (unit, point.register.first) in read
            if not told or point.bits is not None:
                yield Placed(point=point, unit=unit)

    def _find(self, point: Point) -> list[Placed]:
        if point.model is not None:
            found = resolve(point, point.model, self._models)
            return [Placed(point=one, unit=unit) for one, unit in found]
        unit = self._units.get(point.role)
        return [] if unit is None else [Placed(point=point, unit=unit)]
