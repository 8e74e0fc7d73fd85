"""Where a Modbus connection leads: a TCP port or a serial line, and the frames spoken on it."""

from dataclasses import dataclass
from enum import StrEnum

from hardware.modbus.description import SerialLine

_BITS_PER_CHARACTER = 11
"""Start, eight of data, parity or a second stop, stop (Modbus over Serial Line V1.02, 2.5.1)."""
_QUIET_CHARACTERS = 3.5
_LEAST_QUIET_S = 0.00175
"""Above 19200 baud the pause no longer shrinks (Modbus over Serial Line V1.02, 2.5.1.1)."""


class Framing(StrEnum):
    """How a question is wrapped."""

    TCP = "tcp"
    """With a header that numbers each transaction."""
    RTU = "rtu"
    """As on a serial line: unit, function, data, checksum; nothing tells a late answer apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """A host and port: a device, or a gateway with units behind it."""

    host: str
    port: int = 502
    framing: Framing = Framing.TCP
    echoes_transaction: bool = True
    """False for gateways that answer with a number of their own; unit, function and length must
    then be enough."""

    @property
    def name(self) -> str:
        """Return `host:port`, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def quiet_s(self) -> float:
        """Return the pause between two frames that the line itself needs."""
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    """A serial line, such as an RS485 adapter."""

    path: str
    baudrate: int = 9600
    parity: str = "N"
    """N, E or O."""
    stop_bits: int = 1

    @property
    def name(self) -> str:
        """Return the device file, for messages."""
        return self.path

    @property
    def framing(self) -> Framing:
        """Return RTU: nothing else is spoken here."""
        return Framing.RTU

    @property
    def echoes_transaction(self) -> bool:
        """Return True: there are no transactions to get wrong."""
        return True

    @property
    def quiet_s(self) -> float:
        """Return the pause between two frames that the line itself needs."""
        return max(_QUIET_CHARACTERS * _BITS_PER_CHARACTER / self.baudrate, _LEAST_QUIET_S)


Address = TcpAddress | SerialAddress


def serial_address(
    path: str,
    baudrate: int | None = None,
    parity: str | None = None,
    usual: SerialLine | None = None,
    stop_bits: int | None = None,
) -> SerialAddress:
    """Return a serial line: as stated, else as the family speaks, else 9600 8N1."""
    line = usual or SerialLine()
    return SerialAddress(
        path=path,
        baudrate=line.baud if baudrate is None else baudrate,
        parity=line.parity if parity is None else parity,
        stop_bits=line.stop_bits if stop_bits is None else stop_bits,
    )
