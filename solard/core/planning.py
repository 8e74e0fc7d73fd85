"""What forecast and plan are asked with: values that fit on one line of JSON."""

from dataclasses import dataclass
from datetime import datetime

from solard.core.calibration import Calibration
from solard.core.forecast import Forecast
from solard.core.host_sleep import HostSleep
from solard.core.inputs import Rule
from solard.core.job import JobDemand
from solard.core.plan import Plan
from solard.core.rig import Rig, Workload
from solard.core.site_slot import SiteSlot
from solard.core.state import Seen
from solard.core.tariff import PriceSlot, Tariff
from solard.core.told import Told, ToldPower


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPlane:
    """Panels that look the same way."""

    peak_w: float
    tilt_deg: float
    """0 = flat, 90 = upright."""
    azimuth_deg: float
    """180 = south, 270 = west."""
    inverter_w: float | None = None
    """What their inverter can pass on; None = no limit."""
    losses: float = 0.14
    """Wiring, soiling, mismatch and inverter together; 0.14 is the default of PVWatts v5."""
    gamma_per_c: float = -0.0037
    """Change of power per °C of the cell above 25 °C; -0.0037 is crystalline silicon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarSite:
    """Where the panels stand and how they look."""

    latitude_deg: float
    longitude_deg: float
    timezone: str
    planes: tuple[PanelPlane, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastBasis:
    """What the site remembers that a forecast is made of."""

    history: tuple[SiteSlot, ...] = ()
    told_before: tuple[ToldPower, ...] = ()
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBasis:
    """What the daemon knows of the moment that a plan starts from."""

    rig: Rig
    soc: float | None = None
    """0..1; None = unknown."""
    previous: Plan | None = None
    """The plan in force."""
    jobs: tuple[JobDemand, ...] = ()
    seen: tuple[Seen, ...] = ()
    """What single devices tell, such as a room's temperature."""
    full_at: datetime | None = None
    """When the battery was last full, or first seen; None = nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """Everything that a forecast is made of."""

    site: SolarSite
    issued_at: datetime
    history: tuple[SiteSlot, ...] = ()
    """The site's own quarter hours before `issued_at`; may be empty."""
    told: Told | None = None
    """The newest word of somebody else; None = nobody is asked."""
    told_before: tuple[ToldPower, ...] = ()
    """What the same source had said of times that have passed: its errors are learned from it."""
    calibration: Calibration | None = None
    """Learned from a longer history; None = learn from `history` as it is."""
    horizon_h: int = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """The battery as the plan sees it."""

    capacity_wh: float
    efficiency: float
    """Each way, 0..1."""
    max_charge_w: float
    max_discharge_w: float
    standby_soc: float
    """The standby line: below it the rig only answers. Softly kept by the house."""
    reserve_soc: float = 0.0
    """Below it the battery feeds no work; sun still may."""
    work_above_soc: float | None = None
    """Above it the battery may feed work; None = never: the rig gets what the battery leaves."""
    return_margin_soc: float = 0.05
    """So far above a line the rig comes back."""
    min_soc: float = 0.0
    """The inverter discharges no lower."""
    wear_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Everything that a plan is made of."""

    forecast: Forecast
    timezone: str
    rig: Rig
    tariff: Tariff
    prices: tuple[PriceSlot, ...] = ()
    """In order of time; what they leave open the tariff says."""
    workloads: tuple[Workload, ...] = ()
    jobs: tuple[JobDemand, ...] = ()
    battery: BatterySpec | None = None
    soc: float | None = None
    """0..1; None = unknown, planned as if at the reserve."""
    rules: tuple[Rule, ...] = ()
    """What will bound the rig whatever the sky does: policies, card limit, inverter rating."""
    fuse_w: float | None = None
    """What one phase of the board carries; None = no fuse is known."""
    phases: int = 1
    """Among which sun, house and battery spread evenly; the rig hangs on one."""
    off_grid: bool = False
    export_at_most_w: float | None = None
    import_at_most_w: float | None = None
    """Of the whole site while the rig works; None = nothing is bought for work."""
    nominal_per_kwh: float | None = None
    """What a kWh of work counts where energy has no price and no workload states a worth."""
    sleep: HostSleep | None = None
    """On what terms the machine may sleep; None = it never does."""
    heat_per_kwh: float = 0.0
    """What each kWh of the rig is worth as heat; it is taken to stay as it is."""
    full_by: tuple[datetime, ...] = ()
    """Moments at which the battery should be full."""
    cards_on: int | None = None
    """Cards that work already and need no start; None = unknown, the first step starts for free."""
    previous: Plan | None = None
    """The plan in force: kept while it is young and does better than a new one."""
    start_cost: float = 0.004
    """Of waking one card: a model must be loaded again."""
