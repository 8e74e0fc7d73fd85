"""Our axon and dendrite against those of the SDKs that the network runs."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from miner import keys, wallets
from miner.axon import Axon, Service
from miner.dendrite import Answer, Dendrite, WireProtocol
from miner.subnets.echo import ECHO, SERVICES, answer
from miner.wire.btauth import sign_request
from miner.wire.refusal import NotAdmitted, NotServing
from miner.wire.synapse import SynapseKind
from tests.miner.interop.venvs import sdk_python, start_sdk
from tests.miner.stage import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ALICE, BOB = keys.from_uri("//AxonAlice"), keys.from_uri("//DendriteBob")
MALLORY = keys.from_uri("//Mallory")


class Peer:
    """Our axon with the test subnet."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.delay_s = 0.0
        self.port = 0
        self.axon = Axon(
            ALICE, (Service(kind=ECHO, answer=self._answer), *SERVICES["echo-stream"]), self._admit
        )

    def _admit(self, _: str) -> None:
        if self.refusal is not None:
            raise self.refusal

    async def _answer(self, hotkey: str, data: Any) -> Any:
        await asyncio.sleep(self.delay_s)
        return await answer(hotkey, data)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    one.port = await one.axon.start("127.0.0.1", 0)
    yield one
    await one.axon.stop()


async def sdk10_asks(peer: Peer, home: Path, *cases: str) -> dict[str, dict[str, Any]]:
    """Return what bittensor 10.5.0's dendrite made of our axon's answers, by case."""
    return await run("10.5.0", "sdk10.py", "ask", str(peer.port), ALICE.ss58, *cases, home=home)


async def run(version: str, script: str, *arguments: str, home: Path, stdin: str = "") -> Any:
    process = await asyncio.to_thread(start_sdk, version, script, *arguments, home=home)
    said, complained = await asyncio.to_thread(process.communicate, stdin, 60)
    assert process.returncode == 0, complained
    return json.loads(said.splitlines()[-1])


async def test_sdk10_dendrite_gets_from_our_axon_what_its_own_gives(peer, tmp_path):
    said = await sdk10_asks(
        peer,
        tmp_path,
        *("ok", "fresh_8s", "forged", "empty", "stale", "future", "replay", "unknown"),
    )

    assert {case: one["status"] for case, one in said.items()} == {
        "ok": 200,
        "fresh_8s": 200,
        "forged": 401,
        "empty": 401,
        "stale": 401,
        "future": 401,  # its own axon says 200
        "replay": 401,
        "unknown": 404,
    }
    assert said["ok"]["completion"] == "echo:hello solar"
    assert said["ok"]["is_success"]
    messages = {
        case: one["message"].removeprefix("Not Verified with error: ") for case, one in said.items()
    }
    assert messages["ok"] == "Success"
    assert messages["forged"].startswith("Signature mismatch with ")
    assert messages["empty"] == "Missing Signature"
    assert messages["stale"].startswith("Nonce is too old: acceptable delta is 9.00 seconds but")
    assert messages["replay"] == "Nonce is too old, a newer one was last processed"
    assert messages["unknown"] == (
        "Synapse name 'Nope' not found. Available synapses ['Synapse', 'Echo', 'EchoStream']"
    )
    assert said["forged"]["axon_signature"].startswith("0x")


async def test_sdk10_dendrite_understands_every_way_of_not_being_answered(peer, tmp_path):
    peer.refusal = NotAdmitted("Unrecognized hotkey")
    forbidden = (await sdk10_asks(peer, tmp_path, "ok"))["ok"]
    peer.refusal = NotServing("Solar deficit: paused")
    paused = (await sdk10_asks(peer, tmp_path, "ok"))["ok"]
    peer.refusal = None
    peer.delay_s = 2.0
    slow = (await sdk10_asks(peer, tmp_path, "slow"))["slow"]
    await peer.axon.stop()
    gone = (await sdk10_asks(peer, tmp_path, "ok"))["ok"]

    assert (forbidden["status"], forbidden["message"]) == (
        403,
        "Forbidden. Key is blacklisted: Unrecognized hotkey.",
    )
    assert (paused["status"], paused["message"]) == (503, "Solar deficit: paused")
    assert (slow["status"], slow["message"]) == (408, "Request timeout after 0.5 seconds")
    assert gone["status"] == 503


async def test_sdk10_dendrite_hears_our_stream(peer, tmp_path):
    said = await run("10.5.0", "sdk10.py", "listen", str(peer.port), ALICE.ss58, home=tmp_path)

    assert (said["status"], said["text"]) == (200, "echo:the sun is up")
    assert "".join(said["pieces"]) == "echo:the sun is up"


