"""The other end of the line: a real pymodbus server, and a peer that misbehaves on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hardware.modbus.limits import LinkLimits

QUICK = LinkLimits(timeout_s=0.6, busy_wait_s=0.01, min_interval_s=0.0)
"""Limits of a test: nobody waits for seconds."""

Registers = Mapping[int, list[int]]
"""First address → words; what is not named is refused as illegal address."""

Action = Callable[[int, int, int, int, list[int], object], Awaitable[ExcCodes | None]]


@contextlib.asynccontextmanager
async def serve(
    units: Mapping[int, Registers], action: Action | None = None, port: int = 0
) -> AsyncIterator[int]:
    """Serve registers by unit with pymodbus' own server; yield its port, a free one by default."""
    devices = [
        SimDevice(
            id=unit,
            simdata=[
                SimData(address, values=words, datatype=DataType.REGISTERS)
                for address, words in sorted(registers.items())
            ],
            action=action,
        )
        for unit, registers in units.items()
    ]
    server = ModbusTcpServer(devices, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()
        await asyncio.sleep(0)


@dataclass
class Request:
    """What a client asked."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int

    def frame(
        self,
        words: Iterable[int],
        *,
        transaction: int | None = None,
        unit: int | None = None,
        function: int | None = None,
    ) -> bytes:
        """Return the answer with these words, wrong where the test says so."""
        data = b"".join(word.to_bytes(2, "big") for word in words)
        pdu = bytes([self.function if function is None else function, len(data)]) + data
        return self.wrap(pdu, transaction=transaction, unit=unit)

    def refusal(self, code: int) -> bytes:
        """Return the answer with an exception code."""
        return self.wrap(bytes([self.function | 0x80, code]))

    def wrap(self, pdu: bytes, *, transaction: int | None = None, unit: int | None = None) -> bytes:
        """Return a PDU in its MBAP header."""
        number = self.transaction if transaction is None else transaction
        head = number.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big")
        return head + bytes([self.unit if unit is None else unit]) + pdu


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ChaosPeer:
    """Answers each request by the next line of its script; the last line holds for ever."""

    script: list[Answer]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(12)
                numbers = [int.from_bytes(head[at : at + 2], "big") for at in (0, 8, 10)]
                request = Request(numbers[0], head[6], head[7], numbers[1], numbers[2])
                self.requests.append(request)
                answer = self.script[min(len(self.requests), len(self.script)) - 1]
                await answer(request, writer)
        writer.close()


@contextlib.asynccontextmanager
async def misbehave(*script: Answer) -> AsyncIterator[tuple[ChaosPeer, int]]:
    """Serve a script; yield the peer and its port."""
    peer = ChaosPeer(list(script))
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0)
    try:
        yield peer, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


def say(*words: int, **wrong: int) -> Answer:
    """Answer with words; `transaction_off`, `unit` and `function` make the answer wrong."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        off = wrong.get("transaction_off", 0)
        writer.write(
            request.frame(
                words,
                transaction=wrong.get("transaction", request.transaction + off),
                unit=wrong.get("unit"),
                function=wrong.get("function"),
            )
        )

    return answer


def refuse(code: int) -> Answer:
    """Answer with an exception code."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(request.refusal(code))

    return answer


async def stay_silent(request: Request, writer: asyncio.StreamWriter) -> None:
    """Answer nothing."""


async def hang_up(request: Request, writer: asyncio.StreamWriter) -> None:
    """Close instead of answering."""
    writer.close()


async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
    """Reset the connection instead of answering."""
    writer.transport.abort()
