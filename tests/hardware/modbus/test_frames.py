"""An answer on the wire is believed only where it fits its question."""

import pytest

from hardware.modbus.description import RecordedBlock
from hardware.modbus.frames import read_exchange

ASK = bytes.fromhex("000100000006010300640002")
ANSWER = bytes.fromhex("0001000000070103040009000a")
SERIAL_ASK = bytes.fromhex("01 04 81 7d 00 02 c9 ef")
SERIAL_ANSWER = bytes.fromhex("01 04 04 00 00 00 0a 7b 83")


def test_tcp_answer_is_its_registers():
    assert read_exchange(ASK, ANSWER) == (
        RecordedBlock(unit=1, function=3, address=100, words=(9, 10)),
        "",
    )


@pytest.mark.parametrize("prefix", [b"", b"\xaa\x55"])
def test_serial_answer_is_its_registers_also_behind_the_prefix_of_a_udp_dongle(prefix):
    block, fault = read_exchange(SERIAL_ASK, prefix + SERIAL_ANSWER)

    assert (block.address, block.words, fault) == (33149, (0, 10), "")


def test_refusal_is_no_fault_and_no_value():
    assert read_exchange(ASK, bytes.fromhex("000100000003018302")) == (None, "")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("0002000000070103040009000a", "answered transaction 2 instead of 1"),
        ("0001000000070203040009000a", "unit 2 answered in its place"),
        ("0001000000070104040009000a", "answered function 4 instead of 3"),
        ("0001000000050103020009", "sent 5 bytes where 7 answer registers 100–101"),
        ("0001000000080103040009000a", "sent 8 bytes where 7 answer"),
        ("0001", "sent a part of an answer"),
    ],
)
def test_tcp_answer_that_does_not_fit_is_left_out(answer, fault):
    block, said = read_exchange(ASK, bytes.fromhex(answer))

    assert block is None
    assert fault in said


def test_serial_answer_with_a_wrong_checksum_is_left_out():
    block, said = read_exchange(SERIAL_ASK, SERIAL_ANSWER[:-1] + b"\0")

    assert block is None
    assert "checksum is wrong" in said


def test_question_that_is_no_reading_says_nothing():
    write = bytes.fromhex("000100000006010600640002")

    assert read_exchange(write, write) == (None, "")
