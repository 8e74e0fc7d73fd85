"""What to believe of the bytes that come on a connection, judged before anything is decoded."""

from dataclasses import dataclass, field

from hardware.modbus.address import Address, Framing, TcpAddress
from hardware.modbus.counters import LinkCounters
from hardware.modbus.question import Question, late_length, rtu_length


@dataclass(frozen=True, slots=True)
class Heard:
    """What some bytes are: part of a frame, a fault that ends the connection, or noise."""

    frame: bytes = b""
    fault: str = ""
    advice: str = ""
    """What to do about the fault, for people."""


NOISE = Heard()
"""Nothing to decode, or not yet, and nothing to worry about."""


@dataclass(slots=True)
class Hearing:
    """Knows the open question, and the answers that may still come to those given up."""

    address: Address
    counters: LinkCounters
    question: Question | None = None
    """The one question outstanding; None while nobody waits."""
    _given_up: set[int] = field(default_factory=set)
    """Transactions of this connection whose answers nobody waits for any more."""
    _overdue: Question | None = None
    """On a line without transactions: a question whose answer may still come."""
    _skip: int = 0
    """Bytes since the question that were found to be late; the next piece comes after them."""

    def begin(self) -> None:
        """Start on a fresh connection: what was numbered on the last one is gone with it."""
        self._given_up.clear()

    def note_sent(self, packet: bytes) -> None:
        """Take the transaction number that the question was given; what came before is gone."""
        self._skip = 0
        if self.question is not None and self.address.framing is Framing.TCP:
            self.question.transaction = int.from_bytes(packet[0:2], "big")

    def expect_late(self, question: Question) -> None:
        """Throw away the answer to a question that was given up, should it come on this line."""
        if self.address.framing is Framing.TCP:
            self._given_up.add(question.transaction)
        else:
            self._overdue = question

    def could_mistake(self, question: Question) -> bool:
        """Say whether a late answer could pass for the answer to this question."""
        return self._overdue is not None and self._overdue.is_like(question)

    def is_in_step(self) -> None:
        """Forget late answers: one that came after them shows that they never will."""
        self._overdue = None

    def hear(self, data: bytes) -> Heard:
        """Judge all bytes that have come since the question."""
        if self.address.framing is Framing.RTU:
            return self._hear_rtu(data)
        return self._hear_tcp(data[late_length(data, self._given_up) :])

    def _hear_tcp(self, data: bytes) -> Heard:
        question = self.question
        if question is None:
            if not data or int.from_bytes(data[0:2], "big") in self._given_up:
                return NOISE
            self.counters.strays += 1
            return Heard(fault="sent what nobody had asked for")
        loose = isinstance(self.address, TcpAddress) and not self.address.echoes_transaction
        fault = question.find_fault(data, any_transaction=loose)
        if fault is not None:
            return Heard(fault=fault, advice=_advise(question, data))
        if loose and len(data) >= 2:
            # pymodbus insists on its own number.
            data = question.transaction.to_bytes(2, "big") + data[2:]
        return Heard(frame=data)

    def _hear_rtu(self, data: bytes) -> Heard:
        """Pass on whole frames only; let late ones and other masters' go by."""
        question = self.question
        if question is None:
            self.counters.strays += 1
            return NOISE
        data = data[self._skip :]
        length = rtu_length(data)
        overdue = self._overdue
        if overdue is not None and overdue.find_rtu_fault(data[:length]) is None:
            if length is None or len(data) < length:
                return NOISE  # too early to say whose it is
            if question.find_rtu_fault(data[:length]) is None:
                # A refusal carries nothing that tells whose it is. Taken for ours it costs a point
                # for a while; our own answer may then still be on its way.
                self._overdue = question
            else:
                self.counters.strays += 1
                self._overdue = None
                self._skip += length
                data = data[length:]
                length = rtu_length(data)
        fault = question.find_rtu_fault(data)
        if fault is not None:
            self.counters.checksums += "checksum" in fault
            return Heard(fault=fault)
        return Heard(frame=data) if length is not None and len(data) == length else NOISE


def _advise(question: Question, data: bytes) -> str:
    """Say what to write where a gateway's numbers are all that is wrong with its answers."""
    if question.find_fault(data, any_transaction=True) is not None:
        return ""
    return ". Where every answer is like this, write `transaction: any` for the device"
