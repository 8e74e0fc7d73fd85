"""Who takes part in a scenario: miners that work, and miners that would be paid without work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from miner.subnets.subnet import Worker
from solard.core.modes import WorkMode

Answer = dict[str, Any]


@dataclass(slots=True)
class Gossip:
    """What one miner could learn of another: everything that was ever answered."""

    said: dict[str, Answer] = field(default_factory=dict)
    """The last answer of each miner, by name."""


@dataclass(slots=True)
class Asked:
    """One question to one miner."""

    name: str
    number: int
    """Of the round, from 0."""
    rounds: int
    """How many there will be."""
    question: dict[str, Any]
    worker: Worker
    gossip: Gossip
    random: Random


async def honest(asked: Asked) -> Answer | None:
    """Work at full power."""
    return await asked.worker.answer(asked.question, WorkMode.FULL)


async def saving(asked: Asked) -> Answer | None:
    """Answer with the cheapest model, as at night."""
    return await asked.worker.answer(asked.question, WorkMode.STANDBY)


async def day_worker(asked: Asked) -> Answer | None:
    """Work at full power in every other six rounds."""
    return await (honest(asked) if asked.number // 6 % 2 == 0 else saving(asked))


async def night_worker(asked: Asked) -> Answer | None:
    """Work at full power when the day workers save."""
    return await (saving(asked) if asked.number // 6 % 2 == 0 else honest(asked))


async def guessing(asked: Asked) -> Answer | None:
    """Answer without reading."""
    words = asked.question["passage"].split()
    return {"answers": [asked.random.choice(words) for _ in asked.question["questions"]]}


async def copying(asked: Asked) -> Answer | None:
    """Say what another miner has said."""
    others = [said for name, said in asked.gossip.said.items() if name != asked.name]
    return others[0] if others else None


async def replaying(asked: Asked) -> Answer | None:
    """Say again what was right once."""
    return asked.gossip.said.get(asked.name) or await honest(asked)


async def silent(asked: Asked) -> Answer | None:
    """Say nothing."""
    del asked
    return None


async def slow(asked: Asked) -> Answer | None:
    """Answer after the validator has stopped waiting: that is silence to it."""
    await honest(asked)
    return None


async def fading(asked: Asked) -> Answer | None:
    """Work for a quarter of the time, then say nothing."""
    return await honest(asked) if asked.number < asked.rounds // 4 else None


MINERS: Mapping[str, Callable[[Asked], Any]] = {
    "honest": honest,
    "random": guessing,
    "copying": copying,
    "replaying": replaying,
    "silent": silent,
    "slow": slow,
    "colluding": silent,
    "fading": fading,
    "newcomer": honest,
    "day worker": day_worker,
    "night worker": night_worker,
}
