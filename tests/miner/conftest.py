"""Peers that misbehave, on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.miner.stage import free_port


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
async def slow_port() -> AsyncIterator[int]:
    """A server that takes the question and never answers."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def flooding_port() -> AsyncIterator[int]:
    """A server that answers 200 with far more than anybody wants."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n")
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                writer.write(b" " * 65536)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
