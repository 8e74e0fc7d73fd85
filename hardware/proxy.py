"""A read-only Modbus TCP server on a connection of ours, for others who need the same device.

Most inverters serve one client. Who reads through us gets what we have just read, or a question of
his own put between two of ours; writes are refused.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.modbus.errors import DeviceError, DeviceRefused, DeviceTimeout, DeviceUnreachable
from hardware.modbus.memory import RememberingLink
from hardware.sim.server import ModbusServer, PortTaken, pack_words, parse_read, refuse

_log = logging.getLogger(__name__)

_FRESH_S = 3.0
"""Words of our own polls that are younger are served as they are; real seconds."""
_SPARE_S = 10.0
"""For how long a question that cost us a timeout or the connection is not put again."""
_RETRY_S = 30.0
_MOST_SPARED = 1000
_DEVICE_FAILURE, _NO_PATH, _NO_ANSWER = 4, 10, 11


@dataclass(slots=True)
class ModbusProxy:
    """Serves one link on one address, for as long as it runs."""

    link: RememberingLink
    host: str
    port: int
    fresh_s: float = _FRESH_S
    retry_s: float = _RETRY_S
    tell: Callable[[str, str], None] | None = None
    """Takes a sentence for people and its level, `info` or `warning`."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One foreign question at a time: it waits beside ours, so at most every second is foreign."""
    _spared: dict[tuple[int, int, int, int], tuple[float, int]] = field(default_factory=dict)

    async def run(self) -> None:
        """Serve until cancelled; a taken port is tried again, and costs nobody else anything."""
        in_trouble = False
        while True:
            server = ModbusServer(self.respond)
            try:
                self.port = await server.start(self.host, self.port)
                if in_trouble:
                    self._say(f"{self.link.name} is shared on {self.host}:{self.port} now.", "info")
                in_trouble = False
                await asyncio.get_running_loop().create_future()
            except PortTaken as err:
                if not in_trouble:
                    self._say(f"{self.link.name} is not shared: {err}", "warning")
                in_trouble = True
                await asyncio.sleep(self.retry_s)
            finally:
                await server.close()

    def _say(self, sentence: str, level: str) -> None:
        if self.tell is not None:
            self.tell(sentence, level)
        else:
            _log.warning("%s", sentence)

    async def respond(self, unit: int, request: bytes) -> bytes:
        """Return the answer to one request of a client."""
        function = request[0]
        asked = parse_read(request)
        if isinstance(asked, int):
            return refuse(function, asked)
        words = self.link.recall(unit, function, *asked, self.fresh_s)
        if words is not None:
            return pack_words(function, words)
        async with self._turn:
            return await self._pass_on(unit, function, *asked)

    async def _pass_on(self, unit: int, function: int, address: int, count: int) -> bytes:
        question = (unit, function, address, count)
        now_s = asyncio.get_running_loop().time()
        spared_until_s, code = self._spared.get(question, (0.0, 0))
        if now_s < spared_until_s:
            return refuse(function, code)
        try:
            return pack_words(function, await self.link.read(*question))
        except DeviceRefused as err:
            return refuse(function, err.code)
        except DeviceError as err:
            if len(self._spared) >= _MOST_SPARED:
                self._spared.clear()
            self._spared[question] = (now_s + _SPARE_S, _code_of(err))
            return refuse(function, _code_of(err))


def _code_of(err: DeviceError) -> int:
    """Return the exception that tells a client most truly what happened to his question."""
    if isinstance(err, DeviceTimeout):
        return _NO_ANSWER
    return _NO_PATH if isinstance(err, DeviceUnreachable) else _DEVICE_FAILURE
