"""What the file can say: one frozen value for each section, keys and units from its fields."""
# ruff: noqa: RUF009 - key, embed and hidden are dataclasses.field with our metadata

from dataclasses import dataclass

from solard.config.devices import DEVICE_NAME, DeviceSection, DeviceShape
from solard.config.energy import Battery, Generator, Grid, Inverter, Site, Solar
from solard.config.forecast import ForecastSection
from solard.config.jobs import JobSection
from solard.config.networks import NetworkShape
from solard.config.policies import PolicySection
from solard.config.quantities import (
    DURATION,
    SHARE,
)
from solard.config.rig import CARD_POWER, RigSection
from solard.config.sections import NamedShape, key
from solard.config.shapes import (
    ChoiceShape,
    ListShape,
    MoneyShape,
    QuantityShape,
    TableShape,
    TextShape,
    WholeShape,
)
from solard.config.tariff import TariffSection
from solard.config.workload import WorkloadSection

_NAME_HINT = "use lower-case letters, digits, - and _, a letter first"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePointSection:
    """A measured point of a card's curve."""

    power_w: float = key(CARD_POWER)
    work_share: float = key(QuantityShape(of=SHARE, low=0.0, high=1.0), name="work")
    """Of what the card does at full power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulate:
    """What a recording does not say and `solard simulate` has to assume."""

    cards: int = key(WholeShape(low=1, high=16), default=4)
    curve: tuple[CurvePointSection, ...] = ()
    """Of each card, from its lowest limit up; empty = the curve of a card that nobody measured."""
    start_soc: float = 0.5
    stored_per_kwh: float = key(
        MoneyShape(per="kWh", low=0.0, high=10.0), name="stored_worth", default=0.10
    )
    """What the battery holds more at the end than at the start counts this much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API beside its unix socket."""

    tcp: str | None = key(
        TextShape(
            unit="127.0.0.1:7421",
            form=r"[A-Za-z0-9._\[\]:-]+:[0-9]{1,5}",
            hint="an address and a port like 127.0.0.1:7421",
        ),
        default=None,
    )
    token: str | None = key(
        TextShape(
            form=r"[\x21-\x7e]{16,200}",
            hint="a token of 16 to 200 characters, no spaces",
            is_secret=True,
        ),
        default=None,
    )


DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """How history is written, and how long it is kept."""

    write_every_s: float = key(QuantityShape(of=DURATION, low=1.0, high=10.0), default=5.0)
    decisions_kept_s: float = key(
        QuantityShape(of=DURATION, low=3600.0, high=90 * DAY_S),
        name="keep.decisions",
        default=2 * DAY_S,
    )
    minutes_kept_s: float = key(
        QuantityShape(of=DURATION, low=2 * DAY_S, high=3650 * DAY_S),
        name="keep.minutes",
        default=30 * DAY_S,
    )
    quarter_hours_kept_s: float = key(
        QuantityShape(of=DURATION, low=90 * DAY_S, high=10950 * DAY_S),
        name="keep.quarter_hours",
        default=1095 * DAY_S,
    )
    """The forecast learns from them; the sums of each day stay for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Commands of the owner."""

    alert: tuple[str, ...] = key(ListShape(item=TextShape(), least=1), default=())
    """Run for each alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole file."""

    live: bool = key(
        ChoiceShape(words={"observe": False, "live": True}, later={}), name="mode", default=False
    )
    site: Site | None = None
    """Required; None only while problems are collected."""
    devices: tuple[tuple[str, DeviceSection], ...] = key(
        TableShape(item=DeviceShape(), form=DEVICE_NAME, hint=_NAME_HINT),
        default=(),
    )
    inverter: Inverter = Inverter()
    solar: Solar = Solar()
    battery: Battery | None = None
    generator: Generator = Generator()
    grid: Grid = Grid()
    tariff: TariffSection = TariffSection()
    forecast: ForecastSection = ForecastSection()
    rig: RigSection = RigSection()
    network: str = key(NetworkShape(), default="embedded")
    workloads: tuple[tuple[str, WorkloadSection], ...] = key(
        TableShape(
            item=NamedShape(of=WorkloadSection, field="name"),
            form=r"[a-z][a-z0-9-]{0,25}",
            hint="use lower-case letters, digits and -, a letter first, at most 26",
        ),
        default=(),
    )
    jobs: tuple[tuple[str, JobSection], ...] = key(
        TableShape(
            item=NamedShape(of=JobSection, field="name"),
            form=r"[a-z][a-z0-9_-]{0,15}",
            hint="use lower-case letters, digits, - and _, a letter first, at most 16",
        ),
        default=(),
    )
    policies: tuple[PolicySection, ...] = ()
    simulate: Simulate = Simulate()
    api: Api = Api()
    store: Store = Store()
    hooks: Hooks = Hooks()
