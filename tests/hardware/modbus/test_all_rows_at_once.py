"""Everything that goes wrong on a line, in any order: no wrong number is ever good."""

import asyncio
import random
from dataclasses import dataclass, field, replace

import pytest
from chaos import (
    ILLEGAL_ADDRESS,
    NO_ANSWER,
    Asked,
    ChaosDevice,
    all_ones,
    as_function,
    cut,
    delayed,
    drip,
    from_unit,
    garbled,
    honest,
    late,
    long,
    numbered,
    pack,
    refusing,
    reset,
    short,
    silent,
)
from reading import TIMEOUT_S, reader_of

from hardware.modbus.profile import load_profile, profile_names
from hardware.sim.served import image_of_profile
from hardware.sim.server import Image
from solard.core.readings import Quality

PLACES = (*range(6), *range(50, 56))
BODY = "points:\n" + "\n".join(f"  p{at}: {{addr: {at}, unit: W, max: 20000}}" for at in PLACES)
TRUTH = {at: 1000 + 10 * at for at in PLACES}
FAULTS = (
    *(silent, cut, reset, drip, short, long, all_ones),
    *(delayed(TIMEOUT_S / 4), late(TIMEOUT_S * 1.2, (66,) * 6)),
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
    # An answer of two words within the time fits none of these questions of six.
    faults = (*FAULTS, late(TIMEOUT_S / 2), *((garbled,) if rtu else ()))
    chaos = ChaosDevice({1: dict(TRUTH)}, rtu=rtu)
    async with reader_of(chaos, BODY, {f"p{at}": TRUTH[at] for at in PLACES}) as reader:
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


@dataclass
class Noon(ChaosDevice):
    """A device of a family at noon, with the holding and the input registers apart."""

    image: Image = field(default_factory=dict)

    def pdu(self, asked: Asked) -> bytes:
        served = self.image.get(asked.unit)
        if served is None:
            return bytes([asked.function | 0x80, NO_ANSWER])
        registers = served.holding if asked.function == 3 else served.input
        words = [registers.get(at) for at in range(asked.address, asked.address + asked.count)]
        known = [word for word in words if word is not None]
        if len(known) < len(words):
            return bytes([asked.function | 0x80, ILLEGAL_ADDRESS])
        return pack(asked.function, known)


@pytest.mark.slow
@pytest.mark.parametrize("rtu", [False, True])
@pytest.mark.parametrize("name", profile_names())
async def test_no_fault_makes_a_family_tell_a_wrong_number(name: str, rtu: bool) -> None:
    profile = load_profile(name)
    quick = replace(
        profile.limits,
        **{"timeout_s": TIMEOUT_S, "connect_delay_s": 0.0, "request_gap_s": 0.0},
        **{"busy_wait_s": 0.01, "unit_rest_s": 0.05},
    )
    profile = replace(profile, limits=quick)
    chance = random.Random(4)
    chaos = Noon({}, rtu=rtu, image=image_of_profile(profile))
    faults = (*FAULTS, garbled) if rtu else FAULTS
    async with reader_of(chaos, profile, {}, strict=False) as reader:
        first = await reader.poll()
        held = {one.name: one.value for one in first.points if one.quality is Quality.GOOD}
        reader.now_true(**held)
        reader.witness.strict = True
        for _ in range(50):
            chaos.faults.clear()
            if chance.random() < 0.6:
                chaos.next(*[honest] * chance.randrange(8), chance.choice(faults))
            await reader.poll()
        chaos.faults.clear()
        for _ in range(8):
            await reader.poll()
            await asyncio.sleep(0.06)
        assert await reader.polls_until_well() == 1
