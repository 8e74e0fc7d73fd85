"""Who is let through an axon's door, over real TCP on loopback."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from miner import keys
from miner.axon import Axon, AxonLimits
from miner.dendrite import Dendrite
from miner.wire.buckets import Allowance, TokenBuckets
from miner.wire.door import DoorLimits
from miner.wire.legacy import sign_question
from miner.wire.refusal import NotAdmitted
from miner.wire.synapse import PING
from miner.wire.terminal import new_terminal
from miner.wire.visitor import house_of

ALICE, BOB = keys.from_uri("//Alice"), keys.from_uri("//Bob")
UNSIGNED = b"POST /Synapse HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def axon(**limits: object) -> AsyncIterator[tuple[Axon, int]]:
    """Serve nothing but pings, to everybody."""
    one = Axon(BOB, (), lambda _: None, limits=AxonLimits(door=DoorLimits(**limits)))
    port = await one.start("127.0.0.1", 0)
    try:
        yield one, port
    finally:
        await one.stop()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            while await reader.read(4096):
                pass
    return True


async def ping(port: int) -> int:
    dendrite = Dendrite(ALICE)
    try:
        return (await dendrite.ask(f"127.0.0.1:{port}", BOB.ss58, PING, {})).status
    finally:
        await dendrite.close()


async def test_header_that_never_ends_is_cut_off():
    async with axon(request_timeout_s=0.1) as (one, port):
        reader, writer = await connect(port)
        writer.write(b"POST /Synapse HTTP/1.1\r\nHost: a\r\n")

        assert await is_closed(reader)
        assert one.connections == 0


async def test_caller_that_says_nothing_is_cut_off():
    async with axon(request_timeout_s=0.1) as (one, port):
        reader, _ = await connect(port)

        assert await is_closed(reader)
        assert one.connections == 0


async def test_longest_waiting_stranger_gives_way_to_a_newcomer():
    async with axon(max_strangers_per_ip=2) as (one, port):
        oldest, _ = await connect(port)
        await connect(port)

        assert await ping(port) == 200
        assert await is_closed(oldest)
        assert one.connections <= 2


async def test_full_door_makes_room_among_strangers_and_spares_who_has_signed():
    async with axon(max_connections=2) as (_, port):
        known = Dendrite(ALICE)
        place = f"127.0.0.1:{port}"
        assert (await known.ask(place, BOB.ss58, PING, {})).status == 200
        stranger, _ = await connect(port)

        assert await ping(port) == 200
        assert await is_closed(stranger)
        assert (await known.ask(place, BOB.ss58, PING, {})).status == 200
        await known.close()


async def test_door_that_is_full_of_callers_lets_go_of_who_asked_longest_ago():
    async with axon(max_connections=2) as (one, port):
        place = f"127.0.0.1:{port}"
        callers = [Dendrite(ALICE) for _ in range(3)]
        for caller in callers:
            assert (await caller.ask(place, BOB.ss58, PING, {})).status == 200
        assert one.connections == 2
        for caller in callers:
            await caller.close()


async def test_key_of_one_s_own_making_proves_nothing():
    """A signature is cheap: only who may ask is spared the slowing down."""

    def admit(hotkey: str) -> None:
        raise NotAdmitted("Unrecognized hotkey")

    limits = DoorLimits(penalty_s=0.1, failures=Allowance(rate=0.001, burst_count=2))
    one = Axon(BOB, (), admit, limits=AxonLimits(door=limits))
    port = await one.start("127.0.0.1", 0)
    try:
        assert [await ping(port) for _ in range(2)] == [403, 403]
        heard = one.counts.requests
        answer, _ = await ask_unsigned(port)
        assert answer.startswith(b"HTTP/1.1 401")
        assert one.counts.requests == heard
    finally:
        await one.stop()


@pytest.mark.parametrize(
    ("ip", "house"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("?", "?"),
    ],
)
def test_addresses_of_one_customer_count_as_one(ip, house):
    assert house_of(ip) == house


async def ask_unsigned(port: int) -> tuple[bytes, float]:
    """Return the answer to an unsigned question, and how long it took."""
    reader, writer = await connect(port)
    began_s = time.monotonic()
    writer.write(UNSIGNED)
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer, time.monotonic() - began_s


async def test_address_that_floods_waits_and_those_who_sign_do_not():
    async with axon(penalty_s=0.1, failures=Allowance(rate=0.001, burst_count=2)) as (one, port):
        for _ in range(2):
            await ask_unsigned(port)
        heard = one.counts.requests

        answer, _ = await ask_unsigned(port)

        assert answer.startswith(b"HTTP/1.1 401")
        assert b"Connection: close" in answer
        assert one.counts.requests == heard  # turned away at the door
        assert await ping(port) == 200


async def test_signatures_of_a_tired_address_are_looked_at_now_and_then():
    limits = {
        "penalty_s": 0.1,
        "failures": Allowance(rate=0.001, burst_count=1),
        "trials": Allowance(rate=0.001, burst_count=1),
    }
    async with axon(**limits) as (_, port):
        await ask_unsigned(port)

        assert await ping(port) == 200
        assert await ping(port) == 503


async def test_forger_of_a_tired_address_hears_the_reason_alone():
    """Whole refusals are signed, which costs more than the forged signature did."""
    headers, body = sign_question(
        ALICE,
        PING,
        {},
        axon=new_terminal(ip="127.0.0.1", port=1, hotkey=ALICE.ss58),
        uuid="a",
        timeout_s=5.0,
        nonce_ns=time.time_ns(),
    )
    failures = Allowance(rate=0.001, burst_count=2)
    async with axon(penalty_s=0.1, failures=failures) as (_, port), ClientSession() as session:
        url = f"http://127.0.0.1:{port}/Synapse"
        answers = [await session.post(url, headers=headers, data=body) for _ in range(2)]
        said = [await one.json() for one in answers]

    assert [one.status for one in answers] == [401, 401]
    assert "bt_header_axon_signature" in answers[0].headers
    assert not [name for name in answers[1].headers if name.startswith("bt_header")]
    assert "Signature mismatch" in said[1]["message"]


async def test_garbage_counts_as_a_failure():
    async with axon(penalty_s=0.1, failures=Allowance(rate=0.001, burst_count=1)) as (one, port):
        reader, writer = await connect(port)
        writer.write(b"nonsense\r\n\r\n")
        assert await is_closed(reader)

        answer, _ = await ask_unsigned(port)

        assert answer.startswith(b"HTTP/1.1 401")
        assert one.counts.requests == 0


def test_bucket_gives_its_burst_then_its_rate():
    buckets = TokenBuckets(Allowance(rate=2.0, burst_count=3))

    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert buckets.is_empty("a", 0.4)
    assert [buckets.take("a", 0.5) for _ in range(2)] == [True, False]
    assert buckets.take("b", 0.5)


def test_buckets_remember_a_bounded_number_of_keys_and_forget_the_longest_unseen():
    buckets = TokenBuckets(Allowance(rate=0.0, burst_count=1), max_keys=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, 0.0)

    assert len(buckets) == 2
    assert not buckets.is_empty("b", 0.0)
    assert buckets.is_empty("a", 0.0)


@pytest.mark.parametrize("backwards_s", [-10.0, -0.1])
def test_clock_that_goes_backwards_fills_no_bucket(backwards_s):
    buckets = TokenBuckets(Allowance(rate=100.0, burst_count=1))
    buckets.take("a", 0.0)

    assert buckets.is_empty("a", backwards_s)
