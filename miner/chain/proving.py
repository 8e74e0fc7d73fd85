"""A place on a subnet by proof of work, searched for while blocks go by."""

import asyncio
import secrets

from miner.chain.backend import ChainRefused, Head
from miner.chain.client import NodeClient
from miner.chain.proof_of_work import FRESH_BLOCKS, registration_prefix, search
from miner.chain.question import Question
from miner.keys import Keypair

SEARCH_ATTEMPTS = 1 << 18
"""A quarter of a second between looks at the newest block."""


class Proving:
    """One search; what is given up is not lost, for no nonce is likelier than another."""

    def __init__(self, client: NodeClient, keypair: Keypair, netuid: int) -> None:
        self.hashes = 0
        """Nonces tried."""
        self.difficulty: int | None = None
        """So many hashes are expected; None before the chain was asked."""
        self._client = client
        self._keypair = keypair
        self._netuid = netuid

    async def run(self) -> None:
        """Search until a proof is handed in; ChainRefused where the subnet takes none."""
        while True:
            head = await self._client.head()
            self.difficulty = await self._ask_difficulty()
            nonce = await self._search(head, self.difficulty)
            if nonce is not None and await self._hand_in(head.number, nonce):
                return

    async def _ask_difficulty(self) -> int:
        found = await self._client.view("subnets", Question())
        for row in found["subnets"]:
            if row["netuid"] == self._netuid:
                if not row["pow_registration"]:
                    raise ChainRefused(
                        f"{row['name']} takes no proofs of work; its owner can set "
                        "pow_registration to 1, or register by burn"
                    )
                return int(row["difficulty"])
        raise ChainRefused(f"there is no subnet {self._netuid}")

    async def _search(self, head: Head, difficulty: int) -> int | None:
        """Return a nonce for the newest block, or None when that block has grown old."""
        own = self._keypair.ss58
        prefix = registration_prefix(self._netuid, bytes.fromhex(head.hash), own, own)
        start = secrets.randbits(62)
        while (await self._client.head()).number - head.number < FRESH_BLOCKS - 1:
            nonce = await asyncio.to_thread(search, prefix, difficulty, start, SEARCH_ATTEMPTS)
            self.hashes += SEARCH_ATTEMPTS if nonce is None else nonce - start + 1
            if nonce is not None:
                return nonce
            start += SEARCH_ATTEMPTS
        return None

    async def _hand_in(self, block: int, nonce: int) -> bool:
        """Return whether the chain took the proof; False where it came a block too late."""
        own = self._keypair.ss58
        args = {"netuid": self._netuid, "hotkey": own, "block": block, "nonce": nonce}
        try:
            await self._client.call(self._keypair, "register_by_work", args)
        except ChainRefused as err:
            if "is not one of the last" not in str(err):
                raise
            return False
        return True
