"""Frames as they were recorded on the wire: what an answer says, or why it cannot be believed."""

from hardware.modbus.description import RecordedBlock
from hardware.modbus.question import Question, is_rtu_sound, rtu_length

_READS = (3, 4)
_REFUSED = 0x80
_UDP_PREFIX = b"\xaa\x55"
"""GoodWe's dongles put it before RTU answers over UDP (marcelblijleven/goodwe)."""
_MBAP_QUESTION, _MBAP_HEADER = 12, 6


def read_exchange(request: bytes, response: bytes) -> tuple[RecordedBlock | None, str]:
    """Return the registers of a question and its answer; nothing and a sentence on a fault.

    A device that refuses says nothing, and that is no fault.
    """
    # A question for registers is 12 bytes long with a TCP header, and 8 on a serial line.
    if len(request) == _MBAP_QUESTION and request[2:_MBAP_HEADER] == b"\0\0\0\x06":
        question = _question(request[_MBAP_HEADER:], int.from_bytes(request[:2], "big"))
        whole = len(response) >= 8 and len(response) == _MBAP_HEADER + int.from_bytes(
            response[4:_MBAP_HEADER], "big"
        )
        fault = question.find_fault(response) or ("" if whole else "sent a part of an answer")
        body = response[_MBAP_HEADER:]
    else:
        if not is_rtu_sound(request):
            return None, f"the checksum of the question {request.hex()} is wrong"
        question = _question(request, 0)
        body = response.removeprefix(_UDP_PREFIX)
        whole = rtu_length(body) == len(body)
        fault = question.find_rtu_fault(body) or ("" if whole else "sent a part of an answer")
    if question.function not in _READS:
        return None, ""
    if fault:
        return None, f"unit {question.unit}, registers {question.span}: {fault}"
    if body[1] & _REFUSED:
        return None, ""
    words = tuple(
        int.from_bytes(body[at : at + 2], "big") for at in range(3, 3 + 2 * question.count, 2)
    )
    block = RecordedBlock(
        unit=question.unit, function=question.function, address=question.address, words=words
    )
    return block, ""


def _question(pdu: bytes, transaction: int) -> Question:
    address, count = (int.from_bytes(pdu[at : at + 2], "big") for at in (2, 4))
    return Question(pdu[0], pdu[1], address, count, transaction)
