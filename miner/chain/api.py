"""The node's HTTP API: JSON in and out, for any number of rigs."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from miner.chain.authority import Authority
from miner.chain.explorer import ChainView, NothingFound, answer, block_of
from miner.chain.extrinsic import MAX_EXTRINSIC_BYTES, ExtrinsicInvalid, read_extrinsic
from miner.chain.picture import head_of, metagraph_of
from miner.chain.question import Question, QuestionInvalid, read_question
from solard.core.codec import Codec
from solard.system.guard import Guard, Limits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_REWARD_ROWS = 2000
MAX_REWARD_KEYS = 64
"""Of one question: the neurons of one rig."""
LIMITS = Limits(idle_s=60.0, connections=512, per_peer=256)
"""A rig's neurons ask once a block; a whole network may run on one machine."""
_CODEC = Codec()


@web.middleware
async def _stop_the_clock(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the guard of a connection when a request is in hand."""
    guard = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(guard, Guard):
        return await handler(request)
    guard.request_begins()
    try:
        return await handler(request)
    finally:
        guard.request_ends()


class NodeApi:
    """Routes over one authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        application = web.Application(
            client_max_size=2 * MAX_EXTRINSIC_BYTES, middlewares=[_stop_the_clock]
        )
        application.add_routes(
            [
                web.get("/v1/head", self.get_head),
                web.get("/v1/blocks/{number:[0-9]{1,15}}", self.get_block),
                web.get("/v1/metagraph/{netuid:[0-9]{1,5}}", self.get_metagraph),
                web.get("/v1/accounts/{ss58:[0-9A-Za-z]{40,60}}", self.get_account),
                web.get("/v1/extrinsics/{hash:[0-9a-f]{64}}", self.get_extrinsic),
                web.post("/v1/extrinsics", self.post_extrinsic),
                web.get("/v1/rewards", self.get_rewards),
                web.get("/v1/earned/{ss58:[0-9A-Za-z]{40,60}}", self.get_earned),
                web.get("/v1/genesis", self.get_genesis),
                web.get("/v1/explorer/{view:[a-z]{1,20}}", self.get_view),
            ]
        )
        return application

    async def get_head(self, _: web.Request) -> web.Response:
        """Answer the newest block."""
        return web.json_response(_CODEC.encode(head_of(self._authority)))

    async def get_genesis(self, _: web.Request) -> web.Response:
        """Answer who and what was there at the beginning."""
        return web.json_response(self._authority.genesis.to_json())

    async def get_block(self, request: web.Request) -> web.Response:
        """Answer one block with its extrinsics and rewards."""
        number = int(request.match_info["number"])
        try:
            return web.json_response(block_of(self._authority.store, number))
        except NothingFound as err:
            return _problem(404, str(err))

    async def get_metagraph(self, request: web.Request) -> web.Response:
        """Answer a subnet and its neurons."""
        netuid = int(request.match_info["netuid"])
        state = self._authority.state
        subnet = state.subnet(netuid)
        if subnet is None:
            return _problem(404, f"there is no subnet {netuid}")
        picture = metagraph_of(state, subnet, self._authority.head.number)
        return web.json_response(_CODEC.encode(picture))

    async def get_account(self, request: web.Request) -> web.Response:
        """Answer an account; one that nobody has seen is empty."""
        account = self._authority.state.account(request.match_info["ss58"])
        return web.json_response(_CODEC.encode(account))

    async def get_extrinsic(self, request: web.Request) -> web.Response:
        """Answer where a call is: waiting, or in which block and with what result."""
        name = request.match_info["hash"]
        found = self._authority.store.find_extrinsic(name)
        if found:
            return web.json_response({"status": "included", "block": found[0], "error": found[1]})
        if self._authority.is_waiting(name):
            return web.json_response({"status": "waiting", "block": None, "error": None})
        return _problem(404, "no such call waits here or is in a block")

    async def post_extrinsic(self, request: web.Request) -> web.Response:
        """Take a signed call for the next block."""
        try:
            async with asyncio.timeout(LIMITS.body_s):
                data: Any = json.loads(await request.read())
            name = self._authority.submit(read_extrinsic(data))
        except TimeoutError:
            return _problem(408, f"the body did not come in {LIMITS.body_s:g} s")
        except (ValueError, RecursionError):
            return _problem(400, "the body is no JSON")
        except ExtrinsicInvalid as err:
            return _problem(400, str(err))
        return web.json_response({"hash": name}, status=202)

    async def get_rewards(self, request: web.Request) -> web.Response:
        """Answer rewards of blocks after `after_block`, of all keys or of each `hotkey`."""
        text = request.query.get("after_block", "-1")
        if not text.lstrip("-").isdigit() or len(text) > 16:
            return _problem(400, f"after_block={text!r} is no block number")
        hotkeys = request.query.getall("hotkey", [])
        if len(hotkeys) > MAX_REWARD_KEYS:
            return _problem(400, f"hotkey: at most {MAX_REWARD_KEYS} at once")
        return web.json_response(rewards_after(self._authority, int(text), hotkeys))

    async def get_view(self, request: web.Request) -> web.Response:
        """Answer one of the explorer's views."""
        try:
            question = read_question(request.query)
            found = explored(self._authority, request.match_info["view"], question)
            return web.json_response(found)
        except QuestionInvalid as err:
            return _problem(400, str(err))
        except NothingFound as err:
            return _problem(404, str(err))

    async def get_earned(self, request: web.Request) -> web.Response:
        """Answer all that was ever paid to a key."""
        earned = self._authority.store.earned_rao(request.match_info["ss58"])
        return web.json_response({"earned_rao": earned})


def explored(authority: Authority, view: str, question: Question) -> dict[str, Any]:
    """Return one of the explorer's views; raise NothingFound."""
    chain = ChainView(
        state=authority.state,
        store=authority.store,
        genesis=authority.genesis,
        head=authority.head.number,
    )
    return answer(view, chain, question)


def rewards_after(
    authority: Authority, after_block: int, hotkeys: Sequence[str] = ()
) -> dict[str, Any]:
    """Return rows of later blocks, and the block that they are complete up to."""
    rows = authority.store.rewards_after(after_block, MAX_REWARD_ROWS, hotkeys)
    complete = authority.head.number
    if len(rows) > MAX_REWARD_ROWS:
        complete = rows[-1][0]
    network = authority.genesis.network
    return {
        "rows": [
            {
                "network": network,
                "block": block,
                "hotkey": reward.hotkey,
                "netuid": reward.netuid,
                "role": reward.role,
                "rao": reward.rao,
            }
            for block, reward in rows
        ],
        "block": complete,
    }


def _problem(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
