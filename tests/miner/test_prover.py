"""`solard network prove`: a miner's seat by proof of work, searched for while somebody asks."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from miner.chain.backend import ChainRefused
from miner.presence import Presence
from miner.prover import Prover
from miner.work import handler_of
from solard.system.lines import serve_lines
from solard.system.places import HOME_VARIABLE, places_at
from tests.miner.stage import Idler
from tests.miner.test_explorer import keypair_of
from tests.miner.test_node import BOB, client, node  # noqa: F401 - fixtures

UNREACHABLE = 1 << 62
"""A difficulty at which nobody finds anything."""


@pytest.fixture
async def home(client, tmp_path_factory) -> AsyncIterator:  # noqa: F811
    """A solard whose bundled miner is Bob, who has not a rao and burns nothing."""
    home = tmp_path_factory.mktemp("h")
    prover = Prover(client, BOB, [Presence(client, BOB, "sunlight", burns=False)])
    verbs = {"prove": prover.prove, "rest": prover.rest}
    server = await serve_lines(places_at(home).work_socket("miner"), handler_of(Idler(), verbs))
    yield home
    server.close()
    await prover.rest({})


async def allow_work(node, client, difficulty: int) -> None:  # noqa: F811
    owner = keypair_of(node, "owner")
    rules = {"max_difficulty": difficulty, "min_difficulty": difficulty, "pow_registration": 1}
    for name, value in rules.items():
        await client.call(owner, "set_hyperparameter", {"netuid": 1, "name": name, "value": value})
    node.step(100)


async def start(home, subnet: str = "sunlight") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "solard", "network", "prove", subnet),
        env={HOME_VARIABLE: str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_miner_without_a_rao_gets_its_seat(node, client, home):  # noqa: F811
    await allow_work(node, client, 1_000)

    said, complained = await (await start(home)).communicate()

    assert said.decode().splitlines()[-1] == "miner has uid 1 on sunlight.", complained
    assert (await client.metagraph(1)).find(BOB.ss58).uid == 1


async def test_sigterm_ends_the_search_at_once(node, client, home):  # noqa: F811
    await allow_work(node, client, UNREACHABLE)
    asking = await start(home)
    while b"are expected" not in (line := await asking.stdout.readline()):
        assert line, (await asking.stderr.read()).decode()

    asking.send_signal(signal.SIGTERM)

    assert await asking.wait() == 143
    assert not [task for task in asyncio.all_tasks() if "Prover._search" in repr(task.get_coro())]


async def test_search_ends_when_nobody_asks_any_more(node, client, monkeypatch):  # noqa: F811
    monkeypatch.setattr("miner.prover.LEASE_S", 0.3)
    await allow_work(node, client, UNREACHABLE)
    prover = Prover(client, BOB, [Presence(client, BOB, "sunlight", burns=False)])
    await prover.prove({"subnet": "sunlight"})
    searches = [task for task in asyncio.all_tasks() if "Prover._search" in repr(task.get_coro())]

    await asyncio.wait_for(asyncio.gather(*searches), 20.0)

    assert len(searches) == 1


async def test_subnet_that_takes_no_proofs_says_who_can_change_that(client, home):  # noqa: F811
    asking = await start(home)
    _, complained = await asking.communicate()

    assert asking.returncode == 1
    assert "its owner can set pow_registration to 1, or register by burn" in complained.decode()


async def test_miner_that_burns_nothing_says_how_it_gets_its_seat(client):  # noqa: F811
    with pytest.raises(ChainRefused, match="`solard network prove sunlight` finds a proof of work"):
        await Presence(client, BOB, "sunlight", burns=False).refresh()


async def test_subnet_of_somebody_else_is_named(home):
    asking = await start(home, "rain")
    _, complained = await asking.communicate()

    assert "this miner is not on 'rain'; it is on sunlight" in complained.decode()
