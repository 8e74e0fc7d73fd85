"""Axon and dendrite over real TCP on loopback."""

import asyncio
import contextlib
import gzip
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from miner import keys
from miner.axon import Axon, AxonLimits, Service
from miner.dendrite import Dendrite, WireProtocol
from miner.subnets.echo import ECHO_STREAM, SERVICES
from miner.wire.btauth import sign_request
from miner.wire.buckets import Allowance
from miner.wire.legacy import sign_question
from miner.wire.mark import MarkUnusable
from miner.wire.refusal import ChallengeInvalid, NotAdmitted, NotServing
from miner.wire.synapse import PING, SynapseField, SynapseKind
from miner.wire.terminal import new_terminal

ALICE, BOB = keys.from_uri("//Alice"), keys.from_uri("//Bob")
STRANGER = keys.from_uri("//Eve")
ECHO = SynapseKind(name="echo", fields=(SynapseField(name="sun", kind="int", is_required=True),))
SING = SynapseKind(name="sing")


class Peer:
    """Bob's axon on loopback, and what its route was given."""

    def __init__(self, mark: Path | None = None, limits: AxonLimits | None = None) -> None:
        self.ahead_s = 0.0
        self.asked: list[object] = []
        self.is_off = False
        self.port = 0
        self.axon = Axon(
            BOB,
            (Service(kind=ECHO, answer=self._echo), *SERVICES["echo-stream"]),
            self._admit,
            limits=limits,
            mark=mark,
            clock_ns=lambda: time.time_ns() + int(self.ahead_s * 1e9),
        )

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


@contextlib.asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[Peer]:
    peer.port = await peer.axon.start("127.0.0.1", 0)
    try:
        yield peer
    finally:
        await peer.axon.stop()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving(Peer()) as one:
        yield one


@pytest.fixture
async def dendrite() -> AsyncIterator[Dendrite]:
    one = Dendrite(ALICE, timeout_s=2.0)
    yield one
    await one.close()


async def post_answer(peer: Peer, headers: dict[str, str], body: bytes = b"{}"):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{peer.endpoint}/echo", data=body, headers=headers) as response,
    ):
        await response.read()
        return response


async def post(peer: Peer, headers: dict[str, str], body: bytes) -> int:
    return (await post_answer(peer, headers, body)).status


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
    answer = await dendrite.ask(peer.endpoint, BOB.ss58, ECHO, {"sun": 1})

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


async def recorded(peer: Peer, protocol: WireProtocol) -> tuple[dict[str, str], bytes]:
    """Return a signed question that nobody has sent yet."""
    if protocol is WireProtocol.BTAUTH:
        return signed(b"{}"), b"{}"
    return sign_question(
        ALICE,
        ECHO,
        {"sun": 1},
        axon=new_terminal(ip="127.0.0.1", port=peer.port, hotkey=BOB.ss58),
        uuid="8084c23e-e53f-11f1-91e3-02fc00000001",
        timeout_s=5.0,
        nonce_ns=time.time_ns(),
    )


async def test_question_for_another_axon_is_refused(peer, dendrite):
    answer = await dendrite.ask(peer.endpoint, STRANGER.ss58, ECHO, {})

    assert (answer.status, answer.reason) == (401, "X-Bittensor-Receiver is not this axon's hotkey")


@pytest.mark.parametrize("protocol", WireProtocol)
async def test_restarted_axon_refuses_what_it_answered_before(tmp_path, protocol):
    mark = tmp_path / "axon.mark"
    async with serving(Peer(mark)) as peer:
        seen = await recorded(peer, protocol)
        assert await post(peer, *seen) == 200
    async with serving(Peer(mark)) as restarted:
        assert await post(restarted, *seen) == 401
        assert await post(restarted, *await recorded(restarted, protocol)) == 200


async def test_boot_of_the_machine_costs_two_seconds_of_silence(tmp_path):
    """A power cut may have lost the newest mark: nothing as old as it can have been is admitted."""
    mark = tmp_path / "axon.mark"
    mark.write_bytes(struct.pack("<Q16s", time.time_ns() - 60 * 10**9, b"another boot"))

    async with serving(Peer(mark)) as peer:
        assert await post(peer, signed(b"{}"), b"{}") == 401
        peer.ahead_s = 2.5
        assert (
            await post(peer, signed(b"{}", nonce_ns=time.time_ns() + 2_500_000_000), b"{}") == 200
        )


async def test_stranger_is_turned_away_after_its_signature_was_checked(peer):
    stranger = Dendrite(STRANGER)
    answer = await stranger.ask(peer.endpoint, BOB.ss58, ECHO, {})
    await stranger.close()

    assert (answer.status, answer.reason) == (403, "strangers may not ask")


async def test_axon_that_is_off_says_so(peer, dendrite):
    peer.is_off = True

    answer = await dendrite.ask(peer.endpoint, BOB.ss58, ECHO, {})
    assert (answer.status, answer.reason) == (503, "off")


async def test_unknown_route_is_not_found(peer, dendrite):
    assert (await dendrite.ask(peer.endpoint, BOB.ss58, SING, {})).status == 404


async def test_body_that_is_no_challenge_is_unprocessable(peer, dendrite):
    assert await post(peer, signed(b"{"), b"{") == 422
    assert (await dendrite.ask(peer.endpoint, BOB.ss58, ECHO, "nonsense")).status == 422


async def test_large_body_is_refused_unread(peer):
    body = b" " * 900_000

    assert await post(peer, signed(body), body) == 413
    assert peer.asked == []


