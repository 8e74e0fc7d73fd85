"""What goes wrong with answers, row by row: the number in a test's name is the failure's.

The chaos device drives each row. A witness fails the test where any value was ever good that was
not true, and `polls_until_well` counts the polls until every true value was good again.
"""

import asyncio
import logging

import pytest
from chaos import (
    BUSY,
    Asked,
    ChaosDevice,
    Fault,
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
    only_unit,
    refusing,
    reset,
    short,
    silent,
)
from reading import HYBRID, TIMEOUT_S, hybrid, reader_of, two_units

from hardware.modbus.counters import LinkCounters
from hardware.modbus.question import rtu_checksum
from solard.core.readings import Quality

GOOD, MISSING = Quality.GOOD, Quality.MISSING


async def test_row_02_busy_device_is_asked_again_in_the_same_poll_and_is_never_a_value():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        chaos.next(refusing(BUSY))
        assert await reader.polls_until_well() == 1
        chaos.next(refusing(BUSY), refusing(BUSY))
        twice = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert twice.quality("pv_power") is MISSING
    assert "device busy" in twice.error
    assert len(chaos.asked) == 5


async def test_row_02_values_that_came_before_a_busy_block_wait_for_the_whole_poll():
    chaos = ChaosDevice({1: {0: 1, 50: 2}})
    body = "points: {a: {addr: 0}, b: {addr: 50}}"
    async with reader_of(chaos, body, {"a": 1, "b": 2}) as reader:
        chaos.next(honest, refusing(BUSY), refusing(BUSY))
        half = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert half.points == ()


@pytest.mark.parametrize("delay_s", [1.5 * TIMEOUT_S, 2.5 * TIMEOUT_S])
async def test_row_05_late_answer_never_shifts_those_after_it(delay_s: float):
    chaos = ChaosDevice({1: {0: 1, 10: 2, 20: 3}})
    body = "points: {a: {addr: 0}, b: {addr: 10}, c: {addr: 20}}"
    async with reader_of(chaos, body, {"a": 1, "b": 2, "c": 3}) as reader:
        chaos.next(late(delay_s, [99]))
        lost = await reader.poll()
        assert await reader.polls_until_well() == 1
        await asyncio.sleep(delay_s)
        assert await reader.polls_until_well() == 1

    assert lost.quality("a") is MISSING
    assert "no answer to registers 0" in lost.error


@pytest.mark.parametrize("by", [-1, 1, 7])
async def test_row_05_answer_with_another_questions_number_is_no_answer(by: int):
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.next(numbered(by))
        shifted = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert shifted.quality("pv_power") is MISSING
    assert "answered transaction" in shifted.error


async def test_row_05_late_answer_of_a_dead_unit_is_thrown_away_by_its_number():
    chaos = ChaosDevice({1: hybrid(), 2: hybrid()})
    async with two_units(chaos) as (one, other):
        assert await one.polls_until_well() == 1
        chaos.next(late(1.2 * TIMEOUT_S, [99] * 6))
        lost = await other.poll()
        chaos.next(delayed(0.5 * TIMEOUT_S))
        assert await one.polls_until_well() == 1
        assert await other.polls_until_well() == 1

    assert lost.quality("pv_power") is MISSING
    assert chaos.connections == 1


async def test_row_06_gateway_with_numbers_of_its_own_is_told_and_may_be_allowed():
    chaos = ChaosDevice({1: hybrid()}, always=numbered(1))
    async with reader_of(chaos) as strict:
        refused = await strict.poll()
    async with reader_of(chaos, tolerant=True) as tolerant:
        assert await tolerant.polls_until_well() == 1
        chaos.next(from_unit(9))
        foreign = await tolerant.poll()
        assert await tolerant.polls_until_well() == 1
        chaos.next(short)
        cropped = await tolerant.poll()
        assert await tolerant.polls_until_well() == 1

    qualities = [one.quality("pv_power") for one in (refused, foreign, cropped)]
    assert qualities == [MISSING] * 3
    assert "write `transaction: any` for the device" in refused.error
    assert "unit 9 answered in its place" in foreign.error
    assert "where 15 answer registers" in cropped.error


@pytest.mark.parametrize("delay_s", [1.2 * TIMEOUT_S, 1.8 * TIMEOUT_S])
async def test_row_07_late_answer_on_an_rtu_line_is_never_the_next_ones(delay_s: float):
    chaos = ChaosDevice({1: {0: 1, 10: 2}}, rtu=True)
    body = "points: {a: {addr: 0}, b: {addr: 10}}"
    async with reader_of(chaos, body, {"a": 1, "b": 2}) as reader:
        chaos.next(late(delay_s, [99]))
        lost = await reader.poll()
        assert await reader.polls_until_well() == 1
        await asyncio.sleep(delay_s)
        assert await reader.polls_until_well() == 1

    assert lost.quality("a") is MISSING


