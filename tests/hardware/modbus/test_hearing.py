"""Bytes on a connection: whose they are, and what is not believed, without a socket."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.modbus.address import Framing, TcpAddress
from hardware.modbus.counters import LinkCounters
from hardware.modbus.hearing import NOISE, Heard, Hearing
from hardware.modbus.question import Question, rtu_checksum


def hearing(framing: Framing = Framing.RTU, *, echoes: bool = True) -> Hearing:
    address = TcpAddress(host="h", framing=framing, echoes_transaction=echoes)
    return Hearing(address, LinkCounters())


def rtu(*body: int) -> bytes:
    return bytes(body) + rtu_checksum(bytes(body))


def test_checksum_is_that_of_the_standard():
    assert rtu_checksum(bytes.fromhex("0104817d0002")) == bytes.fromhex("c9ef")


def test_whole_frame_is_passed_on_and_a_part_waits():
    ear = hearing()
    ear.question = Question(1, 3, 0, 1)
    frame = rtu(1, 3, 2, 0, 42)

    assert [ear.hear(frame[:end]) for end in range(1, len(frame))] == [NOISE] * (len(frame) - 1)
    assert ear.hear(frame) == Heard(frame=frame)


@given(st.binary(max_size=40))
def test_whatever_comes_is_no_answer_unless_it_fits_to_the_last_bit(data: bytes):
    ear = hearing()
    ear.question = Question(9, 4, 0, 2)
    heard = ear.hear(data)

    if heard.frame:
        assert data[:2] in (b"\x09\x04", b"\x09\x84")
        assert rtu_checksum(data[:-2]) == data[-2:]


@given(st.binary(max_size=40))
def test_numbered_line_believes_nothing_with_another_number(data: bytes):
    ear = hearing(Framing.TCP)
    ear.question = Question(9, 4, 0, 2, transaction=0x1234)

    if len(data) >= 8 and data[:2] != b"\x12\x34":
        assert ear.hear(data).fault


def test_late_answer_before_ours_is_cut_off():
    ear = hearing()
    ear.expect_late(Question(1, 3, 0, 2))
    ear.question = Question(1, 3, 0, 1)
    late, ours = rtu(1, 3, 4, 0, 1, 0, 2), rtu(1, 3, 2, 0, 42)

    assert ear.hear(late) == NOISE
    assert ear.hear(late + ours[:3]) == NOISE
    assert ear.hear(late + ours) == Heard(frame=ours)


def test_late_and_own_answer_in_one_piece_are_told_apart():
    ear = hearing()
    ear.expect_late(Question(1, 3, 0, 2))
    ear.question = Question(1, 3, 0, 1)
    late, ours = rtu(1, 3, 4, 0, 1, 0, 2), rtu(1, 3, 2, 0, 42)

    assert ear.hear(late + ours) == Heard(frame=ours)


def test_question_that_a_late_answer_could_pass_for_is_known():
    ear = hearing()
    ear.expect_late(Question(1, 3, 0, 2))

    assert ear.could_mistake(Question(1, 3, 700, 2))
    assert not ear.could_mistake(Question(1, 3, 0, 3))
    assert not ear.could_mistake(Question(2, 3, 0, 2))
    ear.is_in_step()
    assert not ear.could_mistake(Question(1, 3, 700, 2))


def test_refusal_that_may_be_late_is_taken_and_our_own_answer_still_expected():
    ear = hearing()
    ear.expect_late(Question(1, 3, 0, 2))
    ear.question = Question(1, 3, 0, 1)
    refusal = rtu(1, 0x83, 2)

    assert ear.hear(refusal) == Heard(frame=refusal)
    assert ear.could_mistake(Question(1, 3, 900, 1))


def test_foreign_frames_between_questions_are_counted_and_ignored():
    ear = hearing()

    assert ear.hear(rtu(7, 3, 2, 0, 1)) == NOISE
    assert ear.counters.strays == 1


def test_numbered_line_that_speaks_unasked_is_a_fault_but_late_answers_are_not():
    ear = hearing(Framing.TCP)
    ear.expect_late(Question(1, 3, 0, 1, transaction=5))
    late = bytes.fromhex("000500000005010302002a")

    assert ear.hear(late) == NOISE
    assert ear.hear(late[:4]) == NOISE
    assert ear.hear(bytes.fromhex("000600000005010302002a")).fault


def test_own_number_is_put_in_where_a_gateway_has_its_own():
    ear = hearing(Framing.TCP, echoes=False)
    ear.question = Question(1, 3, 0, 1, transaction=5)

    heard = ear.hear(bytes.fromhex("777700000005010302002a"))
    assert heard == Heard(frame=bytes.fromhex("000500000005010302002a"))
