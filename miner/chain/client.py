"""The chain over HTTP: a ChainBackend on an embedded network's node."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import aiohttp

from miner.chain.backend import ChainRefused, ChainUnreachable, Head, Metagraph
from miner.chain.extrinsic import sign_extrinsic
from miner.chain.question import Question
from miner.chain.weights import scaled_weights
from miner.keys import Keypair
from miner.wire.json_text import read_json
from solard.core.codec import Codec, CodecError

TIMEOUT_S = 5.0
INCLUSION_TIMEOUT_S = 60.0
"""A block comes every 12 s of site time, and at least so often at real speed."""
INCLUSION_POLL_S = 0.2
MAX_ANSWER_BYTES = 8_388_608
"""A metagraph of 4096 neurons has a third of it."""
_CODEC = Codec()


class NodeClient:
    """Signs calls with the caller's key and waits until a block has them. Real seconds."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(timeout=timeout)
        self._genesis: str | None = None
        # Two calls at once would sign the same nonce.
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def head(self) -> Head:
        """Return the newest block."""
        head: Head = self._decode(Head, await self._get("/v1/head"))
        return head

    async def netuid_of(self, subnet: str) -> int:
        """Return the number of the subnet of that name."""
        found = await self.view("subnets", Question())
        for row in found["subnets"]:
            if row["name"] == subnet:
                return int(row["netuid"])
        raise ChainRefused(f"this network has no subnet {subnet!r}")

    async def metagraph(self, netuid: int) -> Metagraph:
        """Return a subnet and its neurons."""
        picture: Metagraph = self._decode(Metagraph, await self._get(f"/v1/metagraph/{netuid}"))
        return picture

    async def earned_rao(self, hotkey: str) -> int:
        """Return all that the chain ever paid a hotkey."""
        return int((await self._get(f"/v1/earned/{hotkey}"))["earned_rao"])

    async def rewards(self, after_block: int, hotkeys: Sequence[str]) -> dict[str, Any]:
        """Return rewards of later blocks, as the node's own `rewards` verb does."""
        query = urlencode({"after_block": after_block, "hotkey": hotkeys}, doseq=True)
        return await self._get(f"/v1/rewards?{query}")

    async def register(self, keypair: Keypair, netuid: int, limit_rao: int) -> None:
        """Register by burn, out of the grant that the treasury gives every new key."""
        account = await self._get(f"/v1/accounts/{keypair.ss58}")
        if not account["granted"]:
            await self.call(keypair, "claim_grant", {})
        args = {"netuid": netuid, "hotkey": keypair.ss58, "limit_rao": limit_rao}
        await self.call(keypair, "register_limit", args)

    async def stake_spare(self, keypair: Keypair, netuid: int, keep_rao: int, part: float) -> None:
        """Stake a part of what the balance has above `keep_rao`; nothing to stake is no error."""
        account = await self._get(f"/v1/accounts/{keypair.ss58}")
        spare = int((account["balance_rao"] - keep_rao) * part)
        if spare > 0:
            args = {"netuid": netuid, "hotkey": keypair.ss58, "rao": spare}
            await self.call(keypair, "add_stake", args)

    async def serve_axon(self, keypair: Keypair, netuid: int, ip: str, port: int) -> None:
        """Announce where the key's neuron listens."""
        await self.call(keypair, "serve_axon", {"netuid": netuid, "ip": ip, "port": port})

    async def set_weights(
        self, keypair: Keypair, netuid: int, weights: Mapping[int, float]
    ) -> None:
        """Set weights by uid, scaled so that the largest is 65535."""
        uids, values = scaled_weights(weights)
        if not uids:
            raise ChainRefused("set_weights: no weight is above 0")
        args = {"netuid": netuid, "uids": uids, "values": values}
        await self.call(keypair, "set_weights", args)

    async def commit_weights(self, keypair: Keypair, netuid: int, commit: str) -> None:
        """Promise weights by their hash."""
        await self.call(keypair, "commit_weights", {"netuid": netuid, "commit": commit})

    async def reveal_weights(
        self, keypair: Keypair, netuid: int, uids: list[int], values: list[int], salt: str
    ) -> None:
        """Show weights that were promised."""
        args = {"netuid": netuid, "uids": uids, "values": values, "salt": salt}
        await self.call(keypair, "reveal_weights", args)

    async def view(self, view: str, question: Question) -> dict[str, Any]:
        """Return one of the explorer's views."""
        return await self._get(f"/v1/explorer/{view}?{urlencode(question.to_query())}")

    async def call(self, keypair: Keypair, call: str, args: dict[str, Any]) -> None:
        """Sign any call and wait until a block has it; raise ChainRefused where it fails."""
        async with self._turn:
            await self._call_now(keypair, call, args)

    async def _call_now(self, keypair: Keypair, call: str, args: dict[str, Any]) -> None:
        genesis = self._genesis or (await self.head()).genesis
        self._genesis = genesis
        account = await self._get(f"/v1/accounts/{keypair.ss58}")
        extrinsic = sign_extrinsic(keypair, genesis, account["nonce"], call, args)
        try:
            sent = await self._ask("POST", "/v1/extrinsics", extrinsic.to_json())
        except ChainRefused:
            # Perhaps another network lives there now: learn its name again.
            self._genesis = None
            raise
        await self._wait_for(sent["hash"], call)

    async def _wait_for(self, name: str, call: str) -> None:
        try:
            async with asyncio.timeout(INCLUSION_TIMEOUT_S):
                while True:
                    found = await self._get(f"/v1/extrinsics/{name}")
                    if found["status"] != "waiting":
                        break
                    await asyncio.sleep(INCLUSION_POLL_S)
        except TimeoutError as err:
            raise ChainUnreachable(
                f"{call}: no block took it in {INCLUSION_TIMEOUT_S:g} s; is the node running?"
            ) from err
        if found["error"]:
            raise ChainRefused(found["error"])

    async def _get(self, path: str) -> dict[str, Any]:
        return await self._ask("GET", path, None)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        try:
            async with self._session.request(method, self._url + path, data=data) as response:
                answer = read_json(await _read_some(response))
                if not isinstance(answer, dict):
                    raise TypeError("not an object")
                if response.status >= 400:
                    raise ChainRefused(str(answer.get("error", f"HTTP {response.status}")))
                return answer
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            raise ChainUnreachable(f"chain node {self._url}: no answer: {_reason(err)}") from err
        except (ValueError, TypeError, RecursionError) as err:
            raise ChainUnreachable(f"chain node {self._url}: answers no JSON: {err}") from err

    def _decode(self, kind: type, data: dict[str, Any]) -> Any:
        try:
            return _CODEC.decode(kind, data)
        except CodecError as err:
            raise ChainUnreachable(f"chain node {self._url}: unknown answer: {err}") from err


async def _read_some(response: aiohttp.ClientResponse) -> bytes:
    """Return a whole answer; raise ValueError for one larger than any chain's."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise ValueError(f"an answer has at most {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _reason(err: Exception) -> str:
    """Return why nobody answered; a connection's own words repeat the address in a longer way."""
    if isinstance(err, aiohttp.ClientConnectorError) and (err.errno or 0) > 0:
        return os.strerror(err.errno or 0).lower()
    return str(err) or type(err).__name__
