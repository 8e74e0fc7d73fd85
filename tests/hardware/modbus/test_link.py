"""The link believes an answer only where transaction, unit, function and length are right."""

import asyncio
import socket
import time

import pytest
from modbus_peers import (
    QUICK,
    Request,
    hang_up,
    misbehave,
    refuse,
    reset,
    say,
    serve,
    stay_silent,
)

from hardware.modbus.address import TcpAddress
from hardware.modbus.errors import (
    DeviceDesync,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
)
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink


async def read_one(port: int, limits: LinkLimits = QUICK, unit: int = 7) -> tuple[int, ...]:
    link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), limits)
    try:
        return await link.read(unit, 3, 100, 2)
    finally:
        await link.close()


async def test_words_of_a_real_server_arrive():
    async with serve({7: {100: [11, 22, 33]}}) as port:
        assert await read_one(port) == (11, 22)


async def test_input_registers_are_read_with_function_4():
    async with misbehave(say(5)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        assert await link.read(1, 4, 30, 1) == (5,)
        await link.close()

    assert peer.requests[0].function == 4


async def test_refused_connection_asks_whether_modbus_is_enabled():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(DeviceUnreachable, match="is Modbus TCP enabled") as caught:
        await read_one(port)

    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "Another client may hold it" in str(caught.value)


async def test_unknown_host_is_told_by_name():
    link = ModbusLink(TcpAddress(host="no-such-inverter.invalid"), QUICK)

    with pytest.raises((DeviceUnreachable, DeviceTimeout), match=r"no-such-inverter\.invalid"):
        await link.read(1, 3, 0, 1)


async def test_silence_times_out_and_ends_the_connection():
    async with misbehave(stay_silent, say(1, 2)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        with pytest.raises(DeviceTimeout, match="unit 7: no answer to registers 100–101"):
            await link.read(7, 3, 100, 2)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await link.close()

    assert peer.connections == 2


async def test_late_answer_is_never_taken_for_the_next_one():
    async def answer_late(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(request.frame((66, 66)))

    limits = LinkLimits(timeout_s=0.1)
    async with misbehave(answer_late, say(1, 2)) as (_, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), limits)
        with pytest.raises(DeviceTimeout):
            await link.read(7, 3, 100, 2)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await link.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (say(1, 2, transaction_off=1), "answered transaction"),
        (say(1, 2, transaction_off=-1), "answered transaction"),
        (say(1, 2, transaction=0), "answered transaction 0"),
        (say(1, 2, unit=8), "unit 8 answered in its place"),
        (say(1, 2, function=4), "answered function 4 instead of 3"),
        (say(1), "sent 5 bytes where 7"),
        (say(1, 2, 3), "sent 9 bytes where 7"),
    ],
)
async def test_foreign_answer_is_a_desync_and_ends_the_connection(answer, fault):
    async with misbehave(answer, say(1, 2)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        with pytest.raises(DeviceDesync, match=fault):
            await link.read(7, 3, 100, 2)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await link.close()

    assert peer.connections == 2


async def test_answer_with_a_second_frame_behind_it_is_not_believed():
    async def replay(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(request.frame((1, 2)) + request.frame((1, 2)))

    async with misbehave(replay) as (_, port):
        with pytest.raises(DeviceDesync, match="13 bytes more than its answer"):
            await read_one(port)


async def test_wrong_byte_count_in_a_frame_of_right_length_is_a_desync():
    async def lie(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(request.wrap(bytes([3, 2, 0, 1, 0, 2])))

    async with misbehave(lie) as (_, port):
        with pytest.raises(DeviceDesync, match="announced 2 bytes"):
            await read_one(port)


async def test_protocol_that_is_not_modbus_is_a_desync():
    async def greet(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n")

    async with misbehave(greet) as (_, port):
        with pytest.raises(DeviceDesync, match="not Modbus TCP"):
            await read_one(port)


async def test_bytes_that_nobody_asked_for_end_the_connection():
    async def chatter(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(request.frame((1, 2)))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(request.frame((3, 4)))

    async with misbehave(chatter, say(5, 6)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await asyncio.sleep(0.05)
        assert await link.read(7, 3, 100, 2) == (5, 6)
        await link.close()

    assert peer.connections == 2


async def test_answer_that_drips_in_byte_by_byte_is_whole():
    async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
        for byte in request.frame((515, 65535)):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.002)

    async with misbehave(drip) as (_, port):
        assert await read_one(port) == (515, 65535)


@pytest.mark.parametrize("ending", [hang_up, reset])
async def test_hung_up_line_fails_at_once_and_not_after_the_timeout(ending):
    patient = LinkLimits(timeout_s=30.0)

    async with misbehave(ending) as (_, port):
        started = time.monotonic()
        with pytest.raises(DeviceUnreachable, match="is another one connected"):
            await read_one(port, patient)

    assert time.monotonic() - started < 10


async def test_line_hung_up_after_answers_does_not_blame_another_client():
    async with misbehave(say(1, 2), hang_up) as (_, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        await link.read(7, 3, 100, 2)
        with pytest.raises(DeviceUnreachable, match="closed the connection while it was asked"):
            await link.read(7, 3, 100, 2)
        await link.close()


async def test_line_hung_up_between_two_questions_is_opened_again():
    async def answer_and_leave(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(request.frame((1, 2)))
        writer.close()

    async with misbehave(answer_and_leave, say(3, 4)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await asyncio.sleep(0.02)
        assert await link.read(7, 3, 100, 2) == (3, 4)
        assert link.connects == 2
        await link.close()

    assert peer.connections == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "illegal function"),
        (2, "illegal data address"),
        (4, "device failure"),
        (6, "device busy"),
        (0x55, "unknown to the standard"),
    ],
)
async def test_refusal_names_the_exception_and_keeps_the_connection(code, words):
    async with misbehave(refuse(code), say(1, 2)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        with pytest.raises(DeviceRefused, match=f"exception {code}, {words}") as caught:
            await link.read(7, 3, 100, 2)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await link.close()

    assert caught.value.code == code
    assert peer.connections == 1


async def test_missing_unit_behind_a_gateway_says_so():
    async with misbehave(refuse(0x0B)) as (_, port):
        with pytest.raises(DeviceRefused, match="no unit 7 behind it") as caught:
            await read_one(port)

    assert "gateway target did not respond" in str(caught.value)


async def test_two_units_never_have_two_questions_on_the_line():
    open_questions = 0
    most = 0

    async def answer_slowly(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal open_questions, most
        open_questions += 1
        most = max(most, open_questions)
        await asyncio.sleep(0.01)
        open_questions -= 1
        writer.write(request.frame((request.unit, 0)))

    async with misbehave(answer_slowly) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        replies = await asyncio.gather(*(link.read(unit, 3, 0, 2) for unit in (1, 2, 3)))
        await link.close()

    assert replies == [(1, 0), (2, 0), (3, 0)]
    assert most == 1
    assert peer.connections == 1


async def test_questions_keep_the_gap_that_the_device_wants():
    at: list[float] = []

    async def stamp(request: Request, writer: asyncio.StreamWriter) -> None:
        at.append(time.monotonic())
        writer.write(request.frame((0, 0)))

    limits = LinkLimits(timeout_s=1.0, connect_delay_s=0.05, request_gap_s=0.03)
    async with misbehave(stamp) as (_, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), limits)
        started = time.monotonic()
        for _ in range(3):
            await link.read(7, 3, 100, 2)
        await link.close()

    assert at[0] - started >= 0.05
    assert at[1] - at[0] >= 0.03
    assert at[2] - at[1] >= 0.03


async def test_cancelled_question_does_not_leave_its_answer_on_the_line():
    async def answer_late(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(request.frame((66, 66)))

    async with misbehave(answer_late, say(1, 2)) as (_, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await link.read(7, 3, 100, 2)
        assert await link.read(7, 3, 100, 2) == (1, 2)
        await link.close()
