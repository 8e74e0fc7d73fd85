"""One Modbus TCP question, and what its answer must look like on the wire."""

from dataclasses import dataclass

_HEADER = 8
"""Transaction 2, protocol 2, length 2, unit 1, function 1 bytes."""


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

    def find_fault(self, data: bytes) -> str | None:
        """Say what is wrong with the bytes received so far; None while they may be right."""
        if len(data) < _HEADER:
            return None
        transaction, protocol, length = (
            int.from_bytes(data[at : at + 2], "big") for at in (0, 2, 4)
        )
        unit, function = data[6], data[7]
        if protocol:
            return f"sent protocol {protocol}, which is not Modbus TCP"
        if transaction != self.transaction:
            return f"answered transaction {transaction} instead of {self.transaction}"
        if unit != self.unit:
            return f"unit {unit} answered in its place"
        if function not in (self.function, self.function | 0x80):
            return f"answered function {function} instead of {self.function}"
        return self._find_wrong_length(data, length, refused=function != self.function)

    def _find_wrong_length(self, data: bytes, length: int, *, refused: bool) -> str | None:
        expected = 3 if refused else 3 + 2 * self.count
        if length != expected:
            return f"sent {length} bytes where {expected} answer registers {self.span}"
        if not refused and len(data) > _HEADER and data[_HEADER] != 2 * self.count:
            return f"announced {data[_HEADER]} bytes of registers instead of {2 * self.count}"
        if len(data) > 6 + length:
            return f"sent {len(data) - 6 - length} bytes more than its answer"
        return None
