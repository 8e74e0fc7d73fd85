"""The base load by weekday and quarter hour, from what the house has drawn without the rig."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from statistics import fmean

from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.units import SECONDS_PER_HOUR

QUARTERS = 96
NEIGHBOURS = 1
"""Quarter hours to each side that count as the same time of day: kettles are not punctual."""
WEEKDAY_TRUST = 6.0
"""So many measurements of one weekday's time count as much as the same time on all days."""
UNKNOWN_W = 300.0
"""A house of which nothing is known yet."""


def learn_house(history: Sequence[SiteSlot], zone: tzinfo) -> tuple[float, ...]:
    """Return W for each quarter hour of the local week; empty where nothing was measured."""
    measured: list[list[float]] = [[] for _ in range(7 * QUARTERS)]
    for slot in history:
        if slot.house_wh is not None and slot.good_s >= SLOT_S / 2:
            power_w = slot.house_wh * SECONDS_PER_HOUR / slot.good_s
            measured[_index(slot.starts_at, zone)].append(power_w)
    everything = [power_w for each in measured for power_w in each]
    if not everything:
        return ()
    daily = _daily(measured, fmean(everything))
    return tuple(_weekly(measured, daily, index) for index in range(7 * QUARTERS))


def expected_house_w(profile: Sequence[float], moment: datetime, zone: tzinfo) -> float:
    """Return the expected load at a moment."""
    return profile[_index(moment, zone)] if profile else UNKNOWN_W


def _index(moment: datetime, zone: tzinfo) -> int:
    local = moment.astimezone(zone)
    return local.weekday() * QUARTERS + local.hour * 4 + local.minute // 15


def _daily(measured: list[list[float]], mean_w: float) -> list[float]:
    """Return the mean of each time of day over all weekdays."""
    daily = []
    for quarter in range(QUARTERS):
        near = [
            power_w
            for step in range(-NEIGHBOURS, NEIGHBOURS + 1)
            for day in range(7)
            for power_w in measured[day * QUARTERS + (quarter + step) % QUARTERS]
        ]
        daily.append(fmean(near) if near else mean_w)
    return daily


def _weekly(measured: list[list[float]], daily: list[float], index: int) -> float:
    """Return one weekday's time, drawn towards all days as far as it was seldom measured."""
    near = [
        power_w
        for step in range(-NEIGHBOURS, NEIGHBOURS + 1)
        for power_w in measured[(index + step) % len(measured)]
    ]
    usual_w = daily[index % QUARTERS]
    return (sum(near) + WEEKDAY_TRUST * usual_w) / (len(near) + WEEKDAY_TRUST)
