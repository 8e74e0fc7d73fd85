"""A meter that was mounted backwards: one key turns its quantity and all that rests on it."""

from chaos import ChaosDevice, on_line
from reading import link_to, profile_of

from hardware.modbus.device import ModbusDevice
from hardware.modbus.profile import Profile, load_profile
from hardware.modbus.turn import turn

BODY = """
points:
  pv_power: {addr: 0, unit: W}
  grid_l1: {addr: 1, type: i16, unit: W, min: -100, max: 9000}
  grid_l2: {addr: 2, type: i16, unit: W}
  grid_voltage: {addr: 3, unit: V}
derived:
  grid_power: {sum: grid_l*, unit: W}
  load_power: {sum: [pv_power, grid_power], unit: W}
"""


async def values(profile: Profile, words: list[int]) -> dict[str, object]:
    async with on_line(ChaosDevice({1: dict(enumerate(words))})) as chaos:
        link = link_to(chaos, profile.limits)
        points = await ModbusDevice("it", profile, link).poll()
        await link.close()
    return {point.name: (point.value, point.quality.value) for point in points}


async def test_quantity_its_parts_and_what_is_made_of_it_are_turned_and_nothing_else():
    profile = turn(profile_of(BODY), ["grid_power"])

    assert await values(profile, [3000, 800, 100, 230]) == {
        "pv_power": (3000, "good"),
        "grid_l1": (-800, "good"),
        "grid_l2": (-100, "good"),
        "grid_voltage": (230, "good"),
        "grid_power": (-900, "good"),
        "load_power": (2100, "good"),
    }


async def test_bounds_turn_along():
    seen = await values(turn(profile_of(BODY), ["grid_power"]), [0, 65536 - 200, 0, 230])

    assert seen["grid_l1"] == (200, "suspect")


def test_nothing_named_is_nothing_turned():
    profile = load_profile("sunspec")

    assert turn(profile, ()) is profile
