"""A calibration as a value: looked up by the sun's direction and by lead."""

from dataclasses import replace

import pytest

from solard.core.calibration import Calibration, LeadSpread
from solard.core.codec import Codec
from tests.scheduler.skies import MONDAY

NEAR, FAR = (
    LeadSpread(until_h=3.0, low=-0.1, high=0.1),
    LeadSpread(until_h=48.0, low=-0.3, high=0.2),
)
PLAIN = Calibration(
    made_at=MONDAY, learned_slots=0, shape=(1.0,) * 72, spreads=(NEAR, FAR), house_w=()
)


def bent(**bins: float) -> Calibration:
    shape = list(PLAIN.shape)
    for name, value in bins.items():
        shape[int(name.removeprefix("bin"))] = value
    return replace(PLAIN, shape=tuple(shape))


def test_middle_of_a_bin_is_its_own_value() -> None:
    assert bent(bin36=0.5).shape_at(182.5) == 0.5


def test_between_two_middles_the_shape_is_linear() -> None:
    assert bent(bin36=0.5).shape_at(185.0) == pytest.approx(0.75)


def test_north_joins_the_last_bin_to_the_first() -> None:
    assert bent(bin71=0.0).shape_at(0.0) == pytest.approx(0.5)
    assert bent(bin71=0.0).shape_at(360.0) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("lead_h", "expected"), [(0.0, NEAR), (3.0, NEAR), (3.1, FAR), (99.0, FAR)]
)
def test_spread_is_that_of_its_lead_and_the_last_one_holds_on(
    lead_h: float, expected: LeadSpread
) -> None:
    assert PLAIN.spread_at(lead_h) == expected


def test_calibration_survives_its_trip_through_json() -> None:
    codec = Codec()

    assert codec.loads(Calibration, codec.dumps(PLAIN)) == PLAIN