@pytest.mark.parametrize(("version", "script"), [("10.5.0", "sdk10.py"), ("11.3.0", "sdk11.py")])
async def test_sdks_and_we_read_each_other_s_wallets(tmp_path, version, script):
    home = tmp_path / "wallets"
    key = keys.generate()
    wallets.add_hotkey(home, "rig", "default", key, coldkey_ss58=BOB.ss58)

    said = await run(version, script, "wallet", str(home), home=tmp_path)

    made = wallets.open_hotkey(home, "sdk", "h1")
    assert said == {
        "made": made.ss58,
        "read": key.ss58,
        "public": key.ss58,
        "owner": BOB.ss58,
    }
    listed = wallets.list_wallets(home)
    assert [(one.name, one.hotkeys[0].ss58) for one in listed] == [
        ("rig", key.ss58),
        ("sdk", made.ss58),
    ]


@contextlib.asynccontextmanager
async def sdk10_axon(home: Path) -> AsyncIterator[int]:
    """Serve `Echo` by bittensor 10.5.0's own axon; give the port."""
    port = free_port()
    process = await asyncio.to_thread(
        start_sdk, "10.5.0", "sdk10.py", "serve", str(port), home=home
    )
    try:
        assert process.stdout is not None
        while "ready" not in (line := await asyncio.to_thread(process.stdout.readline)):
            assert line, process.stderr.read() if process.stderr else ""
        async with asyncio.timeout(20):
            while not await listens(port):
                await asyncio.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.communicate()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_our_dendrite_is_answered_by_the_axon_of_sdk10(tmp_path):
    async def ask(key: keys.Keypair, receiver: str, kind: SynapseKind = ECHO) -> Answer:
        dendrite = Dendrite(key)
        try:
            data = {"prompt": "hello solar"} if kind is ECHO else {}
            place = f"127.0.0.1:{port}"
            return await dendrite.ask(place, receiver, kind, data, protocol=WireProtocol.LEGACY)
        finally:
            await dendrite.close()

    async with sdk10_axon(tmp_path) as port:
        good = await ask(BOB, ALICE.ss58)
        blacklisted = await ask(MALLORY, ALICE.ss58)
        for_another = await ask(BOB, BOB.ss58)
        unknown = await ask(BOB, ALICE.ss58, SynapseKind(name="Nope"))

    assert (good.status, good.data["completion"]) == (200, "echo:hello solar")
    assert (blacklisted.status, blacklisted.reason) == (
        403,
        "Forbidden. Key is blacklisted: Unrecognized hotkey.",
    )
    assert for_another.status == 401
    assert unknown.status == 404


async def test_axon_of_sdk10_is_heard_by_whoever_does_not_know_what_it_speaks(tmp_path):
    dendrite = Dendrite(BOB)
    async with sdk10_axon(tmp_path) as port:
        said = [
            await dendrite.ask_either(f"127.0.0.1:{port}", ALICE.ss58, ECHO, {"prompt": "sun"})
            for _ in range(2)
        ]
    await dendrite.close()

    assert [(one.status, one.data["completion"]) for one in said] == [(200, "echo:sun")] * 2


async def test_sdk11_signs_for_our_axon(peer, tmp_path):
    body = '{"prompt": "hello solar"}'
    headers = await run("11.3.0", "sdk11.py", "sign", ALICE.ss58, "/Echo", body, home=tmp_path)

    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{peer.port}/Echo"
        async with session.post(url, data=body, headers=headers) as first:
            said = await first.json()
        async with session.post(url, data=body, headers=headers) as second:
            again = await second.json()

    assert (first.status, said) == (200, {"completion": "echo:hello solar"})
    assert (second.status, again) == (
        401,
        {"message": "Nonce is too old, a newer one was last processed"},
    )


async def test_sdk11_verifies_our_dendrite(tmp_path):
    # Where it has to be built first, a signature would grow stale meanwhile.
    await asyncio.to_thread(sdk_python, "11.3.0")

    async def verify(**changes: str) -> dict[str, str]:
        body = '{"prompt":"hello solar"}'
        headers = sign_request(
            BOB,
            method="POST",
            target="/Echo",
            body=body.encode(),
            receiver=ALICE.ss58,
            nonce_ns=time.time_ns(),
        )
        told = {"headers": headers, "body": body, "method": "POST", "path": "/Echo"}
        stdin = json.dumps({**told, "me": ALICE.ss58, **changes})
        return await run("11.3.0", "sdk11.py", "verify", home=tmp_path, stdin=stdin)

    assert await verify() == {"hotkey": BOB.ss58}
    assert (await verify(body="{}"))["error"].startswith("BadSignature")
    assert (await verify(me=BOB.ss58))["error"].startswith("WrongReceiver")