async def test_row_07_late_answer_that_comes_over_the_same_line_is_told_by_its_length():
    """A gateway keeps the bytes of the line for whoever connects next."""
    chaos = ChaosDevice({1: {0: 1}}, rtu=True)
    stale = b"\x01\x03\x02\x00\x63"

    async def with_leftovers(
        device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(stale + rtu_checksum(stale))
        await writer.drain()
        await asyncio.sleep(0.02)
        await honest(device, asked, writer)

    async with reader_of(chaos, "points: {a: {addr: 0}}", {"a": 1}) as reader:
        chaos.next(silent, with_leftovers)
        lost = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert lost.quality("a") is MISSING


@pytest.mark.parametrize("fault", [short, long, cut, reset, as_function(4), from_unit(3), garbled])
async def test_row_09_frame_of_another_shape_is_discarded_whole(fault: Fault):
    chaos = ChaosDevice({1: hybrid()}, rtu=fault is garbled)
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.next(fault)
        broken = await reader.poll()

        assert await reader.polls_until_well() == 1

    assert broken.error
    assert broken.points == ()


async def test_row_09_answer_that_drips_in_is_whole():
    chaos = ChaosDevice({1: hybrid()}, always=drip)
    async with reader_of(chaos, timeout_s=5.0) as reader:
        assert await reader.polls_until_well() == 1


async def test_row_10_illegal_address_costs_its_own_point_and_comes_back_without_a_reconnect(
    caplog,
):
    chaos = ChaosDevice({1: {0: 1, 1: 2, 3: 4}})
    body = "points: {a: {addr: 0}, b: {addr: 1}, c: {addr: 2}, d: {addr: 3}}"
    truth = {"a": 1, "b": 2, "c": None, "d": 4}
    caplog.set_level(logging.INFO)
    async with reader_of(chaos, body, truth, ask_again_s=0.05) as reader:
        assert await reader.polls_until_well() == 1
        without = await reader.poll()
        chaos.units[1][2] = 3
        reader.now_true(c=3)
        await asyncio.sleep(0.06)
        assert await reader.polls_until_well() == 1

    assert without.quality("c") is MISSING
    assert chaos.connections == 1
    assert sum("point left out: name=c" in one.message for one in caplog.records) == 1
    assert sum("point is back: name=c" in one.message for one in caplog.records) == 1


async def test_row_10_device_without_an_essential_register_is_an_error_until_it_has_it():
    chaos = ChaosDevice({1: {0: 1}})
    body = "points: {a: {addr: 0}, power: {addr: 9, essential: true}}"
    async with reader_of(chaos, body, {"a": 1, "power": 700}) as reader:
        booting = await reader.poll()
        chaos.units[1][9] = 700
        assert await reader.polls_until_well() == 1

    assert booting.quality("a") is MISSING
    assert "has no power at register 9" in booting.error
    assert chaos.connections == 1


METER = """
points:
  power_total: {addr: 0, unit: W}
  power_l1: {addr: 50, unit: W}
derived:
  grid_power: {first: [power_total, power_l1], unit: W}
  both: {sum_known: [power_total, power_l1], unit: W}
  most: {least: [power_total, power_l1], unit: W}
"""


async def test_row_10_nothing_stands_in_for_a_register_that_was_there_and_is_refused():
    chaos = ChaosDevice({1: {0: 900, 50: 300}})
    truth = {"power_total": 900, "power_l1": 300, "grid_power": 900, "both": 1200, "most": 300}
    async with reader_of(chaos, METER, truth, unit_rest_s=0.05) as reader:
        assert await reader.polls_until_well() == 1
        chaos.next(refusing(2))
        without = await reader.poll()
        await asyncio.sleep(0.06)
        assert await reader.polls_until_well() == 1

    missing = {name for name in truth if without.quality(name) is MISSING}
    assert missing == {"power_total", "grid_power", "both", "most"}


async def test_row_10_register_that_was_never_there_lets_another_stand_in():
    chaos = ChaosDevice({1: {50: 300}})
    truth = {"power_total": None, "power_l1": 300, "grid_power": 300, "both": 300, "most": 300}
    async with reader_of(chaos, METER, truth) as reader:
        assert await reader.polls_until_well() == 1


RARE = "points: {a: {addr: 0}, b: {addr: 50, group: slow}, c: {addr: 90, group: once}}"


async def test_row_10_what_is_rarely_read_and_was_lost_is_asked_for_in_the_next_poll():
    chaos = ChaosDevice({1: {0: 1, 50: 2, 90: 3} | dict.fromkeys(range(91, 94), 0)})
    body = RARE.replace("c: {addr: 90", "c: {addr: 90, type: u64")
    truth = {"a": 1, "b": 2, "c": 3 << 48}
    async with reader_of(chaos, body, truth, unit_rest_s=0.0) as reader:
        assert await reader.polls_until_well() == 1
        await reader.polls(9)
        chaos.next(honest, refusing(2))
        lost = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert lost.quality("b") is MISSING


async def test_row_26_and_27_reader_asks_and_never_writes_nor_falls_back_to_another_function():
    chaos = ChaosDevice({1: {0: 1, 1: 2}}, always=refusing(1))
    body = "points: {a: {addr: 0, fc: 4}, b: {addr: 1, fc: 3}}"
    async with reader_of(chaos, body, {"a": 1, "b": 2}) as reader:
        seen = await reader.polls(3)
        chaos.always = None
        assert await reader.polls_until_well() == 1

    assert [one.quality("a") for one in seen] == [MISSING] * 3
    assert all("illegal function" in one.error for one in seen)
    assert {(asked.address, asked.function) for asked in chaos.asked} == {(0, 4), (1, 3)}


async def test_row_30_second_master_on_the_line_is_counted_and_disturbs_no_value():
    chaos = ChaosDevice({1: {0: 5}}, rtu=True)
    foreign = b"\x07\x03\x04\x00\x63\x00\x63"
    async with reader_of(chaos, "points: {a: {addr: 0}}", {"a": 5}) as reader:
        await reader.poll()
        chaos.to_all(foreign + rtu_checksum(foreign))
        await asyncio.sleep(0.01)
        assert await reader.polls_until_well() == 1
        chaos.next(garbled)
        broken = await reader.poll()
        assert await reader.polls_until_well() == 1

    assert broken.quality("a") is MISSING
    assert "checksum is wrong" in broken.error
    assert reader.link.counters.strays >= 1
    assert reader.link.counters.checksums == 1


def test_row_30_line_that_loses_one_answer_in_twenty_says_why():
    """What the counts of a line mean: no value is published of them."""
    garbles = LinkCounters(questions=200, desyncs=8, timeouts=2, checksums=8)
    mixes = LinkCounters(questions=200, desyncs=10)
    slow = LinkCounters(questions=200, timeouts=10)

    assert "second master" in (garbles.complaint() or "")
    assert "the gateway mixes its clients up" in (mixes.complaint() or "")
    assert "too many clients, or a weak network" in (slow.complaint() or "")
    assert LinkCounters(questions=199, timeouts=100).complaint() is None
    assert LinkCounters(questions=2000, timeouts=99).complaint() is None


@pytest.mark.parametrize("dead_way", [refusing(11), silent])
async def test_row_34_dead_unit_behind_a_gateway_costs_the_others_nothing_and_may_come_back(
    dead_way: Fault,
):
    chaos = ChaosDevice({1: hybrid(), 2: hybrid()}, always=only_unit(2, dead_way))
    async with two_units(chaos, unit_rest_s=0.3) as (live, dead):
        for _ in range(6):
            assert await live.polls_until_well() == 1
            await dead.poll()
        asked_in_six = [asked.unit for asked in chaos.asked].count(2)
        chaos.always = None
        await asyncio.sleep(0.3)
        assert await dead.polls_until_well() == 1

    assert [one.quality("pv_power") for one in dead.seen[:6]] == [MISSING] * 6
    assert "left alone for 0 s so that they are not kept waiting" in dead.seen[5].error
    assert asked_in_six == 3
    assert chaos.connections == 1


async def test_row_34_unit_that_a_gateway_does_not_know_is_told_and_rests_five_seconds():
    chaos = ChaosDevice({1: hybrid()})
    async with two_units(chaos) as (live, dead):
        await live.poll()
        await dead.polls(4)
        assert await live.polls_until_well() == 1

    assert "no unit 2 behind it (exception 11" in dead.seen[0].error
    assert "left alone for 5 s so that they are not kept waiting" in dead.seen[-1].error


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 0x55])
async def test_every_exception_code_is_a_sentence_or_a_point_left_out_and_never_a_number(code: int):
    chaos = ChaosDevice({1: hybrid()}, always=refusing(code))
    async with reader_of(chaos, HYBRID) as reader:
        refused = await reader.poll()
        chaos.always = None
        assert await reader.polls_until_well() == 1

    assert refused.error
    assert refused.points == ()
