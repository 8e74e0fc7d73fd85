"""The rules that the sections state, with the safest default for everything that they leave out."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from solard.config.devices import HttpSection
from solard.config.energy import Battery, Generator, Site, SiteSupply
from solard.config.model import Document
from solard.config.sections import Given
from solard.core.heat import Heat
from solard.core.inputs import Rule
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.bms_limits import BmsLimits
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.curve_sweep import CurveSweep
from solard.core.rules.data_age import DataAge
from solard.core.rules.fuse import Fuse
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.inverter_alarm import InverterAlarm
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.job_power import JobPower
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.operator import OperatorRule
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import in_priority
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.rules.user_policy import UserPolicy
from solard.core.state import Supply
from solard.core.worth import NOMINAL_PER_KWH

R = TypeVar("R")

KEEP_FREE_SHARE = 0.3
"""Of the inverter's rating: cards spike above their limit, and somebody wants tea."""
HOTTEST_C = 85.0
LINE_MARGIN_SOC = 0.05
"""Between two lines, and between standby and a generator's start."""
HOURS_TO_EMPTY = 2.0
"""Assumed of a battery that does not say how fast it may be charged and discharged."""


def build_rules(document: Document, site: Site) -> tuple[Rule, ...]:
    """Return every rule that this site needs, in priority order."""
    rules: list[Rule] = [
        supply_loss(site, document.generator),
        InverterAlarm(),
        BmsLimits(),
        _with(GpuTemperature, {"at_most_c": HOTTEST_C}, document.rig.temperature),
        _with(DataAge, {}, document.rig.blind),
        OperatorRule(),
        CurveSweep(),
        *user_policies(document),
        KeepAlive(),
        JobPower(),
        plan_rule(document),
    ]
    if document.rig.card_limit or document.rig.single_cards:
        single = {"single": document.rig.caps_w}
        rules.append(_with(CardLimit, single, document.rig.card_limit))
    if document.inverter.rating.get("continuous_w") is not None:
        rules.append(inverter_rating(document.inverter.rating))
    if document.grid.fuse is not None:
        current_a, phases = document.grid.fuse
        phase = document.grid.rig_phase
        rules.append(Fuse(current_a=current_a, phases=phases, rig_phase=phase))
    if document.battery is not None:
        rules.append(battery_lines(document.battery, document.generator, site))
    if document.grid.limits:
        rules.append(_with(GridLimits, {}, document.grid.limits))
    if looks_for_hidden_sun(document, site):
        export_w = document.grid.export_at_most_w
        base = {"export_at_most_w": export_w}
        rules.append(_with(HiddenSun, base, document.solar.hidden_sun))
    return in_priority(tuple(rules))


def supply_loss(site: Site, generator: Generator) -> SupplyLoss:
    """Return the rule for a lost supply; off-grid every AC input counts as a generator."""
    off_grid = site.supply is SiteSupply.OFF_GRID
    base = {
        "expected": Supply.ISLAND if off_grid else Supply.GRID,
        "generator_may_feed_rig": generator.may_feed_rig,
    }
    return _with(SupplyLoss, base, site.lost)


def inverter_rating(given: Given) -> InverterRating:
    """Return the rating's rule; what stays free without a word is 30 % of it."""
    free_w = cast(float, given["continuous_w"]) * KEEP_FREE_SHARE
    return _with(InverterRating, {"keep_free_w": free_w}, given)


