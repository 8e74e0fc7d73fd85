"""What a SunSpec hybrid shows of the plant: a chain of models, scale factors, signs."""

from dataclasses import replace

import pytest

from hardware.sim.kinds import GRID_HOME
from hardware.sim.picture import PlantPicture
from hardware.sim.sunspec import sunspec_image
from solard.core.plant import PlantFlows, PlantState
from solard.core.state import Supply

FLOWS = PlantFlows(
    supply=Supply.GRID,
    pv_w=2400.0,
    pv_available_w=2400.0,
    load_w=1100.0,
    grid_w=-300.0,
    battery_w=-1000.0,
    generator_w=0.0,
    unserved_w=0.0,
    max_charge_w=1000.0,
    max_discharge_w=5000.0,
)
STATE = PlantState(soc=0.6049, pv_wh=70000.0, grid_in_wh=1234.0, grid_out_wh=80000.0)


def registers(flows: PlantFlows = FLOWS, *, alarm: bool = False) -> dict[int, int]:
    picture = PlantPicture(spec=GRID_HOME, state=STATE, flows=flows, alarm=alarm)
    return dict(sunspec_image(picture)[1])


def models(words: dict[int, int]) -> dict[int, list[int]]:
    """Walk the chain as a client does: model → its words from ID on."""
    found, at = {}, 40002
    while words[at] != 0xFFFF:
        length = words[at + 1]
        found[words[at]] = [words[place] for place in range(at, at + 2 + length)]
        at += 2 + length
    assert words[at + 1] == 0
    return found


def point(flows: PlantFlows, model: int, offset: int) -> int:
    return models(registers(flows))[model][offset]


def signed(word: int) -> int:
    return word - 65536 if word & 0x8000 else word


def test_chain_begins_with_the_mark_and_has_eight_models_of_their_lengths() -> None:
    words = registers()

    assert (words[40000], words[40001]) == (0x5375, 0x6E53)
    lengths = {model: points[1] for model, points in models(words).items()}
    assert lengths == {1: 66, 103: 50, 120: 26, 122: 44, 124: 24, 160: 88, 203: 105, 802: 62}


def test_inverter_gives_sun_less_charge_to_the_house() -> None:
    assert (point(FLOWS, 103, 14), point(FLOWS, 103, 15)) == (1400, 0)


def test_inverter_says_mppt_throttled_fault_and_standby() -> None:
    throttled = replace(FLOWS, pv_available_w=3000.0)
    night = replace(FLOWS, pv_w=0.0, pv_available_w=0.0, battery_w=0.0)

    assert [point(f, 103, 38) for f in (FLOWS, throttled, night)] == [4, 5, 8]
    assert models(registers(alarm=True))[103][38] == 7


def test_alarm_sets_an_event() -> None:
    assert models(registers(alarm=True))[103][40:42] == [0, 1 << 7]


def test_storage_shows_charge_in_hundredths_of_a_percent() -> None:
    storage = models(registers())[124]

    assert (storage[8], signed(storage[22])) == (6049, -2)
    assert storage[2] == 5000


@pytest.mark.parametrize(
    ("battery_w", "take_w", "give_w", "state"),
    [
        (-1000.0, 1000.0, 5000.0, 4),
        (800.0, 1000.0, 5000.0, 3),
        (0.0, 0.0, 5000.0, 5),
        (0.0, 1000.0, 0.0, 2),
        (0.0, 1000.0, 5000.0, 6),
    ],
)
def test_storage_state(battery_w: float, take_w: float, give_w: float, state: int) -> None:
    flows = replace(FLOWS, battery_w=battery_w, max_charge_w=take_w, max_discharge_w=give_w)

    assert point(flows, 124, 11) == state
    assert point(flows, 802, 16) == state


def test_trackers_show_sun_then_charge_then_discharge() -> None:
    trackers = models(registers())[160]

    modules = [trackers[10 + 20 * n : 30 + 20 * n] for n in range(4)]
    assert trackers[8] == 4
    assert [module[0] for module in modules] == [1, 2, 3, 4]
    assert [module[11] for module in modules] == [2400, 0, 1000, 0]


def test_meter_counts_import_as_positive() -> None:
    buying = replace(FLOWS, grid_w=750.0)

    assert signed(point(FLOWS, 203, 18)) == -300
    assert [point(buying, 203, at) for at in (18, 19, 20, 21)] == [750, 250, 250, 250]


def test_meter_energies_go_each_way() -> None:
    meter = models(registers())[203]

    assert meter[38:40] == [80000 >> 16, 80000 & 0xFFFF]
    assert meter[46:48] == [0, 1234]


def test_battery_counts_discharge_as_positive_and_tells_its_charge_limit() -> None:
    battery = models(registers())[802]

    volts = battery[34] / 10
    assert signed(battery[47]) == -1000
    assert signed(battery[44]) / 100 * volts == pytest.approx(-1000.0, abs=5.0)
    assert battery[45] / 100 * volts == pytest.approx(1000.0, abs=5.0)
    assert battery[11] == 6049


def test_lost_grid_opens_the_switch_and_takes_the_voltage() -> None:
    dark = replace(FLOWS, supply=Supply.ISLAND, grid_w=0.0)

    assert (point(FLOWS, 122, 4), point(FLOWS, 203, 7)) == (1, 2300)
    assert (point(dark, 122, 4), point(dark, 203, 7)) == (0, 0)


def test_only_the_throttled_sun_shows() -> None:
    hidden = replace(FLOWS, pv_available_w=3987.0)

    assert 3987 not in registers(hidden).values()
