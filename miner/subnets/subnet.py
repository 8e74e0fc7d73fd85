"""What a subnet is: a question, a miner's side that answers it, a validator's side that judges.

A package of somebody else offers its own under the entry point `solard.subnets`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from miner.subnets.mixing import Weighed, take_best
from miner.subnets.slots import SiteSlot
from miner.wire.synapse import SynapseKind
from solard.core.errors import SolardError
from solard.core.modes import WorkMode
from solard.system.clock import Clock


class Site(Protocol):
    """The owner's own site, where a neuron has one."""

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        """Return finished quarter hours that start in [after, before), oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a subnet's two sides may use."""

    clock: Clock
    site: Site
    location: tuple[float, float] | None = None
    """Latitude and longitude, degrees; None when the owner keeps it to himself."""
    peak_w: float | None = None
    """Of the panels."""
    endpoint: str | None = None
    """Base URL of an OpenAI-compatible server of the owner, for subnets that want a model."""
    model: str | None = None
    """The model to ask there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one answer, or one silence, was worth."""

    hotkey: str
    score: float
    """0..1, 1 is perfect."""
    weight: float
    """0..1, how much it tells about the miner."""


class Worker(Protocol):
    """A miner's side."""

    async def learn(self) -> None:
        """Get better at it; called each quarter hour of the site."""
        ...

    async def answer(self, question: Any, mode: WorkMode) -> dict[str, Any]:
        """Return the answer that a power mode can afford; raise QuestionInvalid."""
        ...


class Judge(Protocol):
    """A validator's side. What it remembers goes through `to_json`, or is lost with the process."""

    async def open(self, round_at: datetime) -> None:
        """Make ready to ask about a round; may read the site."""
        ...

    def question(self, round_at: datetime, hotkey: str) -> dict[str, Any]:
        """Return what one miner is asked in a round: always the same, however often it is asked."""
        ...

    def hear(self, round_at: datetime, hotkey: str, answer: Any) -> bool:
        """Take an answer, None for silence; say whether it is one, or the miner is asked again."""
        ...

    async def settle(self, now: datetime) -> tuple[Verdict, ...]:
        """Return the verdicts that have become possible, each once."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what must not be forgotten, as plain data."""
        ...

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take what `to_json` gave; an empty mapping is a first start."""
        ...


class QuestionInvalid(SolardError):
    """A question is not of the form that its subnet has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """One kind of work on the network."""

    name: str
    about: str
    """One line for people."""
    kind: SynapseKind
    """The question's fields, as both wire protocols know them."""
    round_s: float
    """Site seconds from one question to the next; a divisor of a day."""
    mode_power_w: Mapping[WorkMode, float]
    """What answering in each mode costs at the wall, above an idle host, while it is asked."""
    new_worker: "NewWorker"
    new_judge: "NewJudge"
    mix: "Mix" = take_best
    """What a client makes of several answers."""
    offer: "Offer | None" = None
    """What a validator has to offer its own rig; None = nothing."""


Offer = Callable[[Any, Mapping[str, float], datetime], dict[str, Any] | None]
"""Gets the judge, the score of each hotkey and the moment."""
Mix = Callable[[Weighed], dict[str, Any]]


class NewWorker(Protocol):
    """Makes a miner's side."""

    def __call__(self, surroundings: Surroundings) -> Worker:
        """Return a worker that has learned nothing yet."""
        ...


class NewJudge(Protocol):
    """Makes a validator's side."""

    def __call__(self, surroundings: Surroundings) -> Judge:
        """Return a judge that remembers nothing yet."""
        ...
