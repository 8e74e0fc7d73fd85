"""Runs under bittensor 10.5.0: its dendrite against our axon, and its axon for our dendrite.

`sdk10.py ask PORT AXON_SS58 CASE...` prints what the dendrite made of the answers, by case;
`sdk10.py listen PORT AXON_SS58` prints a stream;
`sdk10.py serve PORT` serves `Echo` until it is killed;
`sdk10.py wallet DIR` makes the hotkey `sdk/h1` there, prints its address and `rig/default`'s.
"""

import asyncio
import json
import sys
import time
from typing import ClassVar, Tuple  # noqa: UP035 - the SDK compares signatures

from bittensor.utils import networking

networking.get_external_ip = lambda: "203.0.113.7"

from bittensor.core.axon import Axon  # noqa: E402
from bittensor.core.chain_data import AxonInfo  # noqa: E402
from bittensor.core.dendrite import Dendrite  # noqa: E402
from bittensor.core.stream import StreamingSynapse  # noqa: E402
from bittensor.core.synapse import Synapse  # noqa: E402
from bittensor_wallet import Keypair, Wallet  # noqa: E402


class Echo(Synapse):
    prompt: str
    completion: str | None = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("prompt",)


class EchoStream(StreamingSynapse):
    prompt: str
    completion: str | None = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("prompt",)

    async def process_streaming_response(self, response):
        self.completion = ""
        async for piece in response.content.iter_any():
            self.completion += piece.decode()
            yield piece.decode()

    def extract_response_json(self, response):
        return {"name": "EchoStream", "prompt": self.prompt, "completion": self.completion}


class Nope(Synapse):
    """A synapse that nobody serves."""


SECOND_NS = 1_000_000_000
AGES = {"stale": -30, "future": 3600, "fresh_8s": -8}
SIGNER = Keypair.create_from_uri("//DendriteBob")
THIEF = Keypair.create_from_uri("//Mallory")


class Tampering(Dendrite):
    """A dendrite that spoils what it signs, in one way."""

    case = "ok"
    first = None

    def preprocess_synapse_for_request(self, target, synapse, timeout=12.0):
        synapse = super().preprocess_synapse_for_request(target, synapse, timeout)
        end = synapse.dendrite
        if self.case in AGES:
            end.nonce = time.time_ns() + AGES[self.case] * SECOND_NS
        if self.case == "replay":
            if self.first is not None:
                return synapse.model_copy(update={"dendrite": self.first})
            self.first = end
        text = f"{end.nonce}.{end.hotkey}.{target.hotkey}.{end.uuid}.{synapse.body_hash}"
        key = THIEF if self.case == "forged" else self.keypair
        end.signature = "" if self.case == "empty" else f"0x{key.sign(text).hex()}"
        return synapse


async def listen(port, hotkey):
    target = AxonInfo(
        version=10005000, ip="127.0.0.1", port=port, ip_type=4, hotkey=hotkey, coldkey=hotkey
    )
    dendrite = Dendrite(SIGNER)
    question = EchoStream(prompt="the sun is up")
    pieces = [piece async for piece in dendrite.call_stream(target, question, 5.0, False)]
    await dendrite.aclose_session()
    end = pieces.pop()
    return {"status": int(end.dendrite.status_code), "pieces": pieces, "text": end.completion}


async def ask(port, hotkey, case):
    target = AxonInfo(
        version=10005000, ip="127.0.0.1", port=port, ip_type=4, hotkey=hotkey, coldkey=hotkey
    )
    dendrite = Tampering(SIGNER)
    dendrite.case = case
    synapse = Nope() if case == "unknown" else Echo(prompt="hello solar")
    if case == "replay":
        await dendrite.call(target, synapse, timeout=5.0, deserialize=False)
    timeout = 0.5 if case == "slow" else 5.0
    answer = await dendrite.call(target, synapse, timeout=timeout, deserialize=False)
    await dendrite.aclose_session()
    end = answer.dendrite
    return {
        "status": None if end.status_code is None else int(end.status_code),
        "message": end.status_message,
        "completion": getattr(answer, "completion", None),
        "is_success": answer.is_success,
        "axon_signature": answer.axon.signature,
    }


def serve(port):
    def forward(synapse: Echo) -> Echo:
        synapse.completion = "echo:" + synapse.prompt
        return synapse

    def blacklist(synapse: Echo) -> Tuple[bool, str]:  # noqa: UP006
        return synapse.dendrite.hotkey == THIEF.ss58_address, "Unrecognized hotkey"

    class Wallet:
        hotkey = Keypair.create_from_uri("//AxonAlice")
        coldkeypub = hotkey

    axon = Axon(
        wallet=Wallet(), port=port, ip="127.0.0.1", external_ip="127.0.0.1", external_port=port
    )
    axon.attach(forward_fn=forward, blacklist_fn=blacklist)
    axon.start()
    print("ready", flush=True)
    while True:
        time.sleep(60)


def wallets(path):
    made = Wallet(name="sdk", hotkey="h1", path=path)
    made.create_new_hotkey(use_password=False, suppress=True)
    read = Wallet(name="rig", hotkey="default", path=path)
    return {
        "made": made.hotkey.ss58_address,
        "read": read.hotkey.ss58_address,
        "public": read.hotkeypub.ss58_address,
        "owner": read.coldkeypub.ss58_address,
    }


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        print(json.dumps(asyncio.run(listen(int(sys.argv[2]), sys.argv[3]))))
    elif sys.argv[1] == "wallet":
        print(json.dumps(wallets(sys.argv[2])))
    elif sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        port, hotkey, *cases = sys.argv[2:]
        print(json.dumps({case: asyncio.run(ask(int(port), hotkey, case)) for case in cases}))
