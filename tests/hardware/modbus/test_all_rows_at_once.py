"""Everything that goes wrong on a line, in any order: no wrong number is ever good."""

import random

import pytest
from chaos import (
    ChaosDevice,
    all_ones,
    as_function,
    cut,
    delayed,
    drip,
    from_unit,
    garbled,
    late,
    long,
    numbered,
    refusing,
    reset,
    short,
    silent,
)
from reading import TIMEOUT_S, reader_of

from solard.core.readings import Quality

PLACES = (*range(6), *range(50, 56))
BODY = "points:\n" + "\n".join(f"  p{at}: {{addr: {at}, unit: W, max: 20000}}" for at in PLACES)
TRUTH = {at: 1000 + 10 * at for at in PLACES}
FAULTS = (
    *(silent, cut, reset, drip, short, long, all_ones),
    *(delayed(TIMEOUT_S / 4), late(TIMEOUT_S / 2), late(TIMEOUT_S * 1.2, (66,) * 6)),
    *(refusing(code) for code in (1, 2, 4, 6, 10, 11)),
    *(numbered(by) for by in (-1, 0, 1)),
    *(from_unit(2), as_function(4)),
)


@pytest.mark.slow
@pytest.mark.parametrize("rtu", [False, True])
@pytest.mark.parametrize("seed", range(3))
async def test_faults_in_any_order_publish_no_wrong_number_and_leave_no_trace(
    seed: int, rtu: bool
) -> None:
    chance = random.Random(seed)
    faults = (*FAULTS, garbled) if rtu else FAULTS  # only RTU frames carry a checksum
    chaos = ChaosDevice({1: dict(TRUTH)}, rtu=rtu)
    async with reader_of(chaos, BODY) as reader:
        for _ in range(50):
            if chance.random() < 0.6:
                chaos.next(*chance.choices(faults, k=chance.randint(1, 2)))
            await reader.poll()
        chaos.faults.clear()
        well = await reader.poll()
        for _ in range(10):  # one is enough, but for a machine that is busy elsewhere
            well = well if not well.error else await reader.poll()

    wrong = [(at, reader.good(f"p{at}") - {TRUTH[at]}) for at in PLACES]
    assert [one for one in wrong if one[1]] == []
    assert well.error == ""
    assert {point.quality for point in well.points} == {Quality.GOOD}
    assert {point.name for point in well.points} == {f"p{at}" for at in PLACES}
