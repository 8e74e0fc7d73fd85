"""Every form in which recordings of devices are passed around can be read."""

import json

import pytest

from hardware.modbus.capture import CaptureInvalid, choose_recordings, read_captures
from hardware.modbus.description import RecordedBlock


@pytest.fixture
def read(tmp_path):
    def write_and_read(data: object):
        path = tmp_path / "device.json"
        path.write_text(json.dumps(data))
        return read_captures(path)

    return write_and_read


def test_blocks_take_unit_and_function_from_the_recording_unless_they_have_their_own(read):
    (one,) = read(
        {
            "id": "mine",
            "family": "solis-hybrid",
            "unit": 7,
            "fc": 4,
            "blocks": [
                {"address": 10, "registers": [1, 2]},
                {"address": 20, "registers": [-1], "unit": 8, "fc": 3},
            ],
        }
    )

    assert (one.name, one.family) == ("mine", "solis_hybrid")
    assert one.polls == (
        (
            RecordedBlock(unit=7, function=4, address=10, words=(1, 2)),
            RecordedBlock(unit=8, function=3, address=20, words=(0xFFFF,)),
        ),
    )


def test_single_registers_become_runs(read):
    (one,) = read({"registers": {"12": 3, "10": 1, "11": 2, "0x20": 9}, "holding": {"5": 4}})

    assert [(block.function, block.address, block.words) for block in one.polls[0]] == [
        (None, 10, (1, 2, 3)),
        (None, 32, (9,)),
        (3, 5, (4,)),
    ]


def test_blocks_may_name_each_register_and_words_may_be_hexadecimal(read):
    (one,) = read({"unit": 3, "blocks": [{"fc": 4, "registers": {"7": "0x10", "8": 2}}]})

    assert one.polls == ((RecordedBlock(unit=3, function=4, address=7, words=(16, 2)),),)


def test_lone_sunspec_model_gets_a_device_around_it(read):
    (one,) = read({"model": 701, "registers": [5, 6], "body_offset": 2, "unit": 71})

    (block,) = one.polls[0]
    assert (block.unit, block.address) == (71, 40000)
    assert block.words[:6] == (0x5375, 0x6E53, 701, 153, 5, 6)
    assert block.words[-2:] == (0xFFFF, 0)


FIRST = ["826d00000006030478370002", "826d0000000703040400000977"]
SECOND = ["826e00000006030377310004", "826e0000000b0303080000000000e14285"]
AGAIN = ["826f00000006030478370002", "826f0000000703040400000957"]


def test_question_that_is_asked_again_begins_the_next_poll(read):
    (one,) = read({"frames": [FIRST, SECOND, AGAIN]})

    assert [[block.address for block in poll] for poll in one.polls] == [[30775, 30513], [30775]]
    assert one.polls[1][0].words == (0, 0x957)


def test_serial_frames_are_read_where_there_are_no_blocks(read):
    pair = {"request": "01 04 81 7d 00 02 c9 ef", "response": "01 04 04 00 00 00 0a 7b 83"}

    (one,) = read({"rtu_frames": [pair]})

    assert one.polls == ((RecordedBlock(unit=1, function=4, address=33149, words=(0, 10)),),)


def test_frames_that_cannot_be_believed_are_named(read):
    (one,) = read({"id": "tid", "frames": [[FIRST[0], "0002" + FIRST[1][4:]]]})

    assert one.polls == ()
    assert one.faults[0].endswith("answered transaction 2 instead of 33389")


def test_list_of_recordings_is_chosen_from_by_family_or_name(read):
    block = {"address": 1, "registers": [1]}
    many = read(
        [
            {"id": "a", "family": "sma", "blocks": [block]},
            {"id": "b", "family": "deye_1p", "blocks": [block]},
            {"id": "c", "family": "sma", "expected": []},
        ]
    )

    assert [one.name for one in choose_recordings(many, "sma")] == ["a"]
    assert [one.name for one in choose_recordings(many, "deye-1p")] == ["b"]
    assert [one.name for one in choose_recordings(many, "sma", "b")] == ["b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "is no JSON"),
        ("3", "expected a recording"),
        ('{"blocks": [{"registers": [1]}]}', "a block needs `address` and `registers`"),
        ('{"blocks": [7]}', "a block needs `address` and `registers`"),
        ('{"registers": {"x": 1}}', "'x' is no whole number, decimal or 0x"),
        ('{"frames": [{"request": "00"}]}', "cannot be read as a recording: 'response' is missing"),
        ('{"blocks": [{"address": 1, "registers": [70000]}]}', "70000 is no register"),
        ('{"frames": [["00"]]}', "a frame needs request and response"),
        ('{"unit": "one", "blocks": []}', "'one' is no whole number"),
        ('{"unit": 1.5, "blocks": []}', "is no whole number"),
        ('{"blocks": {"1": [1]}}', "`blocks` is no list"),
    ],
)
def test_file_that_is_no_recording_is_refused_with_a_sentence(tmp_path, data, message):
    path = tmp_path / "device.json"
    path.write_text(data)

    with pytest.raises(CaptureInvalid, match=message):
        read_captures(path)


def test_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(CaptureInvalid, match="No such file"):
        read_captures(tmp_path / "none.json")
