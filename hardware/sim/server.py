"""A strict little Modbus TCP server: it shows registers, and takes no orders.

Of our own, so that the reader of this house and the device it reads share no line of code.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable, Mapping

from solard.core.errors import SolardError

READS = (3, 4)
"""Function codes answered, both from the same registers."""
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
Image = Mapping[int, Registers]
"""Registers by unit id."""


class PortTaken(SolardError):
    """The server's port cannot be had."""


class ModbusServer:
    """Serves the newest image on one TCP port until it is closed."""

    def __init__(self, image: Callable[[], Image]) -> None:
        self._image = image
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

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
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while True:
                header = await reader.readexactly(_HEADER.size)
                transaction, protocol, length, unit = _HEADER.unpack(header)
                if protocol != 0 or not _SHORTEST_PDU <= length - 1 <= _LONGEST_PDU:
                    break  # not Modbus, or out of step: the client must begin again
                request = await reader.readexactly(length - 1)
                reply = answer(self._image(), unit, request)
                writer.write(_HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client went away
        finally:
            self._clients.discard(writer)
            writer.close()


def answer(image: Image, unit: int, request: bytes) -> bytes:
    """Return the reply PDU to a request PDU: words, or an exception."""
    function = request[0]
    registers = image.get(unit)
    if registers is None:
        return _refuse(function, NO_SUCH_UNIT)
    if function not in READS:
        return _refuse(function, ILLEGAL_FUNCTION)
    if len(request) != 1 + _READ.size:
        return _refuse(function, ILLEGAL_VALUE)
    address, count = _READ.unpack(request[1:])
    if not 1 <= count <= MAX_WORDS:
        return _refuse(function, ILLEGAL_VALUE)
    words = [registers.get(place) for place in range(address, address + count)]
    known = [word for word in words if word is not None]
    if len(known) < count:
        return _refuse(function, ILLEGAL_ADDRESS)
    return struct.pack(f">BB{count}H", function, 2 * count, *known)


def _refuse(function: int, code: int) -> bytes:
    return bytes((function | 0x80, code))


def place(address: int, words: Iterable[int]) -> dict[int, int]:
    """Return registers that hold `words` from `address` on."""
    return dict(enumerate(words, start=address))
