"""A Modbus device that can do to its reader whatever real ones have done, on a real socket.

It serves registers honestly. `next(fault)` lets its next answers go wrong in one of the ways below;
registers may be changed, frozen or taken away at any time.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import cycle

from hardware.modbus.question import rtu_checksum

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, BUSY, NO_ANSWER = 1, 2, 6, 11


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int


Fault = Callable[["ChaosDevice", Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class ChaosDevice:
    """Units with registers, and what is to go wrong next."""

    units: dict[int, dict[int, int]]
    rtu: bool = False
    clients: int | None = None
    """How many it serves at once; one more is hung up on. None = any number."""
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    faults: deque[Fault] = field(default_factory=deque)
    always: Fault | None = None
    """What goes wrong with every answer that has no fault of its own."""
    port: int = 0
    connected_s: float = 0.0
    """When the newest connection came, in the loop's seconds."""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _late: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def next(self, *faults: Fault) -> None:
        """Let the next answers go wrong, one by one."""
        self.faults.extend(faults)

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Vanish: the port refuses, and every connection is reset."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._late):
            task.cancel()
        for writer in tuple(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None
        await asyncio.sleep(0)

    async def is_left(self) -> None:
        """Wait until nobody is connected any more."""
        while self._writers:
            await asyncio.sleep(0.001)

    def hang_up(self) -> None:
        """Close every connection, as gateways do with idle ones."""
        for writer in tuple(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.connected_s = asyncio.get_running_loop().time()
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while self.clients is None or len(self._writers) <= self.clients:
                head = await reader.readexactly(8 if self.rtu else 12)
                at = 0 if self.rtu else 6
                number = 0 if self.rtu else int.from_bytes(head[:2], "big")
                address, count = (
                    int.from_bytes(head[at + 2 * n : at + 2 + 2 * n], "big") for n in (1, 2)
                )
                asked = Asked(number, head[at], head[at + 1], address, count)
                self.asked.append(asked)
                fault = self.faults.popleft() if self.faults else self.always or honest
                await fault(self, asked, writer)
        self._writers.discard(writer)
        writer.close()

    def pdu(self, asked: Asked) -> bytes:
        """Return the honest answer."""
        registers = self.units.get(asked.unit)
        if registers is None:
            return bytes([asked.function | 0x80, NO_ANSWER])
        if asked.function not in (3, 4):
            return bytes([asked.function | 0x80, ILLEGAL_FUNCTION])
        words = [registers.get(at) for at in range(asked.address, asked.address + asked.count)]
        known = [word for word in words if word is not None]
        if len(known) < len(words):
            return bytes([asked.function | 0x80, ILLEGAL_ADDRESS])
        return pack(asked.function, known)

    def frame(
        self, asked: Asked, pdu: bytes, *, transaction: int | None = None, unit: int | None = None
    ) -> bytes:
        """Wrap an answer, with a wrong number or unit where the fault wants one."""
        body = bytes([asked.unit if unit is None else unit]) + pdu
        if self.rtu:
            return body + rtu_checksum(body)
        number = asked.transaction if transaction is None else transaction
        return (number & 0xFFFF).to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(2, "big") + body

    def later(self, after_s: float, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Send bytes after a while, whatever happens until then."""

        async def send() -> None:
            await asyncio.sleep(after_s)
            with contextlib.suppress(OSError):
                writer.write(data)

        task = asyncio.create_task(send())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def to_all(self, data: bytes) -> None:
        """Send bytes that nobody asked for, as another master's traffic is."""
        for writer in tuple(self._writers):
            writer.write(data)


def pack(function: int, words: Iterable[int]) -> bytes:
    """Return the answer that carries words."""
    data = b"".join(word.to_bytes(2, "big") for word in words)
    return bytes([function, len(data)]) + data


async def honest(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer as a good device."""
    writer.write(device.frame(asked, device.pdu(asked)))


async def silent(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer nothing and stay connected: half open, or asleep."""


def half_open(device: ChaosDevice) -> Fault:
    """Let the connections of now hear nothing more, and serve new ones."""
    dead = set(device._writers)

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if writer not in dead:
            await honest(device, asked, writer)

    return fault


async def cut(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Send half of the answer, and close."""
    frame = device.frame(asked, device.pdu(asked))
    writer.write(frame[: len(frame) // 2])
    writer.close()


async def reset(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    writer.transport.abort()


async def drip(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Send the answer byte by byte."""
    for byte in device.frame(asked, device.pdu(asked)):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.001)


async def all_ones(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer as an inverter that restarts."""
    writer.write(device.frame(asked, pack(asked.function, [0xFFFF] * asked.count)))


async def short(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer with a word too few."""
    writer.write(device.frame(asked, pack(asked.function, [7] * (asked.count - 1))))


async def long(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer with a word too many."""
    writer.write(device.frame(asked, pack(asked.function, [7] * (asked.count + 1))))


async def garbled(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Turn one bit of the answer over."""
    frame = bytearray(device.frame(asked, device.pdu(asked)))
    frame[-3] ^= 4
    writer.write(bytes(frame))


def delayed(by_s: float) -> Fault:
    """Answer after a while, and keep others waiting so long."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(by_s)
        await honest(device, asked, writer)

    return fault


def late(by_s: float, words: Iterable[int] = (66, 66)) -> Fault:
    """Answer when nobody waits any more, and be ready for other questions meanwhile."""
    kept = list(words)

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        device.later(by_s, device.frame(asked, pack(asked.function, kept)), writer)

    return fault


def refusing(code: int) -> Fault:
    """Answer with an exception."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(device.frame(asked, bytes([asked.function | 0x80, code])))

    return fault


def numbered(by: int) -> Fault:
    """Answer with another transaction number."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(device.frame(asked, device.pdu(asked), transaction=asked.transaction + by))

    return fault


def from_unit(unit: int) -> Fault:
    """Answer in another unit's name."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(device.frame(asked, device.pdu(asked), unit=unit))

    return fault


def as_function(function: int) -> Fault:
    """Answer another function's question."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(device.frame(asked, bytes([function]) + device.pdu(asked)[1:]))

    return fault


def saying(*words: int) -> Fault:
    """Answer with these words, whatever the registers hold."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(device.frame(asked, pack(asked.function, words)))

    return fault


def deaf_at_first(for_s: float) -> Fault:
    """Swallow what comes too soon after connecting."""

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asyncio.get_running_loop().time() - device.connected_s >= for_s:
            await honest(device, asked, writer)

    return fault


def hurried(least_s: float) -> Fault:
    """Swallow what comes too soon after the question before."""
    asked_s = -least_s

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal asked_s
        now_s = asyncio.get_running_loop().time()
        waited_s, asked_s = now_s - asked_s, now_s
        if waited_s >= least_s:
            await honest(device, asked, writer)

    return fault


def turning(*states: Mapping[int, int]) -> Fault:
    """Hold other registers after each answer, as counters that run on do."""
    turns = cycle(states)

    async def fault(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        device.units[asked.unit].update(next(turns))
        await honest(device, asked, writer)

    return fault


def only_unit(unit: int, fault: Fault) -> Fault:
    """Let a fault befall one unit, and serve the others."""

    async def chosen(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await (fault if asked.unit == unit else honest)(device, asked, writer)

    return chosen


@contextlib.asynccontextmanager
async def on_line(device: ChaosDevice) -> AsyncIterator[ChaosDevice]:
    """Serve a device as long as the block lasts."""
    await device.start()
    try:
        yield device
    finally:
        await device.stop()
