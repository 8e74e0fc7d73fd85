"""The node's HTTP API and its client, over real TCP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from miner import keys
from miner.chain.api import NodeApi
from miner.chain.authority import Authority, open_authority
from miner.chain.backend import ChainRefused, ChainUnreachable
from miner.chain.client import NodeClient
from miner.chain.values import Rules
from miner.presence import Presence
from solard.system.guard import Gate, Limits

START = datetime(2024, 6, 20, 8, tzinfo=UTC)
TAO = 10**9
ALICE, BOB = keys.from_uri("//Alice"), keys.from_uri("//Bob")


class Node:
    """A node on loopback that makes a block every 20 ms."""

    def __init__(self, authority: Authority, url: str, home: Path) -> None:
        self.home = home
        self.authority = authority
        self.url = url

    async def make_blocks(self) -> None:
        while True:
            self.step(1)
            await asyncio.sleep(0.02)

    def step(self, count: int) -> None:
        number = self.authority.head.number
        moments = [START + timedelta(seconds=12 * (number + i + 1)) for i in range(count)]
        self.authority.make_blocks(moments)


@pytest.fixture
async def node(tmp_path) -> AsyncIterator[Node]:
    authority = open_authority(tmp_path, START, Rules(tempo=10), ("sunlight", "matmul"))
    runner = web.AppRunner(NodeApi(authority).application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one = Node(authority, f"http://127.0.0.1:{runner.addresses[0][1]}", tmp_path)
    task = asyncio.create_task(one.make_blocks())
    yield one
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await runner.cleanup()
    authority.store.close()


@pytest.fixture
async def client(node: Node) -> AsyncIterator[NodeClient]:
    one = NodeClient(node.url)
    yield one
    await one.close()


async def get(node: Node, path: str) -> tuple[int, dict]:
    async with aiohttp.ClientSession() as session, session.get(node.url + path) as response:
        return response.status, await response.json()


async def test_head_says_that_it_is_a_simulator(node, client):
    head = await client.head()

    assert head.is_simulator
    assert head.network.startswith("embedded-")
    assert head.issuance_rao >= 11_000_000 * 10**9


async def test_newcomer_registers_out_of_its_grant_and_announces_its_axon(node, client):
    presence = Presence(client, ALICE, "sunlight", purse=(own := []), endpoint=("127.0.0.1", 8091))
    own.append(presence)
    await presence.refresh()
    await presence.refresh()

    neuron = presence.neuron
    assert (neuron.uid, neuron.axon, neuron.role) == (1, "127.0.0.1:8091", "miner")
    # 100 τ granted, 0.1 τ burned at most, 1 τ kept: 98.9 τ into a pool of 1000 τ and 1000 alpha.
    assert 89.9e9 <= neuron.stake_rao < 90.1e9


async def test_validator_s_stake_is_shared_whichever_subnet_is_looked_at_first(node, client):
    purse = [Presence(client, ALICE, "sunlight"), Presence(client, ALICE, "matmul")]
    for one in purse:
        one.purse = purse
    await purse[1].refresh()
    await purse[0].refresh()

    first, second = (node.authority.state.alpha_with(n, ALICE.ss58) for n in (1, 2))
    # Of 98.8 τ to spare each has a half, in pools of 1000.
    assert 46e9 < first < 48e9
    assert 46e9 < second < 48e9


async def test_a_seat_that_costs_too_much_is_waited_for(node, client):
    presence = Presence(client, ALICE, "sunlight", burn_limit_rao=98_000_000)

    with pytest.raises(ChainRefused, match=r"a seat costs 0.1 τ, and register_at_most is 0.098 τ"):
        await presence.refresh()
    assert presence.neuron is None
    assert node.authority.state.account(ALICE.ss58).balance_rao == 0
    # The first price of 0.1 τ halves in 360 blocks.
    node.step(20)
    await presence.refresh()
    assert presence.neuron.uid == 1


async def test_a_price_that_rises_before_the_call_is_in_a_block_is_not_paid(node, client):
    price = (await client.metagraph(1)).burn_rao
    await client.register(BOB, 1, TAO)

    with pytest.raises(ChainRefused, match="at most"):
        await client.register(ALICE, 1, price)
    assert node.authority.state.neuron(1, ALICE.ss58) is None


async def test_refused_call_raises_with_the_chains_sentence(node, client):
    await client.register(ALICE, 1, TAO)

    with pytest.raises(ChainRefused, match="no validator permit"):
        await client.set_weights(ALICE, 1, {0: 1.0})
    with pytest.raises(ChainRefused, match="can only claim_grant"):
        await client.set_weights(BOB, 1, {0: 1.0})


async def test_weights_are_scaled_and_paid_for(node, client):
    await client.register(ALICE, 1, TAO)
    await client.stake_spare(ALICE, 1, 10**9, 1.0)
    await client.register(BOB, 1, TAO)
    node.step(11)
    await client.set_weights(ALICE, 1, {0: 0.25, 2: 0.5})
    node.step(11)
    graph = await client.metagraph(1)

    assert node.authority.state.neuron(1, ALICE.ss58).weights == ((0, 32768), (2, 65535))
    assert graph.find(BOB.ss58).incentive == pytest.approx(2 / 3, abs=1e-4)
    assert graph.find(ALICE.ss58).role == "validator"
    assert await client.earned_rao(BOB.ss58) > 0


async def test_no_weight_above_zero_is_refused_before_it_is_sent(client):
    with pytest.raises(ChainRefused, match="no weight is above 0"):
        await client.set_weights(ALICE, 1, {1: 0.0, 2: float("nan")})


async def test_rewards_of_an_epoch_come_with_their_network_and_block(node, client):
    await test_weights_are_scaled_and_paid_for(node, client)
    _, answer = await get(node, "/v1/rewards?after_block=0")
    row = next(row for row in answer["rows"] if row["hotkey"] == BOB.ss58)

    assert row["network"] == node.authority.genesis.network
    assert (row["netuid"], row["role"]) == (1, "miner")
    assert 0 < row["block"] <= answer["block"]
    _, later = await get(node, f"/v1/rewards?after_block={answer['block']}")
    assert all(row["block"] > answer["block"] for row in later["rows"])


async def test_rig_is_told_the_rewards_of_its_own_hotkeys(node, client):
    await test_weights_are_scaled_and_paid_for(node, client)
    theirs = await client.rewards(0, [BOB.ss58])
    nobodys = await client.rewards(0, [keys.from_uri("//Charlie").ss58])

    assert {row["hotkey"] for row in theirs["rows"]} == {BOB.ss58}
    assert nobodys["rows"] == []
    assert (await get(node, "/v1/rewards?" + "hotkey=a&" * 65))[0] == 400


async def test_block_shows_its_extrinsics(node, client):
    await client.register(ALICE, 1, TAO)
    number = next(n for n in range(1, 50) if node.authority.store.extrinsics(n))
    status, block = await get(node, f"/v1/blocks/{number}")

    assert status == 200
    assert block["extrinsics"][0]["call"] == "claim_grant"
    assert block["extrinsics"][0]["error"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/blocks/999999", 404),
        ("/v1/metagraph/9", 404),
        (f"/v1/extrinsics/{'0' * 64}", 404),
        ("/v1/rewards?after_block=x", 400),
    ],
)
async def test_question_without_an_answer_gets_a_sentence(node, path, status):
    found, answer = await get(node, path)

    assert found == status
    assert answer["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 20000, b'{"signer": 1}'])
async def test_nonsense_is_refused_as_a_call(node, body):
    async with (
        aiohttp.ClientSession() as session,
        session.post(node.url + "/v1/extrinsics", data=body) as response,
    ):
        assert response.status == 400
        assert (await response.json())["error"]


async def test_half_a_request_is_not_waited_for(node):
    runner = web.AppRunner(NodeApi(node.authority).application())
    await runner.setup()
    gate = Gate(Limits(header_s=0.2, idle_s=0.2), runner.server)
    server = await asyncio.get_running_loop().create_server(gate.remote, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/head HTTP/1.1\r\nHost: a\r\n\r\n")
        answered = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET /v1/head HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"HTTP/1.1" not in await reader.read()
    writer.close()
    server.close()
    await runner.cleanup()

    assert answered.startswith(b"HTTP/1.1 200")


async def test_absent_node_is_unreachable(unused_port):
    client = NodeClient(f"http://127.0.0.1:{unused_port}")
    try:
        with pytest.raises(ChainUnreachable, match=r": no answer: connection refused$"):
            await client.head()
    finally:
        await client.close()
