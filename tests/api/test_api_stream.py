"""Server-sent events over a real unix socket."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

from api_values import VIEW, Desk, serving

from solard.api.stream import StreamTerms


async def open_stream(
    path: Path, *headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for the stream without an HTTP library, and return it after its header."""
    reader, writer = await asyncio.open_unix_connection(path, limit=2**20)
    lines = ("GET /v1/stream HTTP/1.1", "Host: solard", *headers, "", "")
    writer.write("\r\n".join(lines).encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def read_until(reader: asyncio.StreamReader, text: str) -> str:
    async with asyncio.timeout(10):
        got = b""
        while text.encode() not in got:
            got += await reader.readline()
        return got.decode()


async def test_a_stream_starts_with_the_newest_picture_and_gets_each_new_one(
    tmp_path: Path,
) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path)
        first = await read_until(reader, '"seq":7')
        await desk.publish(8)
        await read_until(reader, '"seq":8')
        writer.close()

    assert "event: status\nid: 7\ndata: {" in first


async def test_a_client_that_comes_back_gets_only_what_is_new(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path, "Last-Event-ID: 7")
        await desk.publish(8)
        got = await read_until(reader, "data:")
        writer.close()

    assert "id: 8" in got


async def test_a_client_of_an_earlier_daemon_starts_anew(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path, "Last-Event-ID: 900")
        await read_until(reader, "id: 7")
        writer.close()


async def test_a_quiet_stream_says_that_it_is_alive(tmp_path: Path) -> None:
    terms = StreamTerms(keepalive_s=0.05)
    async with serving(tmp_path, Desk(), stream_terms=terms) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path)
        await read_until(reader, ": still here")
        writer.close()


async def test_a_client_that_does_not_read_is_dropped_and_others_go_on(tmp_path: Path) -> None:
    long_events = (replace(VIEW.events[0], text="x" * 500_000),)
    desk = Desk()
    async with serving(tmp_path, desk, stream_terms=StreamTerms(write_s=0.2)) as caller:
        assert caller.socket_path is not None
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(str(caller.socket_path))
        deaf.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: solard\r\n\r\n")
        reader, writer = await open_stream(caller.socket_path)
        for seq in range(8, 12):
            await desk.publish(seq, events=long_events)
            await read_until(reader, f'"seq":{seq}')
            await asyncio.sleep(0.15)
        writer.close()
        heard = await asyncio.to_thread(hear_all, deaf)

    assert b"id: 7" in heard
    assert b"id: 11" not in heard


def hear_all(link: socket.socket) -> bytes:
    """Read to the end: it comes only because the server cut the connection off."""
    link.settimeout(10)
    with link, link.makefile("rb") as stream:
        return stream.read()


async def test_there_is_an_end_to_how_many_may_listen(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), stream_terms=StreamTerms(streams=1)) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path)
        await read_until(reader, "data:")
        second = await caller.get("/v1/stream")
        writer.close()

    assert (second.status, second.error) == (503, "1 streams are open already: close one")


async def test_closing_the_server_ends_its_streams_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        assert caller.socket_path is not None
        reader, writer = await open_stream(caller.socket_path)
        await read_until(reader, "data:")

    async with asyncio.timeout(1.5):
        await reader.read()
    writer.close()
