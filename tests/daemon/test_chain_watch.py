"""What the chain's workload says, and what of it is kept."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from solard.daemon.chain_watch import ChainWatch
from solard.daemon.events import Events
from solard.store.store import Store
from solard.system.lines import serve_lines
from tests.daemon.stage import HandClock

NEURON = {"netuid": 1, "uid": 2, "hotkey": "5F", "role": "miner", "incentive": 0.5, "rank": 1}


class Heard:
    """A supervisor that has just heard these details of the node, and of one neuron."""

    def __init__(self, hotkeys: frozenset[str] = frozenset({"5F"}), **detail: Any) -> None:
        self._detail = detail
        self.hotkeys = hotkeys

    def detail(self, _role: str) -> dict[str, Any]:
        return self._detail


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chain-") as directory:
        yield Path(directory) / "chain.sock"


@asynccontextmanager
async def node(socket: Path, *answers: dict[str, Any]) -> AsyncIterator[list[int]]:
    """A node that answers `rewards` with these, one after the other."""
    asked: list[int] = []
    left = list(answers)

    async def handle(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["after_block"])
        return left.pop(0) if left else {"rows": [], "block": request["after_block"]}

    server = await serve_lines(socket, handle)
    try:
        yield asked
    finally:
        server.close()


def row(block: int, role: str = "miner", rao: int = 100) -> dict[str, Any]:
    return {
        **{"network": "embedded", "block": block, "hotkey": "5F"},
        **{"netuid": 1, "role": role, "rao": rao},
    }


def watch(socket: Path, store: Store, clock: HandClock) -> ChainWatch:
    events = Events(clock, store)
    return ChainWatch("embedded", "chain", lambda _: socket, store, clock, events)


async def test_chain_becomes_a_picture(socket: Path, store: Store, clock: HandClock) -> None:
    chain = watch(socket, store, clock)
    async with node(socket):
        heard = Heard(block=40, epochs=2, tempo=20, neurons=[NEURON])
        await chain.run_once(heard, "2024-05-28")
        clock.pass_s(36.0)
        await chain.run_once(heard, "2024-05-28")

    assert chain.view is not None
    assert (chain.view.block, chain.view.epochs, chain.view.tempo) == (40, 2, 20)
    assert chain.view.age_s == 36.0
    (neuron,) = chain.view.neurons
    assert (neuron.subnet, neuron.uid, neuron.incentive) == ("subnet 1", 2, 0.5)


async def test_neurons_of_other_rigs_are_not_shown_as_ours(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)
    others = [{**NEURON, "hotkey": "5G", "role": role} for role in ("miner", "owner")]
    async with node(socket):
        await chain.run_once(Heard(block=40, neurons=[NEURON, *others]), "2024-05-28")

    assert chain.view is not None
    assert [one.role for one in chain.view.neurons] == ["miner", "owner"]


async def test_a_lost_place_is_an_alert_once(socket: Path, store: Store, clock: HandClock) -> None:
    events = Events(clock, store)
    chain = ChainWatch("embedded", "chain", lambda _: socket, store, clock, events)
    back = {**NEURON, "registered_block": 43}
    async with node(socket):
        for block, neurons in ((40, [NEURON]), (41, []), (42, []), (43, [back]), (44, [back])):
            heard = Heard(block=block, network="embedded-1", neurons=neurons)
            await chain.run_once(heard, "2024-05-28")

    (told,) = events.newest()
    assert (told.source, told.level) == ("network", "alert")
    assert told.text.startswith("Our uid 2 on subnet 1 (miner) gave way to a newcomer. ")


async def test_a_place_that_was_lost_between_two_looks_is_told_too(
    socket: Path, store: Store, clock: HandClock
) -> None:
    events = Events(clock, store)
    chain = ChainWatch("embedded", "chain", lambda _: socket, store, clock, events)
    back = {**NEURON, "registered_block": 43}
    async with node(socket):
        for block, neurons in ((40, [NEURON]), (44, [back])):
            heard = Heard(block=block, network="embedded-1", neurons=neurons)
            await chain.run_once(heard, "2024-05-28")

    (told,) = events.newest()
    assert "registered again as uid 2" in told.text


async def test_rewards_of_miner_and_validator_are_kept_once(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)
    first = {"rows": [row(20), row(20, "validator", 41), row(20, "owner", 18)], "block": 20}
    again = {"rows": [row(20), row(40, rao=50)], "block": 40}
    async with node(socket, first, again) as asked:
        for _ in range(3):
            await chain.run_once(Heard(block=40), "2024-05-28")
    assert store.flush()

    assert asked == [0, 20, 40]
    (day,) = store.earnings_days(3)
    assert (day.day, day.miner_rao, day.validator_rao) == ("2024-05-28", 150, 41)


async def test_what_others_earn_on_the_same_node_is_not_ours(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)
    async with node(socket, {"rows": [row(20), {**row(20, rao=7), "hotkey": "5G"}], "block": 20}):
        await chain.run_once(Heard(block=40), "2024-05-28")
    assert store.flush()

    (day,) = store.earnings_days(3)
    assert day.miner_rao == 100


async def test_neuron_that_is_known_late_is_paid_from_the_start(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)
    first = {"rows": [row(20)], "block": 20}
    again = {"rows": [row(20), {**row(10, rao=7), "hotkey": "5G"}], "block": 40}
    async with node(socket, first, again) as asked:
        await chain.run_once(Heard(frozenset(), block=20), "2024-05-28")
        await chain.run_once(Heard(block=20), "2024-05-28")
        await chain.run_once(Heard(frozenset({"5G"}), block=40), "2024-05-28")
    assert store.flush()

    assert asked == [0, 0]
    (day,) = store.earnings_days(3)
    assert day.miner_rao == 107


async def test_another_chain_is_read_from_its_start(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)
    other = {**row(5), "network": "embedded-2"}
    async with node(
        socket, {"rows": [row(20)], "block": 20}, {"rows": [other], "block": 5}
    ) as asked:
        await chain.run_once(Heard(block=20, network="embedded-1"), "2024-05-28")
        await chain.run_once(Heard(block=5, network="embedded-2"), "2024-05-28")
    assert store.flush()

    assert asked == [0, 0]
    (day,) = store.earnings_days(3)
    assert day.miner_rao == 200


async def test_node_that_is_away_costs_nothing(
    socket: Path, store: Store, clock: HandClock
) -> None:
    chain = watch(socket, store, clock)

    await chain.run_once(Heard(block=40), "2024-05-28")
    await chain.run_once(Heard(), "2024-05-28")

    assert chain.view is not None
    assert chain.view.block == 40


async def test_nonsense_is_left_out(socket: Path, store: Store, clock: HandClock) -> None:
    chain = watch(socket, store, clock)
    rows = [None, 3, {"network": "embedded"}, {**row(20), "rao": "much"}, row(20)]
    async with node(socket, {"rows": rows, "block": "last"}, {"rows": 7}):
        heard = Heard(block="x", epochs="y", tempo={}, neurons=[NEURON, {}, None, "z"])
        await chain.run_once(heard, "2024-05-28")
        await chain.run_once(Heard(block=1, neurons=5), "2024-05-28")
    assert store.flush()

    (day,) = store.earnings_days(3)
    assert day.miner_rao == 100
    assert chain.view is not None
    assert chain.view.neurons == ()


async def test_site_without_a_network_has_no_chain(store: Store, clock: HandClock) -> None:
    events = Events(clock, store)
    chain = ChainWatch("embedded", None, lambda _: Path("/nowhere"), store, clock, events)

    await chain.run_once(Heard(block=40), "2024-05-28")

    assert chain.view is None