async def test_silent_address_is_a_503_and_a_slow_one_a_408(dendrite, unused_port, slow_port):
    assert (await dendrite.ask(f"127.0.0.1:{unused_port}", BOB.ss58, ECHO, {})).status == 503
    dendrite_fast = Dendrite(ALICE, timeout_s=0.2)
    answer = await dendrite_fast.ask(f"127.0.0.1:{slow_port}", BOB.ss58, ECHO, {})
    await dendrite_fast.close()
    assert (answer.status, answer.data) == (408, None)


async def test_answer_without_end_is_cut_off(dendrite, flooding_port):
    answer = await dendrite.ask(f"127.0.0.1:{flooding_port}", BOB.ss58, ECHO, {})

    assert answer.status == 422
    assert "65536 bytes" in answer.reason


@pytest.mark.parametrize("protocol", WireProtocol)
async def test_both_protocols_are_answered_on_one_port(peer, dendrite, protocol):
    answer = await dendrite.ask(peer.endpoint, BOB.ss58, ECHO, {"sun": 1}, protocol=protocol)

    assert (answer.status, peer.asked) == (200, [{"sun": 1}])


@pytest.mark.parametrize("protocol", WireProtocol)
async def test_ping_is_answered_without_a_service(peer, dendrite, protocol):
    assert (await dendrite.ask(peer.endpoint, BOB.ss58, PING, {}, protocol=protocol)).status == 200


@pytest.mark.parametrize("protocol", WireProtocol)
async def test_stream_is_heard_piece_by_piece(peer, dendrite, protocol):
    pieces: list[bytes] = []

    answer = await dendrite.ask(
        peer.endpoint,
        BOB.ss58,
        ECHO_STREAM,
        {"prompt": "the sun is up"},
        protocol=protocol,
        hear=pieces.append,
    )

    assert (answer.status, answer.data) == (200, "echo:the sun is up")
    assert b"".join(pieces) == b"echo:the sun is up"


async def test_many_questions_at_once_are_all_answered_over_the_legacy_protocol(peer, dendrite):
    """An axon wants rising nonces of one uuid: the dendrite must not let its questions race."""
    answers = await asyncio.gather(
        *(
            dendrite.ask(peer.endpoint, BOB.ss58, ECHO, {"sun": n}, protocol=WireProtocol.LEGACY)
            for n in range(50)
        )
    )

    assert {answer.status for answer in answers} == {200}


async def test_hotkey_that_asks_too_often_is_told_to_wait(dendrite):
    limits = AxonLimits(per_hotkey=Allowance(rate=0.001, burst_count=2))

    async with serving(Peer(limits=limits)) as peer:
        ask = [await dendrite.ask(peer.endpoint, BOB.ss58, ECHO, {}) for _ in range(3)]
        other = await post_answer(peer, signed(b"{}"))

    assert [answer.status for answer in ask] == [200, 200, 503]
    assert (other.status, other.headers["Retry-After"]) == (503, "3")


async def test_compressed_body_is_not_unpacked(peer):
    body = gzip.compress(b"{}")

    assert await post(peer, {**signed(body), "Content-Encoding": "gzip"}, body) == 422


@pytest.mark.parametrize(
    "place",
    [
        "example.com:80",
        "127.0.0.1:8091@example.com:80",
        "127.0.0.1:80/admin?x=1",
        "169.254.169.254:80",
        "0.0.0.0:80",
        "[::ffff:169.254.169.254]:80",
        "127.0.0.1:0",
        "127.0.0.1:99999999",
        "127.0.0.1",
        "",
        "\r\nX: 1:80",
    ],
)
async def test_address_that_a_chain_should_not_name_is_not_asked(dendrite, place):
    answer = await dendrite.ask(place, BOB.ss58, ECHO, {"sun": 1})

    assert answer.status == 503
    assert "is no" in answer.reason or "has no port" in answer.reason


async def test_public_network_s_dendrite_leaves_the_local_one_alone(peer):
    public = Dendrite(ALICE, is_public_only=True)
    answer = await public.ask(peer.endpoint, BOB.ss58, ECHO, {"sun": 1})
    await public.close()

    assert (answer.status, peer.asked) == (503, [])


async def test_port_that_is_taken_is_said(peer):
    second = Peer()

    with pytest.raises(NotServing, match="choose another port"):
        await second.axon.start("127.0.0.1", peer.port)


def test_mark_that_cannot_be_kept_stops_the_axon(tmp_path):
    """Without it a restarted axon would admit old requests: better none."""
    with pytest.raises(MarkUnusable, match="would take old requests"):
        Peer(mark=tmp_path)


async def test_answer_that_takes_longer_than_its_caller_waits_is_a_408(dendrite):
    async def think(_: str, __: object) -> object:
        await asyncio.sleep(60)

    one = Axon(BOB, (Service(kind=ECHO, answer=think),), lambda _: None)
    port = await one.start("127.0.0.1", 0)
    try:
        headers, body = sign_question(
            ALICE,
            ECHO,
            {"sun": 1},
            axon=new_terminal(ip="127.0.0.1", port=port, hotkey=BOB.ss58),
            uuid="8084c23e-e53f-11f1-91e3-02fc00000001",
            timeout_s=0.2,
            nonce_ns=time.time_ns(),
        )
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/echo"
            async with session.post(url, data=body, headers=headers) as response:
                said = await response.json()
    finally:
        await one.stop()

    assert (response.status, said) == (408, {"message": "Response timeout after: 0.2s"})
    assert response.headers["bt_header_axon_status_code"] == "408"
