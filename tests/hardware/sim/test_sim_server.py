"""The plant's Modbus server: words, or a named refusal, over real TCP."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from hardware.sim.server import ModbusServer, PortTaken, answer, show

IMAGE = {100: {800: 0x1234, 801: 7, 803: 9}}


def read(address: int, count: int, function: int = 3) -> bytes:
    return struct.pack(">BHH", function, address, count)


@pytest.mark.parametrize("function", [3, 4])
def test_words_come_back_in_order(function: int) -> None:
    assert answer(IMAGE, 100, read(800, 2, function)) == bytes(
        (function, 4, 0x12, 0x34, 0x00, 0x07)
    )


def test_span_that_touches_an_undefined_cell_is_refused_whole() -> None:
    assert answer(IMAGE, 100, read(800, 4)) == b"\x83\x02"


def test_unknown_unit_does_not_respond_behind_the_gateway() -> None:
    assert answer(IMAGE, 33, read(800, 1)) == b"\x83\x0b"


def test_writes_are_not_a_function() -> None:
    assert answer(IMAGE, 100, struct.pack(">BHH", 6, 800, 1)) == b"\x86\x01"


@pytest.mark.parametrize("count", [0, 126])
def test_too_many_or_no_words_are_an_illegal_value(count: int) -> None:
    assert answer(IMAGE, 100, read(800, count)) == b"\x83\x03"


def test_short_request_is_an_illegal_value() -> None:
    assert answer(IMAGE, 100, b"\x03\x03\x20") == b"\x83\x03"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = ModbusServer(show(lambda: IMAGE))
    yield await server.start("127.0.0.1", 0)
    await server.close()


async def test_reply_carries_transaction_and_unit(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(bytes.fromhex("beef 0000 0006 64") + read(800, 1))

    reply = await asyncio.wait_for(reader.readexactly(11), 5)

    writer.close()
    assert reply == bytes.fromhex("beef 0000 0005 64 03 02 1234")


async def test_two_requests_in_one_packet_get_two_replies(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(struct.pack(">HHHB", n, 0, 6, 100) + read(801, 1) for n in (1, 2)))

    reply = await asyncio.wait_for(reader.readexactly(22), 5)

    writer.close()
    assert (reply[:2], reply[11:13]) == (b"\x00\x01", b"\x00\x02")


async def test_what_is_not_modbus_is_hung_up_on(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")

    # The rest of the text was never read, so the kernel may hang up hard.
    try:
        left = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        left = b""

    writer.close()
    assert left == b""


async def test_port_in_use_is_a_sentence(port: int) -> None:
    second = ModbusServer(show(lambda: IMAGE))

    with pytest.raises(PortTaken, match=f"cannot serve Modbus on 127.0.0.1:{port}: .*another port"):
        await second.start("127.0.0.1", port)

    await second.close()
