"""The sections about energy: site, inverter, panels, battery, generator, grid and tariff."""
# ruff: noqa: RUF009 - key, embed and hidden are dataclasses.field with our metadata

from dataclasses import dataclass
from enum import StrEnum

from solard.config.quantities import (
    ANGLE,
    COORDINATE,
    DURATION,
    ENERGY,
    PEAK,
    POWER,
    SHARE,
    read_fuse,
)
from solard.config.sections import Given, embed, key
from solard.config.shapes import (
    ChoiceShape,
    MoneyShape,
    ParsedShape,
    QuantityShape,
    TextShape,
)
from solard.config.timezones import EXAMPLE, read_timezone
from solard.core.full_charge import FullCharge
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.supply_loss import SupplyLoss


class SiteSupply(StrEnum):
    """What the site has beside sun and battery."""

    OFF_GRID = "off-grid"
    GRID = "grid"
    GRID_WITH_BACKUP = "grid-with-backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the rig stands."""

    name: str = key(
        TextShape(form=r"[^\n]{1,40}", hint="a name of at most 40 characters"), default="site"
    )
    latitude_deg: float = key(QuantityShape(of=COORDINATE, low=-90.0, high=90.0))
    longitude_deg: float = key(QuantityShape(of=COORDINATE, low=-180.0, high=180.0))
    timezone: str = key(ParsedShape(parse=read_timezone, unit=EXAMPLE))
    supply: SiteSupply
    lost: Given = embed(SupplyLoss, {"expected": None, "generator_may_feed_rig": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    """What carries the house when there is no grid."""

    rating: Given = embed(
        InverterRating,
        {},
        chosen=("keep_free_w",),
        continuous_w=QuantityShape(of=POWER, low=1.0, high=1e6),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Panels that look the same way."""

    peak_w: float = key(QuantityShape(of=PEAK, low=1.0, high=1e6))
    tilt_deg: float = key(QuantityShape(of=ANGLE, low=0.0, high=90.0))
    azimuth_deg: float = key(QuantityShape(of=ANGLE, low=0.0, high=360.0))
    inverter_w: float | None = None
    """What their inverter can pass on; None = no limit."""
    losses: float = key(QuantityShape(of=SHARE, low=0.0, high=0.6), default=0.14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solar:
    """The panels."""

    planes: tuple[Plane, ...] = ()
    throttled_when_full: bool | None = None
    """Whether to look for hidden sun; None = off-grid, and where `grid.export_at_most` is set."""
    hidden_sun: Given = embed(
        HiddenSun,
        {
            "step_w": "hidden_sun.step",
            "step_after_s": "hidden_sun.step_after",
            "back_off_w": "hidden_sun.back_off",
            "allowance_wh": "hidden_sun.allowance",
            "wait_s": "hidden_sun.wait",
            "export_at_most_w": None,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The battery and its three lines."""

    capacity_wh: float = key(QuantityShape(of=ENERGY, low=10.0, high=1e8))
    efficiency: float = key(QuantityShape(of=SHARE, low=0.5, high=1.0), default=0.95)
    """Each way."""
    max_charge_w: float | None = None
    """Where the inverter does not say."""
    max_discharge_w: float | None = None
    wear_per_kwh: float = key(MoneyShape(per="kWh", low=0.0, high=1.0), default=0.0)
    inverter_minimum_soc: float | None = None
    """Where the inverter itself stops discharging."""
    steered_by: str = key(
        ChoiceShape(
            words={"inverter": "inverter"}, later={"evcc": "batteries that another program steers"}
        ),
        default="inverter",
    )
    """Who decides when it charges: the inverter, which covers any load first. solard only reads."""
    full_by_sunset: bool = key(
        ChoiceShape(words={"sunset": True}, later={}), name="full_by", default=False
    )
    """Sun of the afternoon charges the battery before it feeds work."""
    full_charge_every_s: float | None = key(
        QuantityShape(of=DURATION, low=86400.0, high=60 * 86400.0), default=None
    )
    lines: Given = embed(
        BatteryLines,
        {
            "shut_down_below_soc": "shut_down_below.soc",
            "shut_down_below_v": "shut_down_below.voltage",
            "shut_down_for_s": "shut_down_below.for",
        },
        return_margin_soc=QuantityShape(of=SHARE, low=0.01, high=0.3),
    )

    @property
    def full_charge(self) -> FullCharge:
        """Return when it should be full."""
        return FullCharge(by_sunset=self.full_by_sunset, every_s=self.full_charge_every_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """A generator on an AC input."""

    starts_at_soc: float | None = None
    may_feed_rig: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The connection to the grid."""

    fuse: tuple[float, int] | None = key(
        ParsedShape(parse=read_fuse, unit="3 x 35 A", range_text="1..1000 A"), default=None
    )
    """Current in A and phases."""
    rig_phase: int | None = key(
        ChoiceShape(words={"L1": 1, "L2": 2, "L3": 3}, later={}), default=None
    )
    limits: Given = embed(GridLimits, {})
    export_at_most_w: float | None = None
