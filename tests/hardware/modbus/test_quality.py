"""Quality: what lies outside, jumps or drops to 0 must prove itself first."""

from hardware.modbus.points import Bounds
from hardware.modbus.quality import MISSING, Judged, Watch, worst
from solard.core.readings import Quality

GOOD, SUSPECT = Quality.GOOD, Quality.SUSPECT


def qualities(bounds: Bounds, *numbers: float) -> list[Quality]:
    watch = Watch(bounds)
    return [watch.judge(Judged(number, GOOD)).quality for number in numbers]


def test_value_outside_its_range_is_suspect():
    bounds = Bounds(minimum=0, maximum=100)

    assert qualities(bounds, 50, 101, -1, 100) == [GOOD, SUSPECT, SUSPECT, GOOD]


def test_suspect_value_is_kept_for_people():
    assert Watch(Bounds(maximum=100)).judge(Judged(6553.5, GOOD)) == Judged(6553.5, SUSPECT)


def test_spike_is_suspect_and_forgotten():
    assert qualities(Bounds(max_step=5), 50, 90, 51) == [GOOD, SUSPECT, GOOD]


def test_jump_is_believed_when_a_second_sample_confirms_it():
    assert qualities(Bounds(max_step=5), 50, 90, 91, 92) == [GOOD, SUSPECT, GOOD, GOOD]


def test_two_different_spikes_do_not_confirm_each_other():
    assert qualities(Bounds(max_step=5), 50, 90, 10, 50) == [GOOD, SUSPECT, SUSPECT, GOOD]


def test_zero_after_other_values_is_believed_the_third_time():
    bounds = Bounds(zero_suspect=True, max_step=10)

    assert qualities(bounds, 64, 0, 0, 0, 0) == [GOOD, SUSPECT, SUSPECT, GOOD, GOOD]


def test_single_zero_passes_by():
    assert qualities(Bounds(zero_suspect=True), 64, 0, 64, 0) == [GOOD, SUSPECT, GOOD, SUSPECT]


def test_what_is_missing_stays_missing():
    assert Watch(Bounds(minimum=1)).judge(MISSING) == MISSING


def test_text_has_no_bounds():
    assert Watch(Bounds(minimum=1)).judge(Judged("grid", GOOD)).quality is GOOD


def test_worst_quality_wins():
    assert worst([GOOD, Quality.ASLEEP, SUSPECT]) is Quality.ASLEEP
    assert worst([]) is GOOD
