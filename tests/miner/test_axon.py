"""Axon and dendrite over real TCP on loopback."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from miner import keys
from miner.axon import Axon, ChallengeInvalid, NotAdmitted, NotServing
from miner.dendrite import Dendrite
from miner.wire.btauth import sign_request

ALICE, BOB = keys.from_uri("//Alice"), keys.from_uri("//Bob")
STRANGER = keys.from_uri("//Eve")


class Times:
    """A clock of nanoseconds that can be moved."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> int:
        return time.time_ns() + int(self.ahead_s * 1e9)


class Peer:
    """Bob's axon on loopback, warmed up, and what its route was given."""

    def __init__(self) -> None:
        self.times = Times()
        self.times.ahead_s = -5.0
        self.asked: list[object] = []
        self.axon = Axon(BOB.ss58, {"echo": self._echo}, self._admit, self.times)
        self.times.ahead_s = 0.0
        self.is_off = False
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def _echo(self, hotkey: str, data: object) -> object:
        self.asked.append(data)
        if data == "nonsense":
            raise ChallengeInvalid("this is nonsense")
        return {"echo": data, "caller": hotkey}

    def _admit(self, hotkey: str) -> None:
        if self.is_off:
            raise NotServing("off")
        if hotkey == STRANGER.ss58:
            raise NotAdmitted("strangers may not ask")


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    one.port = await one.axon.start("127.0.0.1", 0)
    yield one
    await one.axon.stop()


@pytest.fixture
async def dendrite() -> AsyncIterator[Dendrite]:
    one = Dendrite(ALICE, timeout_s=2.0)
    yield one
    await one.close()


async def post(peer: Peer, headers: dict[str, str], body: bytes, route: str = "echo") -> int:
    url = f"http://{peer.endpoint}/{route}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as response,
    ):
        await response.read()
        return response.status


def signed(body: bytes, *, nonce_ns: int | None = None, target: str = "/echo") -> dict[str, str]:
    return sign_request(
        ALICE,
        method="POST",
        target=target,
        body=body,
        receiver=BOB.ss58,
        nonce_ns=nonce_ns or time.time_ns(),
    )


async def test_signed_question_is_answered(peer, dendrite):
    answer = await dendrite.ask(peer.endpoint, BOB.ss58, "echo", {"sun": 1})

    assert (answer.status, answer.data) == (200, {"echo": {"sun": 1}, "caller": ALICE.ss58})
    assert (peer.axon.counts.requests, peer.axon.counts.answered) == (1, 1)


async def test_forged_question_is_refused_and_its_body_never_parsed(peer):
    headers = signed(b'{"sun": 1}')

    assert await post(peer, headers, b'{"sun": 2}') == 401
    assert await post(peer, {}, b"{}") == 401
    assert peer.asked == []


async def test_replayed_question_is_refused(peer):
    headers = signed(b"{}")

    assert await post(peer, headers, b"{}") == 200
    assert await post(peer, headers, b"{}") == 401


async def test_question_from_the_future_is_refused(peer):
    headers = signed(b"{}", nonce_ns=time.time_ns() + 3600 * 10**9)

    assert await post(peer, headers, b"{}") == 401


async def test_question_for_another_axon_is_refused(peer, dendrite):
    answer = await dendrite.ask(peer.endpoint, STRANGER.ss58, "echo", {})

    assert (answer.status, answer.reason) == (401, "X-Bittensor-Receiver is not this axon's hotkey")


async def test_restarted_axon_lets_nobody_in_until_old_questions_are_stale(peer, dendrite):
    peer.axon = Axon(BOB.ss58, {"echo": peer._echo}, peer._admit, peer.times)
    peer.port = await peer.axon.start("127.0.0.1", 0)

    try:
        assert (await dendrite.ask(peer.endpoint, BOB.ss58, "echo", {})).status == 503
        peer.times.ahead_s = 2.5
        assert await post(peer, signed(b"{}", nonce_ns=peer.times()), b"{}") == 200
    finally:
        await peer.axon.stop()


async def test_stranger_is_turned_away_after_its_signature_was_checked(peer):
    stranger = Dendrite(STRANGER)
    answer = await stranger.ask(peer.endpoint, BOB.ss58, "echo", {})
    await stranger.close()

    assert (answer.status, answer.reason) == (403, "strangers may not ask")


async def test_axon_that_is_off_says_so(peer, dendrite):
    peer.is_off = True

    answer = await dendrite.ask(peer.endpoint, BOB.ss58, "echo", {})
    assert (answer.status, answer.reason) == (503, "off")


async def test_unknown_route_is_not_found(peer, dendrite):
    assert (await dendrite.ask(peer.endpoint, BOB.ss58, "sing", {})).status == 404


async def test_body_that_is_no_challenge_is_unprocessable(peer, dendrite):
    assert await post(peer, signed(b"{"), b"{") == 422
    assert (await dendrite.ask(peer.endpoint, BOB.ss58, "echo", "nonsense")).status == 422


async def test_large_body_is_refused_unread(peer):
    body = b" " * 900_000

    assert await post(peer, signed(body), body) == 413
    assert peer.asked == []


async def test_silent_address_is_a_503_and_a_slow_one_a_408(dendrite, unused_port, slow_port):
    assert (await dendrite.ask(f"127.0.0.1:{unused_port}", BOB.ss58, "echo", {})).status == 503
    dendrite_fast = Dendrite(ALICE, timeout_s=0.2)
    answer = await dendrite_fast.ask(f"127.0.0.1:{slow_port}", BOB.ss58, "echo", {})
    await dendrite_fast.close()
    assert (answer.status, answer.data) == (408, None)


async def test_answer_without_end_is_cut_off(dendrite, flooding_port):
    answer = await dendrite.ask(f"127.0.0.1:{flooding_port}", BOB.ss58, "echo", {})

    assert answer.status == 422
    assert "65536 bytes" in answer.reason
