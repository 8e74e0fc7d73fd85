"""One Modbus question, and what its answer must look like on the wire."""

from collections.abc import Set
from dataclasses import dataclass

_HEADER = 8
"""Transaction 2, protocol 2, length 2, unit 1, function 1 bytes."""
_REFUSED = 0x80
_CHECKSUM = 2


@dataclass(slots=True)
class Question:
    """A request for registers; `transaction` is known once it has been sent."""

    unit: int
    function: int
    address: int
    count: int
    transaction: int = 0

    @property
    def span(self) -> str:
        """Return the registers it asks for, for people."""
        last = self.address + self.count - 1
        return str(self.address) if last == self.address else f"{self.address}–{last}"

    def is_like(self, other: "Question") -> bool:
        """Say whether an answer to one would pass for an answer to the other without a number."""
        return (self.unit, self.function, self.count) == (other.unit, other.function, other.count)

    def find_fault(self, data: bytes, *, any_transaction: bool = False) -> str | None:
        """Say what is wrong with the bytes received so far; None while they may be right."""
        if len(data) < _HEADER:
            return None
        transaction, protocol, length = (
            int.from_bytes(data[at : at + 2], "big") for at in (0, 2, 4)
        )
        unit, function = data[6], data[7]
        if protocol:
            return f"sent protocol {protocol}, which is not Modbus TCP"
        if unit != self.unit:
            return f"unit {unit} answered in its place"
        if function not in (self.function, self.function | _REFUSED):
            return f"answered function {function} instead of {self.function}"
        wrong = self._find_wrong_length(data, length, refused=function != self.function)
        if wrong is None and transaction != self.transaction and not any_transaction:
            return f"answered transaction {transaction} instead of {self.transaction}"
        return wrong

    def _find_wrong_length(self, data: bytes, length: int, *, refused: bool) -> str | None:
        expected = 3 if refused else 3 + 2 * self.count
        if length != expected:
            return f"sent {length} bytes where {expected} answer registers {self.span}"
        if not refused and len(data) > _HEADER and data[_HEADER] != 2 * self.count:
            return f"announced {data[_HEADER]} bytes of registers instead of {2 * self.count}"
        if len(data) > 6 + length:
            return f"sent {len(data) - 6 - length} bytes more than its answer"
        return None

    def find_rtu_fault(self, data: bytes) -> str | None:
        """Say what is wrong with the bytes of an RTU frame; None while they may be right."""
        if len(data) >= 1 and data[0] != self.unit:
            return f"unit {data[0]} answered in its place"
        if len(data) >= 2 and data[1] not in (self.function, self.function | _REFUSED):
            return f"answered function {data[1]} instead of {self.function}"
        if len(data) >= 3 and data[1] == self.function and data[2] != 2 * self.count:
            return f"announced {data[2]} bytes of registers instead of {2 * self.count}"
        length = rtu_length(data)
        if length is None or len(data) < length:
            return None
        if len(data) > length:
            return f"sent {len(data) - length} bytes more than its answer"
        if not is_rtu_sound(data):
            return "sent an answer whose checksum is wrong"
        return None


def rtu_length(data: bytes) -> int | None:
    """Return how long the RTU answer that begins with `data` will be; None = too early to say."""
    if len(data) < 3:
        return None
    return 3 + _CHECKSUM + (0 if data[1] & _REFUSED else data[2])


def is_rtu_sound(frame: bytes) -> bool:
    """Say whether a whole RTU frame carries the checksum of its bytes."""
    return rtu_checksum(frame[:-_CHECKSUM]) == frame[-_CHECKSUM:]


def rtu_checksum(data: bytes) -> bytes:
    """Return CRC-16 of Modbus over Serial Line V1.02, appendix B: low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def late_length(data: bytes, transactions: Set[int]) -> int:
    """Return the bytes of the late answers that `data` begins with, none of them cut.

    A question that was given up keeps its number: its answer may still come while the connection
    serves other units.
    """
    at = 0
    while len(data) >= at + 6 and int.from_bytes(data[at : at + 2], "big") in transactions:
        length = 6 + int.from_bytes(data[at + 4 : at + 6], "big")
        if len(data) < at + length:
            break
        at += length
    return at
