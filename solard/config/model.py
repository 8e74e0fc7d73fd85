"""What the file can say: one frozen value for each section, keys and units from its fields."""
# ruff: noqa: RUF009 - key, embed and hidden are dataclasses.field with our metadata

from dataclasses import dataclass
from enum import StrEnum

from solard.config.devices import DeviceSection, DeviceShape
from solard.config.energy import Battery, Generator, Grid, Inverter, Site, Solar
from solard.config.forecast import ForecastSection
from solard.config.jobs import JobSection
from solard.config.networks import LOOPBACK, NetworkShape
from solard.config.policies import PolicySection
from solard.config.quantities import (
    DURATION,
    ENERGY,
    POWER,
    SHARE,
    TEMPERATURE,
    read_minute,
    read_sun_work,
)
from solard.config.reader import MappingNode, Node, ScalarNode
from solard.config.reading import Reading
from solard.config.sections import Given, NamedShape, SectionShape, embed, hidden, key
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    ListShape,
    MoneyShape,
    ParsedShape,
    QuantityShape,
    TableShape,
    TextShape,
    WholeShape,
)
from solard.config.tariff import TariffSection
from solard.config.work import (
    PORT,
    CapsSection,
    ExternalSection,
    HealthSection,
    ModesSection,
    RateSection,
    RestartSection,
)
from solard.core.host_sleep import HostSleep
from solard.core.rig import PowerTerms, Workload
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.data_age import DataAge
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.units import SECONDS_PER_HOUR
from solard.core.work import LIMIT_ONLY, ActionKind

_NAME = r"[a-z][a-z0-9_-]{0,30}"
_NAME_HINT = "use lower-case letters, digits, - and _, a letter first"


