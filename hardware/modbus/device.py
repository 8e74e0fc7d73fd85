"""One device: polls its registers and hands over values in canonical signs and units."""

import asyncio
from collections.abc import Callable, Mapping

from hardware.modbus.blocks import Span
from hardware.modbus.description import Profile
from hardware.modbus.errors import (
    DeviceError,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnfit,
    DeviceUnreachable,
)
from hardware.modbus.judge import Judge, sample
from hardware.modbus.layout import Layout, Placed
from hardware.modbus.limits import RegisterLink
from hardware.modbus.points import Group, Point
from hardware.modbus.quality import LOST, Judged
from hardware.modbus.reader import BlockReader, Words
from solard.core.readings import PointReading

_SLOW_EVERY = 10
_LONG_AWAY_S = 600.0


class ModbusDevice:
    """A device of one family behind a link that it may share with others."""

    def __init__(
        self,
        device_id: str,
        profile: Profile,
        link: RegisterLink,
        unit: int | None = None,
        *,
        units: Mapping[str, int] | None = None,
        period_s: float | None = None,
        min_interval_s: float | None = None,
        close_after_poll: bool = False,
        extras: bool = False,
        long_away_s: float = _LONG_AWAY_S,
        is_dark: Callable[[], bool] | None = None,
    ) -> None:
        """Read `unit`, and the further units that `units` names by role.

        What is None comes from the profile. `period_s` is in site seconds, `min_interval_s` in
        real ones. `close_after_poll` leaves the only place of a device to others between polls;
        with `extras` people get all that is known of the family, also what this device lacks; after
        `long_away_s` by day an error suggests the inverter's menu. `is_dark` is None where nobody
        knows where the sun stands.
        """
        self.device_id = device_id
        self.profile = profile
        self.unit = profile.unit if unit is None else unit
        self.period_s = profile.period_s if period_s is None else period_s
        limits = profile.limits
        self.min_interval_s = limits.min_interval_s if min_interval_s is None else min_interval_s
        self._close_after_poll = close_after_poll
        self._long_away_s = long_away_s
        self._is_dark = is_dark
        self._link = link
        self._extras = extras
        self._layout = Layout(profile, link, self.unit, dict(units or {}), extras=extras)
        self._reader = BlockReader(link, limits)
        self._connects = -1
        self._polls = 0
        self._refused_since_s: float | None = None
        self._is_new = True
        self._judge = Judge(profile)
        self._kept: dict[str, Judged] = {}
        self._had: set[str] = set()
        self._served: set[str] = set()

    @property
    def _family(self) -> str:
        name = self.profile.profile_id
        return f"{'an' if name.startswith(tuple('aeio')) else 'a'} {name}"

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Return the points that the device has, as far as it has been looked at."""
        return self._layout.placed

    async def poll(self) -> tuple[PointReading, ...]:
        """Return every value that the device has; raise DeviceError with a sentence."""
        try:
            points = await self._poll()
        except DeviceError as err:
            if isinstance(err, DeviceUnfit):
                self._connects = -1  # it may be booting: look again from the start
            err.device_id = self.device_id
            err.hint = self._hint(err)
            raise
        else:
            self._refused_since_s = None
            return points
        finally:
            if self._close_after_poll:
                await self._link.close()
                self._connects += 1  # it was we who hung up: the device is still the same

    async def close(self) -> None:
        """End the connection that it shares; the next poll opens a new one."""
        await self._link.close()

    def reset(self) -> None:
        """Begin anew, even where a poll that nobody can end still holds the connection."""
        self._link.reset()
        self._connects = -1

    async def _poll(self) -> tuple[PointReading, ...]:
        await self._link.connect()
        if self._link.connects != self._connects or self._layout.is_due():
            await self._prepare()
        known = await self._measure(self._due())
        if self.profile.sunspec and self._link.connects != self._connects:
            # It was gone for a moment: its models may have moved under our questions.
            await self._prepare()
            known = await self._measure(self._due())
        if not known.keys() - self._reader.refused:
            raise DeviceUnfit(
                f"{self._link.name} unit {self.unit} refuses every register of profile "
                f"{self.profile.profile_id}; choose the profile of this device: "
                f"`solard modbus scan {self._link.name}` looks for it"
            )
        self._is_new = False
        self._polls += 1
        return self._judge.publish(self._layout.placed, known)

    async def _prepare(self) -> None:
        """Learn what this device has; what it refused before may be there now."""
        self._connects = -1
        await self._layout.find()
        self._reader = BlockReader(self._link, self._layout.limits, self._served)
        self._connects = self._link.connects
        self._is_new = True
        self._kept = {}
        if self.profile.variants:
            wanted = {variant.point for variant in self.profile.variants}
            asked = [one for one in self._layout.placed if one.point.name in wanted]
            known = await self._measure(asked)
            self._layout.choose({name: judged.value for name, judged in known.items()})

    def _due(self) -> list[Placed]:
        groups = {Group.FAST}
        if self._is_new:
            groups |= {Group.SLOW, Group.ONCE, Group.EXTRA}
        elif self._polls % _SLOW_EVERY == 0:
            groups |= {Group.SLOW}
        return [
            one
            for one in self._layout.placed
            if one.point.group in groups or self._is_worth_asking(one.point, groups)
        ]

    def _is_worth_asking(self, point: Point, groups: set[Group]) -> bool:
        """Say whether what is rarely read was not told when it was."""
        kept = self._kept.get(point.name)
        if kept is None or kept.value is not None:
            return False
        return kept.is_lost or (point.group is Group.ONCE and Group.SLOW in groups)

    async def _measure(self, due: list[Placed]) -> dict[str, Judged]:
        """Return the newest sample of every point that the device has, read now or before."""
        words = await self._read(due)
        known: dict[str, Judged] = {}
        asked = {one.point.name for one in due}
        for one in self._layout.placed:
            name = one.point.name
            if name in self._reader.refused or self._layout.is_resting(one.unit):
                if name in self._had:
                    known[name] = self._kept[name] = LOST
                continue
            if name in asked:
                self._kept[name] = sample(one, words, had=name in self._had)
            if name in self._kept and not self._is_not_there(one.point, self._kept[name]):
                known[name] = self._kept[name]
        return known

    def _is_not_there(self, point: Point, judged: Judged) -> bool:
        """Say whether a device serves a register of something that it does not have."""
        empty = judged.value is None or (judged.value == 0 and point.bounds.zero_unless is not None)
        if not empty:
            self._had.add(point.name)
        return point.optional and not self._extras and point.name not in self._had

    async def _read(self, due: list[Placed]) -> Words:
        words = await self._reader.read(self._spans(due, self.unit))
        self._require_essentials()
        for unit in sorted({one.unit for one in due} - {self.unit}):
            if self._layout.is_resting(unit):
                continue
            try:
                more = await self._reader.read(self._spans(due, unit))
            except (DeviceRefused, DeviceTimeout) as err:
                self._layout.rest(unit, err)
            else:
                self._layout.note_answer(unit)
                words.update(more)
        return words

    def _spans(self, due: list[Placed], unit: int) -> list[Span]:
        most = self.profile.limits.max_words
        return [span for one in due if one.unit == unit for span in one.spans(most)]

    def _require_essentials(self) -> None:
        for one in self._layout.placed:
            if one.point.essential and one.point.name in self._reader.refused:
                raise DeviceUnfit(
                    f"{self._link.name} unit {self.unit} has no {one.point.name} at register "
                    f"{one.point.first}; is it {self._family} device?"
                )

    def _hint(self, err: DeviceError) -> str:
        """Say what to try next: another unit, or the inverter's own menu."""
        if isinstance(err, DeviceUnreachable):
            return self._hint_at_menu()
        usual = tuple(dict.fromkeys((self.profile.unit, *self.profile.candidates)))
        silent = isinstance(err, DeviceTimeout | DeviceRefused | DeviceUnfit)
        others = [str(one) for one in usual if one != self.unit]
        if self._polls or not silent or not others:
            return ""
        if self.unit in usual:
            return f". Is unit {self.unit} right? It may also be {' or '.join(others)}"
        ids = " or ".join(others)
        family = self._family.capitalize()
        return f". Is unit {self.unit} right? {family} device usually is {ids}"

    def _hint_at_menu(self) -> str:
        """Say what long silence by day means of a device that has answered before."""
        now_s = asyncio.get_running_loop().time()
        dark = self._is_dark is not None and self._is_dark()
        if self._refused_since_s is None or dark:
            self._refused_since_s = now_s
        if not self._polls or now_s - self._refused_since_s < self._long_away_s:
            return ""
        day = ": if the sun is up, a" if self._is_dark is None else " by day: a"
        return (
            f". It has answered before and has been away for long{day} firmware update may have "
            "switched Modbus off; look in the inverter's menu"
        )
