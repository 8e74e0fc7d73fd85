"""A strict little Modbus TCP server: it shows registers, and takes no orders.

Of our own, so that the reader of this house and the device it reads share no line of code.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from solard.core.errors import SolardError

HOLDING, INPUT = 3, 4
READS = (HOLDING, INPUT)
"""Function codes answered."""
MAX_WORDS = 125

ILLEGAL_FUNCTION = 0x01
ILLEGAL_ADDRESS = 0x02
ILLEGAL_VALUE = 0x03
NO_SUCH_UNIT = 0x0B

_HEADER = struct.Struct(">HHHB")
"""Transaction, protocol, length from the unit on, unit."""
_READ = struct.Struct(">HH")
_SHORTEST_PDU = 1
_LONGEST_PDU = 253

Registers = Mapping[int, int]
"""Word by 0-based address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A unit whose holding and input registers are not the same."""

    holding: Registers
    input: Registers


Image = Mapping[int, Registers | Split]
"""Registers by unit id; plain ones answer both functions."""


Respond = Callable[[int, bytes], Awaitable[bytes]]
"""Unit and request PDU to reply PDU."""

_FAREWELL_S = 1.0
"""How long an answer under way may still take when the server closes."""
MOST_CLIENTS = 32
"""One more is hung up on: a leaking client must not take the process's last file."""


class PortTaken(SolardError):
    """The server's port cannot be had."""


class ModbusServer:
    """Answers on one TCP port until it is closed."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (a free one for 0); raise PortTaken with a sentence."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as err:
            raise PortTaken(
                f"cannot serve Modbus on {host}:{port}: {err.strerror or err}; choose another port"
            ) from err
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is None:
            return
        self._server.close()
        for client in tuple(self._clients):
            client.close()
        if self._serving:
            await asyncio.wait(tuple(self._serving), timeout=_FAREWELL_S)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        self._clients.add(writer)
        try:
            while len(self._clients) <= MOST_CLIENTS:
                header = await reader.readexactly(_HEADER.size)
                transaction, protocol, length, unit = _HEADER.unpack(header)
                if protocol != 0 or not _SHORTEST_PDU <= length - 1 <= _LONGEST_PDU:
                    break  # not Modbus, or out of step: the client must begin again
                request = await reader.readexactly(length - 1)
                reply = await self._respond(unit, request)
                writer.write(_HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client went away
        finally:
            self._clients.discard(writer)
            writer.close()


def show(image: Callable[[], Image]) -> Respond:
    """Return what answers from the newest image."""

    async def respond(unit: int, request: bytes) -> bytes:
        return answer(image(), unit, request)

    return respond


def answer(image: Image, unit: int, request: bytes) -> bytes:
    """Return the reply PDU to a request PDU: words, or an exception."""
    function = request[0]
    registers = image.get(unit)
    if registers is None:
        return refuse(function, NO_SUCH_UNIT)
    asked = parse_read(request)
    if isinstance(asked, int):
        return refuse(function, asked)
    if isinstance(registers, Split):
        registers = registers.holding if function == HOLDING else registers.input
    words = [registers.get(place) for place in range(asked[0], asked[0] + asked[1])]
    known = [word for word in words if word is not None]
    if len(known) < asked[1]:
        return refuse(function, ILLEGAL_ADDRESS)
    return pack_words(function, known)


def parse_read(request: bytes) -> tuple[int, int] | int:
    """Return the address and count that a read asks for, or the code of the exception due."""
    if request[0] not in READS:
        return ILLEGAL_FUNCTION
    if len(request) != 1 + _READ.size:
        return ILLEGAL_VALUE
    address, count = _READ.unpack(request[1:])
    if not 1 <= count <= MAX_WORDS:
        return ILLEGAL_VALUE
    return address, count


def pack_words(function: int, words: Sequence[int]) -> bytes:
    """Return the reply that carries words."""
    return struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)


def refuse(function: int, code: int) -> bytes:
    """Return the reply that is an exception."""
    return bytes((function | 0x80, code))


def place(address: int, words: Iterable[int]) -> dict[int, int]:
    """Return registers that hold `words` from `address` on."""
    return dict(enumerate(words, start=address))
