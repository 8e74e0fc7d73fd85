"""One strict Modbus connection: pymodbus carries the bytes, we decide what to believe.

pymodbus alone accepts replies of the wrong length, function or transaction 0, takes a late RTU
reply for the next one, waits out its whole timeout on a reset connection and keeps a connection
that has lost step (measured on 3.16.1). So `hearing` judges every frame before pymodbus decodes it,
and anything odd ends the connection.
"""

import asyncio
import logging
import os
import socket
from typing import Literal

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ConnectionException
from pymodbus.framer import FramerType
from pymodbus.pdu import ModbusPDU

from hardware.modbus.address import Address, Framing, SerialAddress
from hardware.modbus.breaker import Breaker
from hardware.modbus.counters import LinkCounters
from hardware.modbus.errors import (
    UNIT_OFFLINE,
    DeviceDesync,
    DeviceError,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
    name_exception,
)
from hardware.modbus.hearing import Hearing
from hardware.modbus.limits import LinkLimits
from hardware.modbus.question import Question

_log = logging.getLogger(__name__)

_READS: dict[int, Literal["read_holding_registers", "read_input_registers"]] = {
    3: "read_holding_registers",
    4: "read_input_registers",
}


class ModbusLink:
    """One host and port, or serial line; one question outstanding; a new start after surprises."""

    def __init__(self, address: Address, limits: LinkLimits) -> None:
        self.name = address.name
        self.connects = 0
        self.counters = LinkCounters()
        self._address = address
        self._limits = limits
        self._gap_s = max(limits.request_gap_s, address.quiet_s)
        self._lock = asyncio.Lock()
        self._breaker = Breaker(limits.unit_rest_s)
        self._client: ModbusBaseClient | None = None
        self._up = asyncio.Event()
        self._answers = 0
        self._hearing = Hearing(address, self.counters)
        self._pending: asyncio.Future[ModbusPDU] | None = None
        self._next_at = 0.0
        self._answered_units: set[int] = set()
        self._silent_in_a_row = 0
        self._complained = False
        # It logs every bad frame with a dump of the last twenty; we raise a sentence instead.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

    @property
    def is_busy(self) -> bool:
        """Return whether somebody asks or waits to ask."""
        return self._lock.locked()

    async def connect(self) -> None:
        """Connect where there is no connection; raise DeviceUnreachable or DeviceTimeout."""
        async with self._lock:
            await self._connect()

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Return `count` words from `address` on; raise DeviceError.

        `function` is 3 (holding) or 4 (input registers). A refusal (DeviceRefused) keeps the
        connection, and so does the silence of one unit while others answer; every other failure
        closes it.
        """
        question = Question(unit, function, address, count)
        async with self._lock:
            self._check_rest(question)
            await self._connect()
            if self._hearing.could_mistake(question):
                await self._fall_into_step(question)
            reply = await self._ask_in_turn(question)
        if reply.isError():
            raise self._refusal(question, reply.exception_code)
        return tuple(reply.registers)

    async def close(self) -> None:
        """End the connection; the next read opens a new one."""
        self._drop()
        await asyncio.sleep(0)  # lets the transport finish closing

    def reset(self) -> None:
        """Begin anew, even where a task that nobody can end still holds the line."""
        self._drop()
        self._lock = asyncio.Lock()

    async def _connect(self) -> None:
        if self._client is not None and self._client.connected:
            return
        self._drop()
        self._up.clear()
        client = self._make_client()
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                # client.connect() would hide why it failed behind False.
                await client.ctx.call_create()
                await self._up.wait()  # a serial line is up two turns of the loop later
        except TimeoutError as err:
            raise DeviceTimeout(
                f"{self.name} does not answer in {self._limits.timeout_s:g} s; "
                "check the address, the cable and that the device is switched on"
            ) from err
        except OSError as err:
            raise DeviceUnreachable(self._say_unreachable(err)) from err
        self._client = client
        self._answers = 0
        self._answered_units.clear()
        self._hearing.begin()
        self._silent_in_a_row = 0
        self.connects += 1
        self._next_at = asyncio.get_running_loop().time() + self._limits.connect_delay_s

    def _make_client(self) -> ModbusBaseClient:
        address = self._address
        if isinstance(address, SerialAddress):
            return AsyncModbusSerialClient(
                address.path,
                framer=FramerType.RTU,
                baudrate=address.baudrate,
                parity=address.parity,
                stopbits=address.stop_bits,
                timeout=self._limits.timeout_s,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._inspect,
                trace_pdu=self._take,
                trace_connect=self._notice,
            )
        return AsyncModbusTcpClient(
            address.host,
            port=address.port,
            framer=FramerType.RTU if address.framing is Framing.RTU else FramerType.SOCKET,
            timeout=self._limits.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._inspect,
            trace_pdu=self._take,
            trace_connect=self._notice,
        )

    def _say_unreachable(self, err: OSError) -> str:
        if isinstance(self._address, SerialAddress):
            reason = err.strerror if err.errno is None else os.strerror(err.errno)
            return (
                f"{self.name} cannot be opened: {reason or err}; is the adapter plugged in, "
                "is solard's user in the group dialout, and has no other program opened it?"
            )
        if isinstance(err, ConnectionRefusedError):
            return (
                f"{self.name} refuses the connection; is Modbus TCP enabled there, and on this "
                "port? Another client may hold it"
            )
        if isinstance(err, socket.gaierror):
            return f"{self._address.host} cannot be found: {err.strerror}; check how it is written"
        return f"{self.name} cannot be reached: {err.strerror or err}; check address and network"

    def _check_rest(self, question: Question) -> None:
        rest_s = self._breaker.rest_s(question.unit, asyncio.get_running_loop().time())
        if rest_s > 0:
            raise DeviceTimeout(
                f"{self.name} unit {question.unit}: silent again and again while other units "
                f"answer; left alone for {rest_s:.0f} s so that they are not kept waiting"
            )

    async def _fall_into_step(self, question: Question) -> None:
        """Ask for another length first: an answer to the lost question cannot pass for this one."""
        other = 1 if question.count != 1 else 2
        await self._ask_in_turn(Question(question.unit, question.function, question.address, other))
        self._hearing.is_in_step()

    async def _ask_in_turn(self, question: Question) -> ModbusPDU:
        await self._pace()
        self.counters.questions += 1
        try:
            reply = await self._ask(question)
        except DeviceTimeout:
            self._note_silence(question)
            raise
        except BaseException as err:
            self.counters.desyncs += isinstance(err, DeviceDesync)
            self._give_up(question)
            raise
        finally:
            self._next_at = asyncio.get_running_loop().time() + self._gap_s
            self._say_complaint()
        self._note_answer(question, reply)
        return reply

    async def _pace(self) -> None:
        wait_s = self._next_at - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _ask(self, question: Question) -> ModbusPDU:
        if self._client is None or not self._client.connected:
            raise self._lost()
        self._hearing.question = question
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
            self._hearing.question = None

    def _note_answer(self, question: Question, reply: ModbusPDU) -> None:
        self._silent_in_a_row = 0
        if reply.isError() and reply.exception_code in UNIT_OFFLINE:
            self._breaker.note_silence(question.unit, asyncio.get_running_loop().time())
            return
        self._answered_units.add(question.unit)
        self._breaker.note_answer(question.unit)

    def _note_silence(self, question: Question) -> None:
        """Keep the connection where it is this one unit that is dead, and end it otherwise."""
        self.counters.timeouts += 1
        self._breaker.note_silence(question.unit, asyncio.get_running_loop().time())
        self._silent_in_a_row += 1
        others_live = bool(self._answered_units - {question.unit})
        if others_live and self._silent_in_a_row == 1 and self._address.framing is Framing.TCP:
            self._hearing.expect_late(question)
        else:
            self._give_up(question)

    def _give_up(self, question: Question) -> None:
        if self._address.framing is Framing.RTU:
            self._hearing.expect_late(question)
        self._drop()

    def _inspect(self, sending: bool, data: bytes) -> bytes:
        """See every packet; let pymodbus decode only what answers the question."""
        if sending:
            self._hearing.note_sent(data)
            return data
        heard = self._hearing.hear(data)
        if not heard.fault:
            return heard.frame
        question = self._hearing.question
        if question is None:
            self._drop()
            return b""
        advice = "" if self._answers else heard.advice
        self._fail(
            DeviceDesync(
                f"{self.name} unit {question.unit}: {heard.fault}; the connection starts anew. If "
                f"this repeats, another master or a faulty gateway is on the line{advice}"
            )
        )
        return b""

    def _take(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if not sending and self._pending is not None and not self._pending.done():
            self._answers += 1
            self._pending.set_result(pdu)
            self._hearing.question = None
        return pdu

    def _notice(self, connected: bool) -> None:
        if connected:
            self._up.set()
        else:
            self._fail(self._lost())

    def _lost(self) -> DeviceUnreachable:
        if self._answers or isinstance(self._address, SerialAddress):
            return DeviceUnreachable(f"{self.name} closed the connection while it was asked")
        return DeviceUnreachable(
            f"{self.name} closed the connection without an answer; most inverters serve one "
            "Modbus client: is another one connected?"
        )

    def _fail(self, error: DeviceError) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(error)
            self._hearing.question = None

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _say_complaint(self) -> None:
        """Log once that a line loses answers, and forget it when the line is well again."""
        complaint = self.counters.complaint()
        if complaint is not None and not self._complained:
            _log.warning("line is bad: link=%s %s", self.name, complaint)
        self._complained = complaint is not None

    def _refusal(self, question: Question, code: int) -> DeviceRefused:
        unit = question.unit
        if code in UNIT_OFFLINE:
            text = f"{self.name} answers, but no unit {unit} behind it (exception "
            return DeviceRefused(f"{text}{name_exception(code)}); check the unit id", code)
        text = f"{self.name} unit {unit} refuses registers {question.span} of function "
        return DeviceRefused(f"{text}{question.function} (exception {name_exception(code)})", code)
