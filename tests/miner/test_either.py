"""A caller that speaks both protocols finds out which one an axon understands, and keeps to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from miner.dendrite import Dendrite
from miner.keys import from_uri
from miner.subnets.catalog import find_subnet

SUNLIGHT = find_subnet("sunlight")
MINER = from_uri("//OldMiner").ss58
QUESTION = {"slots": ["2024-06-20T12:00:00+00:00"], "recent": [], "location": None, "peak_w": None}


@dataclass
class OldMiner:
    """An axon of bittensor 10: a question without its headers is none."""

    refusal: int | None = None
    heard: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        is_legacy = "bt_header_dendrite_signature" in request.headers
        self.heard.append("legacy" if is_legacy else "btauth")
        if not is_legacy:
            return web.json_response({"message": "Unexpected error"}, status=500)
        if self.refusal is not None:
            return web.json_response({"message": "no"}, status=self.refusal)
        body = await request.json()
        headers = {"bt_header_axon_status_code": "200"}
        return web.json_response({**body, "pv_wh": [250.0] * 8}, headers=headers)


@asynccontextmanager
async def served(miner: OldMiner) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/sunlight", miner.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def dendrite() -> AsyncIterator[Dendrite]:
    one = Dendrite(from_uri("//Caller"), 2.0)
    yield one
    await one.close()


async def test_miner_that_only_speaks_the_older_protocol_is_heard(dendrite: Dendrite) -> None:
    miner = OldMiner()
    async with served(miner) as place:
        answers = [await dendrite.ask_either(place, MINER, SUNLIGHT.kind, QUESTION) for _ in "123"]

    assert [one.status for one in answers] == [200] * 3
    assert answers[0].data["pv_wh"] == [250.0] * 8
    # It is asked in vain once, not each time.
    assert miner.heard == ["btauth", "legacy", "legacy", "legacy"]


async def test_miner_that_refuses_is_not_taken_for_an_old_one(dendrite: Dendrite) -> None:
    miner = OldMiner(refusal=401)
    async with served(miner) as place:
        answer = await dendrite.ask_either(place, MINER, SUNLIGHT.kind, QUESTION)
        await dendrite.ask_either(place, MINER, SUNLIGHT.kind, QUESTION)

    assert (answer.status, answer.reason) == (500, "Unexpected error")
    assert miner.heard == ["btauth", "legacy"] * 2


async def test_miner_that_is_silent_is_asked_once(dendrite: Dendrite) -> None:
    async with served(OldMiner()) as place:
        pass

    assert (await dendrite.ask_either(place, MINER, SUNLIGHT.kind, QUESTION)).status == 503
