"""Exactly what each card is told, in order: read a change before you keep it.

A write too many is a card that flickers, one too few a card that nobody holds.
"""

import pytest
from rigs import eventually

GOLDEN = {
    "NVIDIA GeForce RTX 4090": [
        "persistence on",
        "limit 300 W",
        "limit 420 W",
        "limit 150 W",
        "limit 450 W",
        "persistence off",
    ],
    "NVIDIA GeForce RTX 3090": [
        "persistence on",
        "limit 250 W",
        "limit 100 W",
        "clocks 210 to 210 MHz",
        "limit 220 W",
        "clocks free",
        "limit 100 W",
        "limit 350 W",
        "persistence off",
    ],
    "NVIDIA RTX A4000": [
        "persistence on",
        "limit 100 W",
        "limit 130 W",
        "limit 100 W",
        "limit 140 W",
        "persistence off",
    ],
    "NVIDIA GeForce RTX 4060 Laptop GPU": [
        "persistence on",
        "clocks 210 to 1988 MHz",
        "clocks 210 to 210 MHz",
        "clocks free",
        "persistence off",
    ],
}


def test_ordered_writes_of_a_day(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((0, 300.0), (1, 250.0), (2, 20.0), (3, 60.0))
    keeper.set((0, 300.0), (1, 250.0), (2, 20.0), (3, 60.0))  # a renewal writes nothing
    park(keeper, 1)
    keeper.set((0, 420.0), (1, 220.0), (2, 130.0), (3, 60.0))
    settle(nvml, [420.0, 220.0, 130.0])
    keeper.ask("failsafe")
    settle(nvml, [150.0, 100.0, 100.0])
    keeper.stop()

    assert {name: nvml.told(index) for index, name in enumerate(GOLDEN)} == GOLDEN


@pytest.mark.parametrize("watts", [450.0, 449.6])
def test_a_limit_that_a_card_has_already_is_not_written(nvml, start_keeper, watts):
    keeper = start_keeper(nvml)
    keeper.set((0, watts))
    keeper.stop()

    assert nvml.told(0) == ["persistence on", "persistence off"]


def park(keeper, index: int) -> None:
    wish = {"gpu_id": keeper.driver.gpu_ids[index], "limit_w": 100.0, "parked": True}
    keeper.ask("set", limits=[wish])
    eventually(lambda: keeper.driver.clock_mhz(index), 210)


def settle(nvml, limits: list[float]) -> None:
    assert eventually(lambda: nvml.power_limits()[:3], limits) == limits
