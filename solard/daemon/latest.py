"""The newest reading of each device, frozen into one picture a tick."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.rig import Rig
from solard.core.state import BatteryState, CardHealth, GpuState, SiteState, Supply
from solard.daemon.setup import DaemonSetup

STALE_PERIODS = 3.0
MISSING_PERIODS = 6.0
MISSING_AT_LEAST_S = 30.0
RIG_HISTORY = 600
"""Draws kept, so that a load reading meets the rig's draw of the moment it was measured."""


class Latest:
    """Holds what devices and cards last said; `snapshot` turns it into a `SiteState`."""

    def __init__(self, setup: DaemonSetup, started_s: float) -> None:
        self._setup = setup
        self._started_s = started_s
        self._good: dict[str, DeviceReading] = {}
        self._good_polls: dict[str, int] = {}
        self._trusted: dict[tuple[str, str], tuple[PointReading, float]] = {}
        self._gpus: tuple[GpuState, ...] = ()
        self._rig_w: deque[tuple[float, float]] = deque(maxlen=RIG_HISTORY)

    def use(self, setup: DaemonSetup) -> None:
        """Go on with another configuration."""
        self._setup = setup

    def take(self, reading: DeviceReading) -> None:
        """Remember a device's answer; a failed poll changes nothing, it lets the last one age."""
        if reading.error is not None:
            return
        self._good[reading.device_id] = self._hold(reading)
        self._good_polls[reading.device_id] = self._good_polls.get(reading.device_id, 0) + 1

    def _hold(self, reading: DeviceReading) -> DeviceReading:
        """Return a reading in which the last good value stands for a suspect one, while young.

        A spike of one poll must not bring the rig down; a doubt that stays makes the value unknown.
        """
        points = []
        for point in reading.points:
            key = (reading.device_id, point.name)
            known, known_s = self._trusted.get(key, (point, float("-inf")))
            if point.quality is Quality.GOOD:
                self._trusted[key] = (point, reading.measured_s)
            is_young = reading.measured_s - known_s <= STALE_PERIODS * reading.period_s
            points.append(known if point.quality is Quality.SUSPECT and is_young else point)
        return replace(reading, points=tuple(points))

    def take_cards(self, gpus: tuple[GpuState, ...], rig: Rig, now_s: float) -> None:
        """Remember the cards, and what the rig draws with them."""
        self._gpus = gpus
        if not {card.gpu_id for card in rig.cards} <= {gpu.gpu_id for gpu in gpus}:
            return  # the keeper is away: what the cards draw is not nothing
        powers = [gpu.power_w for gpu in gpus if gpu.health is not CardHealth.LOST]
        known = [power for power in powers if power is not None]
        if len(known) == len(powers):
            self._rig_w.append((now_s, rig.wall_w(sum(known))))

    def snapshot(self, now_at: datetime, now_s: float) -> SiteState:
        """Return the site as known now; whatever is too old is unknown."""
        ages = {name: self._age(name, now_s) for name in self._setup.essential}
        missing = frozenset(name for name, age in ages.items() if age.is_missing)
        usable = [r for name, r in self._good.items() if not self._age(name, now_s).is_missing]
        load_w, rig_w = self._load_and_rig(usable, now_s)
        zone = ZoneInfo(self._setup.timezone)
        offset = now_at.astimezone(zone).utcoffset()
        return SiteState(
            taken_at=now_at,
            taken_s=now_s,
            utc_offset_s=0 if offset is None else int(offset.total_seconds()),
            supply=self._supply(usable),
            pv_w=_total(usable, "pv_power"),
            load_w=load_w,
            grid_w=_total(usable, "grid_power"),
            generator_w=_total(usable, "generator_power"),
            battery=_battery(usable) if self._setup.has_battery else None,
            rig_w=rig_w,
            gpus=self._gpus,
            inverter_alarm=_flag(usable, "inverter_alarm"),
            pv_throttled=_flag(usable, "pv_throttled"),
            phase_w=_phases(usable),
            stale=frozenset(n for n, age in ages.items() if age.is_stale and n not in missing),
            missing=missing,
            missing_for_s=max((ages[name].silent_s for name in missing), default=0.0),
            good_polls=min((self._good_polls.get(n, 0) for n in self._setup.essential), default=2),
        )

    def age_s(self, device_id: str, now_s: float) -> float | None:
        """Return site seconds since a device's last good answer."""
        reading = self._good.get(device_id)
        return None if reading is None else now_s - reading.measured_s

    def _age(self, name: str, now_s: float) -> "_Age":
        reading = self._good.get(name)
        if reading is None:
            return _Age(now_s - self._started_s, 0.0)
        return _Age(now_s - reading.measured_s, reading.period_s)

    def _load_and_rig(
        self, usable: list[DeviceReading], now_s: float
    ) -> tuple[float | None, float | None]:
        """Return the site's load and the rig's draw at the moment of that load.

        Taken apart, a rise of the rig between the two would look like a smaller house.
        """
        for reading in usable:
            load_w = reading.number("load_power")
            if load_w is not None:
                return load_w, self._rig_w_at(reading.measured_s)
        return None, self._rig_w_at(now_s)

    def _rig_w_at(self, moment_s: float) -> float | None:
        """Return the draw known nearest to a moment, or None where that is too far from it."""
        if not self._rig_w:
            return None
        known_s, rig_w = min(self._rig_w, key=lambda draw: abs(draw[0] - moment_s))
        return rig_w if abs(known_s - moment_s) <= MISSING_AT_LEAST_S else None

    def _supply(self, usable: list[DeviceReading]) -> Supply:
        for reading in usable:
            if any(point.name == "supply" for point in reading.points):
                text = reading.text("supply")
                return Supply(text) if text in set(Supply) else Supply.UNKNOWN
        return self._setup.expected_supply if usable else Supply.UNKNOWN


class _Age:
    """How old a source is, and what that makes of it."""

    def __init__(self, silent_s: float, period_s: float) -> None:
        self.silent_s = silent_s
        self.is_stale = silent_s > STALE_PERIODS * period_s
        self.is_missing = silent_s > max(MISSING_AT_LEAST_S, MISSING_PERIODS * period_s)


def _total(readings: Iterable[DeviceReading], name: str) -> float | None:
    """Return the sum over all devices that measure a quantity; one unknown makes it unknown."""
    found = [r.number(name) for r in readings if any(p.name == name for p in r.points)]
    if not found or None in found:
        return None
    return sum(value for value in found if value is not None)


def _first(readings: Iterable[DeviceReading], name: str) -> float | None:
    return next((v for r in readings if (v := r.number(name)) is not None), None)


def _flag(readings: Iterable[DeviceReading], name: str) -> bool | None:
    value = _first(readings, name)
    return None if value is None else value != 0


def _battery(readings: list[DeviceReading]) -> BatteryState | None:
    if not readings:
        return None
    percent = _first(readings, "battery_soc")
    return BatteryState(
        soc=None if percent is None else percent / 100.0,
        power_w=_total(readings, "battery_power"),
        voltage_v=_first(readings, "battery_voltage"),
        temperature_c=_first(readings, "battery_temperature"),
        max_charge_w=_first(readings, "max_charge_power"),
        max_discharge_w=_first(readings, "max_discharge_power"),
    )


def _phases(readings: list[DeviceReading]) -> tuple[float, ...]:
    found = [_first(readings, f"grid_power_l{phase}") for phase in (1, 2, 3)]
    return tuple(value for value in found if value is not None)
