"""Heat is worth something while a room is colder than wanted, and nothing else."""

import pytest

from solard.core.heat import Heat
from solard.core.rules.merit_order import WorkStep, Worth
from solard.core.state import Seen

SHED = Heat(device_id="shed", wanted_below_c=17.0, worth_per_kwh=0.06)


@pytest.mark.parametrize(
    ("temperature_c", "worth"), [(12.0, 0.06), (17.0, 0.0), (25.0, 0.0), (None, 0.0)]
)
def test_cold_room_is_worth_it_and_an_unknown_one_is_not(
    temperature_c: float | None, worth: float
) -> None:
    assert SHED.per_kwh((Seen(device_id="shed", temperature_c=temperature_c),)) == worth


def test_another_rooms_cold_does_not_count() -> None:
    assert SHED.per_kwh((Seen(device_id="attic", temperature_c=1.0),)) == 0.0


def test_each_kwh_of_work_earns_its_heat_too() -> None:
    step = WorkStep(width_w=100.0, gain=0.5)
    cold = Worth(per_work=0.0002, per_kwh=0.0, is_money=True, heat_per_kwh=0.06)

    assert cold.earns(step) == pytest.approx(0.10 + 0.06)
