"""A workload's section: the programs on the rig, ours and everybody's."""
# ruff: noqa: RUF009 - key, embed and hidden are dataclasses.field with our metadata

from dataclasses import dataclass
from enum import StrEnum

from solard.config.networks import LOOPBACK
from solard.config.quantities import (
    DURATION,
)
from solard.config.reader import MappingNode, Node, ScalarNode
from solard.config.reading import Reading
from solard.config.rig import CARD_POWER
from solard.config.sections import SectionShape, hidden, key
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    ListShape,
    MoneyShape,
    QuantityShape,
    TableShape,
    TextShape,
    WholeShape,
)
from solard.config.work import (
    PORT,
    CapsSection,
    ExternalSection,
    HealthSection,
    ModesSection,
    RateSection,
    RestartSection,
)
from solard.config.worth import WorthShape
from solard.core.rig import PowerTerms, Workload
from solard.core.work import LIMIT_ONLY, ActionKind

FILE_PLACE = TextShape(unit="/opt/sn64", form=r"/[^\n]*", hint="a whole path")
ALL_CARDS = tuple(range(64))
"""Indices of every card that a rig may have."""


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

    at_least_w: float = key(CARD_POWER)


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
    worth_per_h: float | None = key(WorthShape(), default=None)
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
    register_at_most_tao: float = 10.0
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
