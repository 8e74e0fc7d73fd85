"""One strict Modbus TCP connection: pymodbus carries the bytes, we decide what to believe.

pymodbus alone accepts replies of the wrong length, function or transaction 0, waits out its whole
timeout on a reset connection and keeps a connection that has lost step (measured on 3.16.1). So
every frame passes `_inspect` before pymodbus decodes it, and anything odd ends the connection.
"""

import asyncio
import logging
from typing import Literal

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from hardware.modbus.errors import (
    UNIT_OFFLINE,
    DeviceDesync,
    DeviceError,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
    name_exception,
)
from hardware.modbus.limits import LinkLimits
from hardware.modbus.question import Question

_READS: dict[int, Literal["read_holding_registers", "read_input_registers"]] = {
    3: "read_holding_registers",
    4: "read_input_registers",
}


class ModbusLink:
    """One host and port; one question outstanding; a new connection after any surprise."""

    def __init__(self, host: str, port: int, limits: LinkLimits) -> None:
        self.name = f"{host}:{port}"
        self.connects = 0
        self._host = host
        self._port = port
        self._limits = limits
        self._lock = asyncio.Lock()
        self._client: AsyncModbusTcpClient | None = None
        self._answers = 0
        self._question: Question | None = None
        self._pending: asyncio.Future[ModbusPDU] | None = None
        self._next_at = 0.0
        # It logs every bad frame with a dump of the last twenty; we raise a sentence instead.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

    async def connect(self) -> None:
        """Connect where there is no connection; raise DeviceUnreachable or DeviceTimeout."""
        async with self._lock:
            await self._connect()

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return `count` words from `address` on; raise DeviceError.

        `function` is 3 (holding) or 4 (input registers). A refusal (DeviceRefused) keeps the
        connection; every other failure closes it.
        """
        async with self._lock:
            await self._connect()
            await self._pace()
            try:
                reply = await self._ask(Question(unit, function, address, count))
            except BaseException:
                self._drop()
                raise
            finally:
                self._next_at = asyncio.get_running_loop().time() + self._limits.request_gap_s
        if reply.isError():
            raise self._refusal(unit, function, address, count, reply.exception_code)
        return tuple(reply.registers)

    async def close(self) -> None:
        """End the connection; the next read opens a new one."""
        self._drop()
        await asyncio.sleep(0)  # lets the transport finish closing

    async def _connect(self) -> None:
        if self._client is not None and self._client.connected:
            return
        self._drop()
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=self._limits.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._inspect,
            trace_pdu=self._take,
            trace_connect=self._notice,
        )
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                # client.connect() would hide why it failed behind False.
                await client.ctx.call_create()
        except TimeoutError as err:
            raise DeviceTimeout(
                f"{self.name} does not answer in {self._limits.timeout_s:g} s; "
                "check the address, the cable and that the device is switched on"
            ) from err
        except OSError as err:
            raise DeviceUnreachable(self._say_unreachable(err)) from err
        self._client = client
        self._answers = 0
        self.connects += 1
        self._next_at = asyncio.get_running_loop().time() + self._limits.connect_delay_s

    def _say_unreachable(self, err: OSError) -> str:
        if isinstance(err, ConnectionRefusedError):
            return (
                f"{self.name} refuses the connection; is Modbus TCP enabled there, and on this "
                "port? Another client may hold it"
            )
        return f"{self.name} cannot be reached: {err.strerror or err}; check address and network"

    async def _pace(self) -> None:
        wait_s = self._next_at - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _ask(self, question: Question) -> ModbusPDU:
        if self._client is None or not self._client.connected:
            raise self._lost()
        self._question = question
        self._pending = asyncio.get_running_loop().create_future()
        send = getattr(self._client, _READS[question.function])
        try:
            # "No response expected": the answer comes to us through _inspect and _take.
            await send(
                question.address,
                count=question.count,
                device_id=question.unit,
                no_response_expected=True,
            )
            async with asyncio.timeout(self._limits.timeout_s):
                return await self._pending
        except ConnectionException as err:
            raise self._lost() from err
        except TimeoutError as err:
            raise DeviceTimeout(
                f"{self.name} unit {question.unit}: no answer to registers {question.span} "
                f"in {self._limits.timeout_s:g} s; another client may hold it, or the unit id is "
                "another one"
            ) from err
        finally:
            self._pending = None
            self._question = None

    def _inspect(self, sending: bool, data: bytes) -> bytes:
        """See every packet; let pymodbus decode only what answers the question."""
        if sending:
            if self._question is not None:
                self._question.transaction = int.from_bytes(data[0:2], "big")
            return data
        if self._question is None or self._pending is None or self._pending.done():
            self._drop()
            return b""
        fault = self._question.find_fault(data)
        if fault is None:
            return data
        self._fail(
            DeviceDesync(
                f"{self.name} unit {self._question.unit}: {fault}; the connection starts anew. "
                "If this repeats, another master or a faulty gateway is on the line"
            )
        )
        return b""

    def _take(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if not sending and self._pending is not None and not self._pending.done():
            self._answers += 1
            self._pending.set_result(pdu)
        return pdu

    def _notice(self, connected: bool) -> None:
        if not connected:
            self._fail(self._lost())

    def _lost(self) -> DeviceUnreachable:
        if self._answers:
            return DeviceUnreachable(f"{self.name} closed the connection while it was asked")
        return DeviceUnreachable(
            f"{self.name} closed the connection without an answer; most inverters serve one "
            "Modbus client: is another one connected?"
        )

    def _fail(self, error: DeviceError) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(error)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _refusal(
        self, unit: int, function: int, address: int, count: int, code: int
    ) -> DeviceRefused:
        span = Question(unit, function, address, count).span
        if code in UNIT_OFFLINE:
            text = f"{self.name} answers, but no unit {unit} behind it (exception "
            return DeviceRefused(f"{text}{name_exception(code)}); check the unit id", code)
        text = f"{self.name} unit {unit} refuses registers {span} of function {function}"
        return DeviceRefused(f"{text} (exception {name_exception(code)})", code)
