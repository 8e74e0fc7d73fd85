"""The newest reading of each device, frozen into one picture a tick."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.rig import Rig
from solard.core.state import CardHealth, GpuState, SiteState, Supply
from solard.core.sun import is_dark
from solard.daemon import combine
from solard.daemon.age import STALE_PERIODS, Age, aged
from solard.daemon.rig_power import RigPower
from solard.daemon.setup import DaemonSetup

_RIG = ("rig_power", "load_power", "grid_power")
"""What the rig's own meter may call what flows through it."""
_LOAD = ("load_power", "grid_power")
"""Whichever is told says at what moment the load was measured."""
_NEEDED_AT_NIGHT = ("battery_soc", "battery_power", "grid_power")
_SUREST_LAST = (Supply.GRID, Supply.UNKNOWN, Supply.ISLAND, Supply.GENERATOR)
"""What counts where devices differ: panels that feed an island's battery inverter see a grid."""
_NO_SUN = PointReading(name="pv_power", value=None, unit="W", quality=Quality.ASLEEP)


class Latest:
    """Holds what devices and cards last said; `snapshot` turns it into a `SiteState`."""

    def __init__(self, setup: DaemonSetup, started_s: float) -> None:
        self._setup = setup
        self._started_s = started_s
        self._heard: dict[str, DeviceReading] = {}
        self._good: dict[str, DeviceReading] = {}
        self._good_polls: dict[str, int] = {}
        self._trusted: dict[tuple[str, str], tuple[PointReading, float]] = {}
        self._gpus: tuple[GpuState, ...] = ()
        self._rig_power = RigPower()
        self._metered_s: float | None = None

    def use(self, setup: DaemonSetup) -> None:
        """Go on with another configuration."""
        self._setup = setup

    def take(self, reading: DeviceReading) -> None:
        """Remember a device's answer; a failed poll changes nothing, it lets the last one age."""
        if reading.error is not None:
            return
        self._heard[reading.device_id] = reading
        if reading.device_id == self._setup.rig_meter:
            self._measure_rig(reading)
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
            self._rig_power.take_cards(now_s, rig, sum(known))

    @property
    def host_w(self) -> float | None:
        """Return the host's own draw at the wall, where a meter measures the rig."""
        return self._rig_power.host_w

    def _measure_rig(self, reading: DeviceReading) -> None:
        """Take what the rig's own meter says; it is part of no sum over the site."""
        found = (reading.number(name) for name in _RIG)
        power_w = next((value for value in found if value is not None), None)
        if power_w is not None:
            self._rig_power.take_meter(reading.measured_s, power_w)
        self._metered_s = reading.measured_s

    def snapshot(self, now_at: datetime, now_s: float) -> SiteState:
        """Return the site as known now; whatever is too old is unknown."""
        dark = self._is_dark(now_at)
        asleep = self._find_sleepers(now_at, now_s) if dark else {}
        awake = [name for name in self._setup.essential if name not in asleep]
        ages = {name: self._age(name, now_s) for name in awake}
        missing = frozenset(name for name, age in ages.items() if age.is_missing)
        usable = [r for name, r in self._good.items() if not self._age(name, now_s).is_missing]
        usable += asleep.values()
        load_w, rig_w = self._load_and_rig(usable, now_s, dark=dark)
        zone = ZoneInfo(self._setup.timezone)
        offset = now_at.astimezone(zone).utcoffset()
        return SiteState(
            taken_at=now_at,
            taken_s=now_s,
            utc_offset_s=0 if offset is None else int(offset.total_seconds()),
            supply=self._supply(usable, dark=dark),
            pv_w=combine.total(usable, "pv_power", dark=dark),
            load_w=load_w,
            grid_w=combine.total(usable, "grid_power"),
            generator_w=combine.total(usable, "generator_power"),
            battery=combine.battery(usable) if self._setup.has_battery else None,
            rig_w=rig_w,
            gpus=self._gpus,
            inverter_alarm=combine.flag(usable, "inverter_alarm"),
            pv_throttled=combine.flag(usable, "pv_throttled"),
            inverter_rated_w=combine.total(usable, "rated_power"),
            phase_w=combine.phases(usable),
            rig_share=self._setup.rig_share,
            seen=combine.seen(usable),
            stale=frozenset(n for n, age in ages.items() if age.is_stale and n not in missing),
            missing=missing,
            missing_for_s=max((ages[name].silent_s for name in missing), default=0.0),
            good_polls=min((self._good_polls.get(n, 0) for n in awake), default=2),
        )

    def age_s(self, device_id: str, now_s: float) -> float | None:
        """Return site seconds since a device's last good answer."""
        if device_id == self._setup.rig_meter:
            return None if self._metered_s is None else now_s - self._metered_s
        reading = self._good.get(device_id)
        return None if reading is None else now_s - reading.measured_s

    def points(self, device_id: str, now_at: datetime, now_s: float) -> tuple[PointReading, ...]:
        """Return what a device said last: as it came while young, then stale, then unknown."""
        heard = self._heard.get(device_id)
        if heard is None:
            return ()
        age = Age.of(heard, now_s, self._setup.silent_at_most_s)
        sleeps = self._is_dark(now_at) and device_id in self._find_sleepers(now_at, now_s)
        return aged(heard.points, age, sleeps=sleeps)

    def _age(self, name: str, now_s: float) -> Age:
        reading = self._good.get(name)
        if reading is None:
            return Age(now_s - self._started_s, 0.0, self._setup.silent_at_most_s)
        return Age.of(reading, now_s, self._setup.silent_at_most_s)

    def _load_and_rig(
        self, usable: list[DeviceReading], now_s: float, *, dark: bool
    ) -> tuple[float | None, float | None]:
        """Return the site's load and the rig's draw at the moment of that load.

        Taken apart, a rise of the rig between the two would look like a smaller house.
        """
        load_w = combine.load(usable, dark=dark)
        if load_w is None:
            return None, self._rig_power.at(now_s)
        told = [r.measured_s for r in usable for name in _LOAD if r.number(name) is not None]
        return load_w, self._rig_power.at(min(told, default=now_s))

    def _is_dark(self, now_at: datetime) -> bool:
        setup = self._setup
        if setup.latitude_deg is None or setup.longitude_deg is None:
            return False
        return is_dark(now_at, setup.latitude_deg, setup.longitude_deg)

    def _find_sleepers(self, now_at: datetime, now_s: float) -> dict[str, DeviceReading]:
        """Return what the devices would say that are silent now and may be at night.

        One that has told of a battery or of the grid has more to say at night than that it sleeps.
        """
        found = {}
        for name in self._setup.sleepers:
            last = self._good.get(name)
            told = () if last is None else last.points
            watches = any(point.name in _NEEDED_AT_NIGHT for point in told)
            if self._age(name, now_s).is_missing and not watches:
                found[name] = DeviceReading(
                    device_id=name,
                    measured_at=now_at,
                    measured_s=now_s,
                    period_s=0.0,
                    points=(_NO_SUN,),
                )
        return found

    def _supply(self, usable: list[DeviceReading], *, dark: bool) -> Supply:
        telling = [r for r in usable if any(point.name == "supply" for point in r.points)]
        awake = [r for r in telling if not combine.sleeps(r, "supply")]
        if awake:
            return max((_said(r) for r in awake), key=_SUREST_LAST.index)
        if not usable or (telling and not dark):
            return Supply.UNKNOWN
        return self._setup.expected_supply  # what sleeps at night tells as little as what never can


def _said(reading: DeviceReading) -> Supply:
    text = reading.text("supply")
    return Supply(text) if text in set(Supply) else Supply.UNKNOWN