def battery_lines(battery: Battery, generator: Generator, site: Site) -> BatteryLines:
    """Return the three lines; those that the owner left out take the safe side of the stated ones.

    Off-grid work 60 %, standby 40 %, shut down 20 %. On a grid the battery feeds no work until the
    owner writes `work_above`, standby is at 25 % and shut down at 10 %. A line is never below the
    inverter's own minimum, nor standby below the generator's start + 5 %.
    """
    off_grid = site.supply is SiteSupply.OFF_GRID
    least = battery.inverter_minimum_soc or 0.0
    given = battery.lines
    off = _stated(given, "shut_down_below_soc", max(0.20 if off_grid else 0.10, least))
    start = generator.starts_at_soc
    floors = [0.40 if off_grid else 0.25, round(off + LINE_MARGIN_SOC, 6)]
    floors += [] if start is None else [round(start + LINE_MARGIN_SOC, 6)]
    standby = _stated(given, "standby_above_soc", min(1.0, max(floors)))
    base: dict[str, object] = {
        "work_above_soc": max(0.60, standby) if off_grid else None,
        "standby_above_soc": standby,
        "shut_down_below_soc": off,
    }
    return _with(BatteryLines, base, given)


def looks_for_hidden_sun(document: Document, site: Site) -> bool:
    """Say whether panels may be held back here; the owner's word counts first."""
    stated = document.solar.throttled_when_full
    if stated is not None:
        return stated
    return site.supply is SiteSupply.OFF_GRID or document.grid.export_at_most_w is not None


def user_policies(document: Document) -> tuple[UserPolicy, ...]:
    """Return the owner's policies in the file's order."""
    return tuple(
        UserPolicy(name=each.name, when=each.when, unless=each.unless, action=each.do)
        for each in document.policies
    )


def plan_rule(document: Document) -> PlanRule:
    """Return the plan's rule; off-grid, where energy has no price, work counts nominally."""
    import_w = cast(float | None, document.grid.limits.get("import_at_most_w"))
    nominal = None if _has_prices(document) else NOMINAL_PER_KWH
    battery, heat = document.battery, _heat(document)
    ride_wh = document.rig.ride_through_wh
    if battery is None:
        return PlanRule(
            nominal_per_kwh=nominal,
            import_at_most_w=import_w,
            export_at_most_w=document.grid.export_at_most_w,
            heat=heat,
            ride_through_wh=ride_wh,
        )
    return PlanRule(
        nominal_per_kwh=nominal,
        export_at_most_w=document.grid.export_at_most_w,
        heat=heat,
        ride_through_wh=ride_wh,
        efficiency=battery.efficiency,
        wear_per_kwh=battery.wear_per_kwh,
        max_discharge_w=battery_power_w(battery.max_discharge_w, battery),
        reserve_soc=cast(float, battery.lines.get("reserve_soc", 0.0)),
        import_at_most_w=import_w,
    )


def tells(document: Document, device_id: str, point: str) -> bool:
    """Say whether a device has a point of its own name, such as `power` of a car."""
    device = dict(document.devices).get(device_id)
    return isinstance(device, HttpSection) and point in dict(device.points)


def say_untold(device_id: str, point: str) -> str:
    """Return what to write where nobody tells a point."""
    return (
        f"which no device tells; write `{device_id}: {{source: http, url: …, "
        f"points: {{{point}: …}}, essential: false}}` under devices"
    )


def _heat(document: Document) -> Heat | None:
    section = document.rig.heat
    if section is None:
        return None
    return Heat(
        device_id=section.device_id,
        wanted_below_c=section.wanted_below_c,
        worth_per_kwh=section.worth_per_kwh,
    )


def _has_prices(document: Document) -> bool:
    """Say whether energy has a price here; on a grid it has one, known or not."""
    tariff, site = document.tariff, document.site
    off_grid = site is not None and site.supply is SiteSupply.OFF_GRID
    stated = tariff.import_per_kwh is not None or tariff.export_per_kwh is not None
    stated = stated or bool(tariff.import_windows) or tariff.source is not None
    return stated or not off_grid


def battery_power_w(stated_w: float | None, battery: Battery) -> float:
    """Return how fast a battery may be charged or discharged; two hours where nobody says."""
    return battery.capacity_wh / HOURS_TO_EMPTY if stated_w is None else stated_w


def _stated(given: Given, name: str, default: float) -> float:
    return cast(float, given.get(name, default))


def _with(rule: type[R], base: Mapping[str, object], given: Given) -> R:
    arguments: dict[str, Any] = {**base, **given}
    return rule(**arguments)