FILE_PLACE = TextShape(unit="/opt/sn64", form=r"/[^\n]*", hint="a whole path")
ALL_CARDS = tuple(range(64))
"""Indices of every card that a rig may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSection:
    """A room that the rig may warm."""

    sensor: str = key(
        TextShape(
            unit="shed.temperature",
            form=r"[a-z][a-z0-9_-]{0,30}\.temperature",
            hint="a device and its point temperature, such as shed.temperature",
        )
    )
    wanted_below_c: float = key(QuantityShape(of=TEMPERATURE, low=-20.0, high=40.0))
    worth_per_kwh: float = key(MoneyShape(per="kWh", low=0.0, high=10.0), name="worth")

    @property
    def device_id(self) -> str:
        """Return who tells the temperature."""
        return self.sensor.partition(".")[0]


class SleepMethod(StrEnum):
    """How the machine is put to sleep and woken."""

    RTCWAKE = "rtcwake"


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSection:
    """Leave to put the whole machine to sleep."""

    method: SleepMethod
    wake_for_s: float | None = key(
        ParsedShape(parse=read_sun_work, unit="1 h of sun work"), default=None
    )
    wake_by: int | None = key(ParsedShape(parse=read_minute, unit='"11:00"'), default=None)
    """Minute of the local day."""

    def for_core(self) -> HostSleep:
        """Return the terms for the plan."""
        wake_for_s = SECONDS_PER_HOUR if self.wake_for_s is None else self.wake_for_s
        return HostSleep(wake_for_s=wake_for_s, wake_by_minute=self.wake_by)


CARD_POWER = QuantityShape(of=POWER, low=1.0, high=2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleCard:
    """One card that differs from the others: in a hot corner, or on a thin cable."""

    at_most_w: float = key(CARD_POWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSection:
    """The machine that this daemon runs on."""

    idle_w: float = key(QuantityShape(of=POWER, low=0.0, high=10000.0), default=150.0)
    """At the wall: host and parked cards, until measured."""
    meter: str | None = key(
        TextShape(unit="plug", form=_NAME, hint="the name of a device"), default=None
    )
    """The device that measures the whole rig at the wall."""
    ride_through_wh: float = key(QuantityShape(of=ENERGY, low=0.0, high=1000.0), default=5.0)
    """What battery or grid may give so that a short cloud parks no card."""
    share: float = key(QuantityShape(of=SHARE, low=0.01, high=1.0), default=1.0)
    """Of what is left over or missing, beside other rigs on the same meter."""
    psu_efficiency: float = key(QuantityShape(of=SHARE, low=0.5, high=1.0), default=0.92)
    start_cost: float = key(MoneyShape(per="start", low=0.0, high=10.0), default=0.004)
    """Of waking one card: a model must be loaded again."""
    card_limit: Given = embed(
        CardLimit,
        {"at_most_w": "gpus.all.at_most", "single": None},
        at_most_w=CARD_POWER,
    )
    single_cards: tuple[tuple[str, SingleCard], ...] = key(
        TableShape(
            item=SectionShape(of=SingleCard),
            form=r"[0-9]|[1-5][0-9]|6[0-3]",
            hint="the number of a card, as `solard gpu list` shows it",
        ),
        name="gpus.single",
        default=(),
    )
    temperature: Given = embed(
        GpuTemperature,
        {"at_most_c": "gpus.all.temperature_at_most"},
        at_most_c=QuantityShape(of=TEMPERATURE, low=40.0, high=100.0),
    )
    heat: HeatSection | None = None
    sleep: SleepSection | None = None
    standby_after_s: float = key(
        QuantityShape(of=DURATION, low=10.0, high=600.0),
        name="when_blind.standby_after",
        default=30.0,
    )
    """How long a device may be silent, or six of its polls where that is longer."""
    blind: Given = embed(
        DataAge,
        {"stop_after_s": "when_blind.stop_after"},
        stop_after_s=QuantityShape(of=DURATION, low=30.0, high=86400.0),
    )

    @property
    def caps_w(self) -> tuple[tuple[int, float], ...]:
        """Return the caps of single cards by index."""
        return tuple((int(index), card.at_most_w) for index, card in self.single_cards)

    blind_sleep_after_s: float | None = key(
        QuantityShape(of=DURATION, low=600.0, high=86400.0),
        name="when_blind.sleep_after",
        default=None,
    )
    """Without data for so long the whole machine sleeps; None = never."""


NETWORK_NAME = "chain"
"""The workload that runs the embedded network where nobody wrote one down."""


class WhenShort(StrEnum):
    """What becomes of a workload when there is no power for work."""

    STANDBY = "standby"
    OFF = "off"


class Callers(StrEnum):
    """Whom a bundled miner answers."""

    STAKED = "staked"
    PERMITTED = "permitted"


class RegisterBy(StrEnum):
    """What a bundled miner pays its seat with."""

    BURN = "burn"
    WORK = "work"


class Bundled(StrEnum):
    """A workload that comes with solard."""

    NETWORK = "network"
    MINER = "miner"
    VALIDATOR = "validator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What solard may do to a workload's cards."""

    terms: PowerTerms
    at_least_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """`power: {at_least: 150 W}`."""

    at_least_w: float = key(QuantityShape(of=POWER, low=1.0, high=2000.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerShape:
    """`free`, `hands_off` or `{at_least: 150 W}`."""

    unit: str = "free, hands_off or {at_least: 150 W}"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the terms."""
        if isinstance(node, MappingNode):
            least = SectionShape(of=AtLeast).read(node, reading, path)
            if not isinstance(least, AtLeast):
                return REFUSED
            return Power(terms=PowerTerms.AT_LEAST, at_least_w=least.at_least_w)
        words = {one.value: Power(terms=one) for one in (PowerTerms.FREE, PowerTerms.HANDS_OFF)}
        return ChoiceShape(words=words, later={}).read(node, reading, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsShape:
    """`[0, 1]` or `all`."""

    unit: str = "[0, 1] or all"
    range_text: str = "0..63"

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the indices; None for every card that nobody else names."""
        if isinstance(node, ScalarNode) and node.text == "all":
            return None
        found = ListShape(item=WholeShape(low=0, high=ALL_CARDS[-1])).read(node, reading, path)
        if isinstance(found, tuple) and len(set(found)) < len(found):
            reading.refuse(node, path, "names a card twice")
            return REFUSED
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSection:
    """One program that runs on the rig."""

    name: str = hidden("")
    bundled: Bundled | None = None
    command: tuple[str, ...] = key(ListShape(item=TextShape(), least=1), default=())
    env: tuple[tuple[str, str], ...] = key(
        TableShape(
            item=TextShape(), form=r"[A-Za-z_][A-Za-z0-9_]*", hint="use letters, digits and _"
        ),
        default=(),
    )
    gpus: tuple[int, ...] | None = key(CardsShape(), default=())
    """Indices of its cards; None = every card that nobody else names."""
    power: Power | None = key(PowerShape(), default=None)
    """None = free for bundled work, hands off for everything else."""
    when_short: WhenShort = WhenShort.STANDBY
    worth_per_h: float | None = key(MoneyShape(per="h", low=0.0, high=1000.0), default=None)
    uptime_per_h: float = key(MoneyShape(per="h", low=0.0, high=100.0), default=0.0)
    """Of each card that works, however little it does."""
    outage_per_h: float = key(MoneyShape(per="h", low=0.0, high=100.0), default=0.0)
    """Of an hour in which none of its cards answers."""
    subnets: tuple[str, ...] = key(
        ListShape(
            item=TextShape(
                unit="sunlight",
                form=r"[a-z][a-z0-9-]{0,30}",
                hint="a subnet, such as sunlight",
            ),
            least=1,
        ),
        default=("sunlight",),
    )
    port: int | None = key(PORT, default=None)
    listen: str = key(
        TextShape(unit="10.0.0.6", form=r"[0-9A-Fa-f.:]{2,45}", hint="an address of this machine"),
        default=LOOPBACK,
    )
    """Of a miner also what it announces."""
    callers: Callers = Callers.STAKED
    register_by: RegisterBy = RegisterBy.BURN
    min_stake: int = key(WholeShape(low=0, high=21_000_000), default=0)
    """Of a caller, in whole τ."""
    model_url: str | None = key(
        TextShape(
            unit="http://127.0.0.1:8080/v1",
            form=r"https?://[^\s]{1,200}",
            hint="the base URL of an OpenAI-compatible server",
        ),
        default=None,
    )
    model: str | None = key(TextShape(), default=None)
    external: ExternalSection | None = None
    directory: str = key(FILE_PLACE, default="/")
    user: str | None = key(
        TextShape(unit="sn64", form=r"[a-z_][a-z0-9_-]{0,31}", hint="a user of this machine"),
        default=None,
    )
    ports: tuple[int, ...] = key(ListShape(item=PORT), default=())
    answer_within_s: float | None = key(
        QuantityShape(of=DURATION, low=0.05, high=600.0), default=None
    )
    grace_s: float = key(QuantityShape(of=DURATION, low=0.0, high=3600.0), default=10.0)
    modes: ModesSection | None = None
    health: HealthSection | None = None
    rate: RateSection | None = None
    restart: RestartSection = RestartSection()
    caps: CapsSection = CapsSection()

    @property
    def terms(self) -> Power:
        """Return what solard may do to its cards, with the default of its kind."""
        if self.power is not None:
            return self.power
        return Power(terms=PowerTerms.FREE if self.bundled else PowerTerms.HANDS_OFF)

    @property
    def _rests_by_limit(self) -> bool:
        """Return whether standby means nothing to the program itself."""
        modes = self.modes or ModesSection()
        action = modes.standby or modes.eco or modes.full or LIMIT_ONLY
        return self.bundled is None and action.kind is ActionKind.LIMIT

    def for_core(self, taken: frozenset[int]) -> Workload:
        """Return the workload as the core decides about it, its cards named by their indices.

        `taken` are the cards that other workloads name.
        """
        cards = self.gpus
        if cards is None:
            cards = tuple(index for index in ALL_CARDS if index not in taken)
        return Workload(
            name=self.name,
            gpu_ids=tuple(str(index) for index in cards),
            terms=self.terms.terms,
            at_least_w=self.terms.at_least_w,
            keep_alive=self.when_short is WhenShort.STANDBY,
            limit_only=self._rests_by_limit,
            worth_per_h=self.worth_per_h,
            uptime_per_h=self.uptime_per_h,
            outage_per_h=self.outage_per_h,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePointSection:
    """A measured point of a card's curve."""

    power_w: float = key(QuantityShape(of=POWER, low=1.0, high=2000.0))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """How history is written."""

    write_every_s: float = key(QuantityShape(of=DURATION, low=1.0, high=10.0), default=5.0)


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
        TableShape(item=DeviceShape(), form=_NAME, hint=_NAME_HINT),
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
