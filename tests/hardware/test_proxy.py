"""Others read our device through us: fresh or asked in between, never written, never in our way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient

from hardware.modbus.address import TcpAddress
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.memory import RememberingLink
from hardware.proxy import ModbusProxy
from tests.hardware.modbus.modbus_peers import (
    ChaosPeer,
    Request,
    misbehave,
    refuse,
    say,
    stay_silent,
)


@contextlib.asynccontextmanager
async def shared(
    *script: object, fresh_s: float = 60.0, timeout_s: float = 0.5
) -> AsyncIterator[tuple[ChaosPeer, RememberingLink, int]]:
    """A device, our link to it and a proxy on a free port."""
    async with misbehave(*script) as (peer, port):
        limits = LinkLimits(timeout_s=timeout_s)
        link = RememberingLink(ModbusLink(TcpAddress(host="127.0.0.1", port=port), limits))
        proxy = ModbusProxy(link, "127.0.0.1", 0, fresh_s=fresh_s)
        task = asyncio.create_task(proxy.run())
        while not proxy.port:
            await asyncio.sleep(0)
        try:
            yield peer, link, proxy.port
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await link.close()


@contextlib.asynccontextmanager
async def client(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    """A program of somebody else's."""
    one = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, reconnect_delay=0)
    assert await one.connect()
    try:
        yield one
    finally:
        one.close()


async def count_up(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer each word with its own address."""
    writer.write(request.frame(range(request.address, request.address + request.count)))


async def test_words_of_our_last_poll_are_served_without_a_question():
    async with shared(count_up) as (peer, link, port), client(port) as other:
        await link.read(1, 3, 100, 10)
        reply = await other.read_holding_registers(102, count=3, device_id=1)

    assert reply.registers == [102, 103, 104]
    assert len(peer.requests) == 1


async def test_other_words_are_asked_for_on_our_connection():
    async with shared(count_up) as (peer, link, port), client(port) as other:
        await link.read(1, 3, 100, 10)
        reply = await other.read_input_registers(108, count=4, device_id=1)

    assert reply.registers == [108, 109, 110, 111]
    assert [request.function for request in peer.requests] == [3, 4]
    assert peer.connections == 1


async def test_words_that_have_aged_are_asked_for_again():
    async with shared(say(5), say(6), fresh_s=0.0) as (_, link, port), client(port) as other:
        await link.read(1, 3, 100, 1)
        await asyncio.sleep(0.01)
        reply = await other.read_holding_registers(100, count=1, device_id=1)

    assert reply.registers == [6]


async def test_writes_are_refused_and_never_reach_the_device():
    async with shared(count_up) as (peer, _, port), client(port) as other:
        replies = [
            await other.write_register(100, 7, device_id=1),
            await other.write_registers(100, [7, 8], device_id=1),
            await other.write_coil(1, True, device_id=1),
        ]

    assert [reply.exception_code for reply in replies] == [1, 1, 1]
    assert peer.requests == []


async def test_refusal_of_the_device_is_passed_on():
    async with shared(refuse(2)) as (_, _, port), client(port) as other:
        reply = await other.read_holding_registers(9, count=1, device_id=1)

    assert reply.exception_code == 2


async def test_silence_is_told_as_such_and_the_same_question_costs_no_second_wait():
    async with shared(stay_silent, timeout_s=0.05) as (peer, _, port), client(port) as other:
        codes = [
            (await other.read_holding_registers(9, count=1, device_id=5)).exception_code
            for _ in range(3)
        ]

    assert codes == [11, 11, 11]
    assert len(peer.requests) == 1


async def test_device_that_is_away_is_told_as_no_path():
    async with shared(count_up) as (_, link, _):
        link._link._address = TcpAddress(host="127.0.0.1", port=1)
        answer = await ModbusProxy(link, "127.0.0.1", 0).respond(1, b"\x03\0\0\0\1")

    assert answer == b"\x83\x0a"


async def test_greedy_clients_get_at_most_every_second_question():
    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.002)
        await count_up(request, writer)

    async with shared(slow, fresh_s=0.0) as (peer, link, port), contextlib.AsyncExitStack() as all_:
        others = [await all_.enter_async_context(client(port)) for _ in range(4)]

        async def hammer(one: AsyncModbusTcpClient) -> None:
            while True:
                await one.read_holding_registers(7, count=1, device_id=2)

        tasks = [asyncio.create_task(hammer(one)) for one in others]
        await asyncio.sleep(0.05)
        first = len(peer.requests)
        for _ in range(20):
            await link.read(1, 3, 100, 2)
        units = [request.unit for request in peer.requests[first:]]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert units.count(1) == 20
    assert units.count(2) <= 21


async def test_taken_port_is_told_once_tried_again_and_harms_nobody():
    told: list[tuple[str, str]] = []
    blocker = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = blocker.sockets[0].getsockname()[1]
    async with shared(count_up) as (_, link, _):
        tell = lambda sentence, level: told.append((level, sentence))  # noqa: E731
        proxy = ModbusProxy(link, "127.0.0.1", port, retry_s=0.01, tell=tell)
        task = asyncio.create_task(proxy.run())
        await asyncio.sleep(0.05)
        assert await link.read(1, 3, 5, 1) == (5,)
        blocker.close()
        await blocker.wait_closed()
        await asyncio.sleep(0.05)
        async with client(port) as other:
            assert (await other.read_holding_registers(5, count=1, device_id=1)).registers == [5]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert [level for level, _ in told] == ["warning", "info"]
    assert "is not shared: cannot serve Modbus on" in told[0][1]
    assert f"is shared on 127.0.0.1:{port} now" in told[1][1]


@given(st.binary(min_size=1, max_size=253), st.integers(0, 255))
@settings(max_examples=200)
def test_whatever_a_client_sends_gets_an_answer_and_never_a_write(request: bytes, unit: int):
    asked: list[tuple[int, int, int, int]] = []

    class Line:
        name, connects = "line", 1

        async def read(self, *question: int) -> tuple[int, ...]:
            asked.append(question)
            return (0,) * question[3]

    async def ask() -> bytes:
        return await ModbusProxy(RememberingLink(Line()), "127.0.0.1", 0).respond(unit, request)

    reply = asyncio.run(ask())
    assert reply[0] & 0x7F == request[0] & 0x7F
    assert all(function in (3, 4) and 1 <= count <= 125 for _, function, _, count in asked)
