"""The site that a recording is lived through with: a configuration, and cards that it assumes."""

from dataclasses import dataclass, replace
from itertools import pairwise

from solard.config.load import Settings
from solard.config.plan_terms import battery_spec, solar_site
from solard.core.curves import CurvePoint, WorkCurve, prior_curve
from solard.core.inputs import Rule
from solard.core.planning import BatterySpec, PanelPlane, SolarSite
from solard.core.rig import GpuCard, Rig, Workload
from solard.core.rules.plan_rule import PlanRule
from solard.core.tariff import Tariff
from solard.core.units import clamp
from solard.core.worth import worth_per_work
from solard.daemon.ticking import with_card_ids
from solard.simulate.errors import RecordingInvalid

MIN_W, MAX_W = 150.0, 450.0
"""Of a card where the file gives no curve."""
ASSUMED_PEAK_W = 5000.0
NO_BATTERY = BatterySpec(
    capacity_wh=0.0, efficiency=1.0, max_charge_w=0.0, max_discharge_w=0.0, standby_soc=0.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSite:
    """Everything but the recording."""

    name: str
    solar: SolarSite
    timezone: str
    battery: BatterySpec
    """NO_BATTERY where there is none."""
    start_soc: float
    tariff: Tariff
    rig: Rig
    curve: WorkCurve
    """Of each card, power at the wall, work as a share of full."""
    workloads: tuple[Workload, ...]
    rules: tuple[Rule, ...]
    worth_per_card_h: float
    """Of a card at full work."""
    uptime_per_h: float
    """Of a card that works."""
    outage_per_h: float
    """Of an hour without a card that works."""
    start_cost: float
    import_at_most_w: float | None
    stored_per_kwh: float

    @property
    def has_battery(self) -> bool:
        """Say whether there is a battery."""
        return self.battery.capacity_wh > 0.0

    @property
    def cards(self) -> int:
        """Return how many cards there are."""
        return len(self.rig.cards)

    def least_w(self, cards_on: int) -> float:
        """Return what the rig takes at least while so many cards work."""
        return self.rig.wall_w(cards_on * self.curve.points[0].power_w)

    def most_w(self, cards_on: int) -> float:
        """Return what the rig takes at most while so many cards work."""
        return self.rig.wall_w(cards_on * self.curve.points[-1].power_w)

    def work(self, cards_on: int, rig_w: float) -> float:
        """Return work per hour of so many cards that share a power evenly."""
        if not cards_on:
            return 0.0
        least_w, most_w = self.curve.points[0].power_w, self.curve.points[-1].power_w
        return cards_on * self.curve.work_at(
            clamp(self.rig.cards_w(rig_w) / cards_on, least_w, most_w)
        )


def make_site(settings: Settings) -> SimSite:
    """Return the site of a configuration; raise where a simulation needs more than it says."""
    if settings.is_off_grid:
        raise RecordingInvalid(f"{settings.source}: `solard simulate` knows only sites on a grid")
    curve = _curve(settings)
    count, first, last = settings.simulate.cards, curve.points[0], curve.points[-1]
    cards = tuple(
        GpuCard(
            gpu_id=str(index),
            index=index,
            name="simulated",
            min_w=first.power_w,
            default_w=last.power_w,
            max_w=last.power_w,
            parked_w=0.0,
        )
        for index in range(count)
    )
    rig = Rig(
        host_w=settings.rig.idle_w,
        psu_efficiency=settings.rig.psu_efficiency,
        cards=cards,
        curves=tuple((card.gpu_id, curve) for card in cards),
    )
    workloads = with_card_ids(settings.core_workloads, cards)
    per_work = worth_per_work(rig, workloads)
    return SimSite(
        name=settings.site.name,
        solar=_with_panels(solar_site(settings)),
        timezone=settings.site.timezone,
        battery=(battery := battery_spec(settings) or NO_BATTERY),
        start_soc=settings.simulate.start_soc if battery.capacity_wh > 0.0 else 0.0,
        tariff=settings.tariff,
        rig=rig,
        curve=curve,
        workloads=workloads,
        rules=_as_recorded(settings.rules),
        worth_per_card_h=0.0 if per_work is None else per_work,
        uptime_per_h=max((work.uptime_per_h for work in workloads), default=0.0),
        outage_per_h=sum(work.outage_per_h for work in workloads),
        import_at_most_w=next(
            (rule.import_at_most_w for rule in settings.rules if isinstance(rule, PlanRule)), None
        ),
        start_cost=settings.rig.start_cost,
        stored_per_kwh=settings.simulate.stored_per_kwh,
    )


def _as_recorded(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules as a recording needs them.

    Means over 5 min hold no short cloud to ride through, and the metric caps no export.
    """
    return tuple(
        replace(rule, ride_through_wh=0.0, export_at_most_w=None)
        if isinstance(rule, PlanRule)
        else rule
        for rule in rules
    )


def _with_panels(solar: SolarSite) -> SolarSite:
    """Return the site with panels that face the equator where none are stated.

    Their shape is learned from the recording; only the sun's rise and set must be known before.
    """
    if solar.planes:
        return solar
    south_deg = 180.0 if solar.latitude_deg >= 0.0 else 0.0
    plane = PanelPlane(peak_w=ASSUMED_PEAK_W, tilt_deg=30.0, azimuth_deg=south_deg)
    return replace(solar, planes=(plane,))


def _curve(settings: Settings) -> WorkCurve:
    stated = settings.simulate.curve
    if not stated:
        return prior_curve(min_w=MIN_W, max_w=MAX_W, default_w=MAX_W)
    points = tuple(CurvePoint(point.power_w, point.work_share) for point in stated)
    slopes = [
        (high.work_rate - low.work_rate) / (high.power_w - low.power_w)
        for low, high in pairwise(points)
        if high.power_w > low.power_w
    ]
    if len(slopes) < len(points) - 1 or any(slope < 0.0 for slope in slopes):
        raise RecordingInvalid(f"{settings.source}: simulate.curve must rise in power and work")
    if any(later > slope + 1e-12 for slope, later in pairwise(slopes)):
        raise RecordingInvalid(f"{settings.source}: simulate.curve must bend down, never up")
    return WorkCurve(points=points)
