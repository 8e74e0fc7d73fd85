"""A chain node that lies, on loopback: neurons keep what they knew and go on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from miner.chain.backend import ChainUnreachable, Metagraph, NeuronInfo
from miner.chain.client import NodeClient
from solard.core.codec import Codec

NEURON = NeuronInfo(
    netuid=1,
    subnet="sunlight",
    uid=0,
    hotkey="5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
    role="miner",
    permit=True,
    incentive=0.5,
    rank=1,
    trust=0.5,
    vtrust=0.5,
    dividends=0.5,
    emission_rao=1,
    stake_rao=1,
    last_update=1,
    registered_block=1,
    immune=False,
    immune_until=1,
    axon="127.0.0.1:8091",
)
GRAPH = Metagraph(
    netuid=1,
    name="sunlight",
    block=1,
    tempo=30,
    epochs=0,
    next_epoch_block=31,
    burn_rao=1,
    weights_rate_limit=1,
    owner_hotkey=NEURON.hotkey,
    neurons=(NEURON,),
)


def picture(**changes: Any) -> bytes:
    """Return a metagraph of one neuron as a node would send it."""
    graph = Codec().encode(GRAPH)
    graph["neurons"][0].update(changes)
    return json.dumps(graph).encode()


@pytest.fixture
async def lies() -> AsyncIterator[tuple[dict[str, bytes], NodeClient]]:
    said = {"body": b""}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=said["body"], content_type="application/json")

    application = web.Application()
    application.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = NodeClient(f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield said, client
    await client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "body",
    [
        picture(incentive=float("nan")),
        picture(incentive=float("inf")),
        picture(stake_rao="much"),
        picture(stake_rao=None),
        picture(hotkey=["x"]),
        picture(axon={"ip": "127.0.0.1"}),
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"netuid": ' + b"9" * 5000 + b"}",
        b" " * 9_000_000,
    ],
    ids=lambda body: body[:12].decode(errors="replace") + f"…{len(body)}",
)
async def test_picture_that_is_none_is_refused_whole(lies, body):
    said, client = lies
    said["body"] = body

    with pytest.raises(ChainUnreachable):
        await client.metagraph(1)


async def test_true_picture_is_taken_after_a_lie(lies):
    said, client = lies
    said["body"] = b"nonsense"
    with pytest.raises(ChainUnreachable):
        await client.metagraph(1)

    said["body"] = picture()
    assert (await client.metagraph(1)).neurons[0] == NEURON
