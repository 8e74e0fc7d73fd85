"""What goes wrong with the connection, row by row: the number in a test's name is the failure's.

The chaos device drives each row. A witness fails the test where any value was ever good that was
not true, and `polls_until_well` counts the polls until every true value was good again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from chaos import (
    Asked,
    ChaosDevice,
    deaf_at_first,
    delayed,
    half_open,
    honest,
    hurried,
    late,
    silent,
)
from reading import HYBRID, Listener, hybrid, reader_of, two_units

from hardware.modbus.device import ModbusDevice
from hardware.poller import Backoff, Poller
from solard.core.readings import PointReading, Quality
from solard.system.clock import SystemClock

GOOD, MISSING = Quality.GOOD, Quality.MISSING


@contextlib.asynccontextmanager
async def polled(poller: Poller) -> AsyncIterator[None]:
    """Let a poller run as long as the block lasts."""
    task = asyncio.create_task(poller.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(listener: Listener, count: int) -> None:
    async with asyncio.timeout(20.0):  # a test that fails should end
        while len(listener.readings) < count:
            await asyncio.sleep(0.001)


async def test_row_01_place_taken_by_another_client_is_told_and_used_when_free():
    chaos = ChaosDevice({1: hybrid()}, clients=1)
    async with reader_of(chaos) as reader:
        _, other = await asyncio.open_connection("127.0.0.1", chaos.port)
        while not chaos.connections:
            await asyncio.sleep(0)
        taken = await reader.poll()
        other.close()
        await chaos.is_left()

        assert await reader.polls_until_well() == 1

    assert taken.quality("pv_power") is MISSING
    assert "most inverters serve one Modbus client: is another one connected?" in taken.error


async def test_row_01_units_of_one_address_share_one_connection():
    chaos = ChaosDevice({1: hybrid(), 2: hybrid()}, clients=1)
    async with two_units(chaos) as readers:
        counts = await asyncio.gather(*(one.polls_until_well() for one in readers))

    assert counts == [1, 1]
    assert chaos.connections == 1


async def test_row_01_place_may_be_given_up_between_polls_and_the_device_is_still_known():
    chaos = ChaosDevice({1: {0: 5}}, clients=1)
    body = "points: {a: {addr: 0}, b: {addr: 1}}"
    async with reader_of(chaos, body, {"a": 5}, options={"close_after_poll": True}) as reader:
        for _ in range(3):
            assert await reader.polls_until_well() == 1
            await chaos.is_left()

    assert chaos.connections == 3
    assert [(one.address, one.count) for one in chaos.asked[-2:]] == [(0, 1), (0, 1)]


async def test_row_03_first_question_waits_until_a_fresh_connection_listens():
    chaos = ChaosDevice({1: hybrid()}, always=deaf_at_first(0.03))
    async with reader_of(chaos, connect_delay_s=0.08) as reader:
        assert await reader.polls_until_well() == 1
        chaos.hang_up()
        await chaos.is_left()
        assert await reader.polls_until_well() == 1
    async with reader_of(chaos, connect_delay_s=0.0) as hasty:
        assert (await hasty.poll()).quality("pv_power") is MISSING


async def test_row_04_slow_device_is_waited_for_and_polled_at_half_its_pace():
    chaos = ChaosDevice({1: hybrid()}, always=delayed(0.15))
    listener = Listener()
    options = {"period_s": 0.01, "min_interval_s": 0.0}
    async with reader_of(chaos, timeout_s=5.0, options=options) as reader:
        poller = Poller([reader.device], SystemClock(), listener)
        async with polled(poller):
            await heard(listener, 1)
            period_s = poller.health()[0].period_s
        reader.witness.hear(listener.readings[0].points)
        chaos.always = None
        assert await reader.polls_until_well() == 1

    assert listener.readings[0].number("pv_power") == 3000
    assert listener.witness.lies == []
    assert period_s >= 0.3, "it is polled every 0.2 s otherwise"


async def test_row_04_answer_beyond_the_limit_costs_its_own_poll_only():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        chaos.next(delayed(0.3))
        lost = await reader.poll()

        assert await reader.polls_until_well() == 1

    assert lost.quality("pv_power") is MISSING


async def test_row_21_line_that_was_hung_up_while_idle_costs_no_poll():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.hang_up()
        await chaos.is_left()

        assert await reader.polls_until_well() == 1

    assert chaos.connections == 2


async def test_row_21_half_open_line_costs_one_poll_and_the_next_one_is_well():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.always = half_open(chaos)
        lost = await reader.poll()

        assert await reader.polls_until_well() == 1

    assert lost.quality("pv_power") is MISSING
    assert "no answer to registers 0–5" in lost.error
    assert chaos.connections == 2


async def test_row_21_device_that_comes_back_after_a_night_is_read_at_the_next_try():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        await chaos.stop()
        away = await reader.polls(5)
        await chaos.start()

        assert await reader.polls_until_well() == 1

    assert [seen.quality("pv_power") for seen in away] == [MISSING] * 5
    assert "refuses the connection" in away[-1].error


async def test_row_21_tries_go_on_for_ever_and_the_first_after_the_return_is_good():
    chaos = ChaosDevice({1: hybrid()})
    listener = Listener()
    async with reader_of(chaos, options={"min_interval_s": 0.0}) as reader:
        await reader.poll()
        await chaos.stop()
        poller = Poller([reader.device], SystemClock(), listener, Backoff(first_s=0.0))
        async with polled(poller):
            await heard(listener, 30)
            await chaos.start()
            away = len(listener.readings)
            async with asyncio.timeout(20.0):
                while not listener.readings[-1].points:
                    await asyncio.sleep(0.001)

    assert {reading.points for reading in listener.readings[:away]} == {()}
    assert len(listener.readings) - away <= 2, "one may have been under way"
    assert listener.readings[-1].number("pv_power") == 3000
    assert listener.witness.lies == []


def test_row_21_waits_grow_from_half_a_second_to_a_minute_for_ever_and_never_in_step():
    """The pace of the tries alone: what they publish is the tests' above."""
    backoff = Backoff()
    waits = [[backoff.delay_s(failures) for _ in range(50)] for failures in (1, 4, 100, 152, 5000)]

    assert [
        (0.75 * most <= min(some) < max(some) <= most)
        for some, most in zip(waits, (0.5, 4.0, 4.0, 16.0, 60.0), strict=True)
    ] == [True] * 5


async def test_row_22_long_refusal_after_good_days_points_at_the_menu():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos, options={"long_away_s": 0.05}) as reader:
        await reader.poll()
        await chaos.stop()
        soon = await reader.poll()
        await asyncio.sleep(0.06)
        later = await reader.poll()
        await chaos.start()

        assert await reader.polls_until_well() == 1

    assert [soon.quality("pv_power"), later.quality("pv_power")] == [MISSING, MISSING]
    assert "firmware update" not in soon.error
    assert (
        "a firmware update may have switched Modbus off; look in the inverter's menu" in later.error
    )


async def test_row_22_night_is_no_reason_to_look_in_the_menu_and_day_counts_from_dawn():
    chaos = ChaosDevice({1: hybrid()})
    night = False
    options = {"long_away_s": 0.3, "is_dark": lambda: night}
    async with reader_of(chaos, options=options) as reader:
        await reader.poll()
        await chaos.stop()
        night = True
        at_night = []
        for _ in range(3):
            at_night.append(await reader.poll())
            await asyncio.sleep(0.03)
        night = False
        at_dawn = await reader.poll()
        await asyncio.sleep(0.31)
        by_day = await reader.poll()
        await chaos.start()

        assert await reader.polls_until_well() == 1

    assert not [one for one in (*at_night, at_dawn) if "firmware update" in one.error]
    assert "has been away for long by day: a firmware update" in by_day.error


async def test_row_23_other_unit_ids_are_named_and_never_tried():
    chaos = ChaosDevice({3: hybrid()}, always=silent)
    body = f"unit: {{default: 247, candidates: [1, 2]}}\n{HYBRID}"
    async with reader_of(chaos, body, unit=3) as reader:
        wrong = await reader.polls(2)
        chaos.always = None  # the installer gives the inverter the id that is asked for

        assert await reader.polls_until_well() == 1

    assert [one.quality("pv_power") for one in wrong] == [MISSING, MISSING]
    assert "Is unit 3 right? A test device usually is 247 or 1 or 2" in wrong[0].error
    assert {asked.unit for asked in chaos.asked} == {3}


APART = "points: {a: {addr: 0}, b: {addr: 50}, c: {addr: 90}}"


async def test_row_33_questions_keep_the_distance_that_the_device_wants():
    at: list[float] = []

    async def note(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        at.append(asyncio.get_running_loop().time())
        await honest(device, asked, writer)

    chaos = ChaosDevice({1: {0: 1, 50: 2, 90: 3}}, always=note)
    async with reader_of(chaos, APART, {"a": 1, "b": 2, "c": 3}, request_gap_s=0.02) as reader:
        await reader.polls(2)

    assert len(at) == 6
    assert all(later - earlier >= 0.02 for earlier, later in pairwise(at))


async def test_row_33_device_that_swallows_hasty_questions_loses_none_of_ours():
    chaos = ChaosDevice({1: {0: 1, 50: 2, 90: 3}}, always=hurried(0.02))
    truth = {"a": 1, "b": 2, "c": 3}
    async with reader_of(chaos, APART, truth, request_gap_s=0.03) as patient:
        assert await patient.polls_until_well() == 1
    async with reader_of(chaos, APART, truth, request_gap_s=0.0) as hasty:
        assert (await hasty.poll()).quality("a") is MISSING


class StuckDevice:
    """Its poll swallows the cancel that should end it, once."""

    device_id = "stuck"
    period_s = 0.0
    min_interval_s = 0.0

    def __init__(self, within: ModbusDevice) -> None:
        self.within = within
        self.polls = 0
        self.resets = 0
        self.release = asyncio.Event()

    async def poll(self) -> tuple[PointReading, ...]:
        self.polls += 1
        while self.polls == 1 and not self.release.is_set():
            try:
                await self.release.wait()
            except asyncio.CancelledError:
                continue
        return await self.within.poll()

    async def close(self) -> None:
        self.release.set()

    def reset(self) -> None:
        self.resets += 1
        self.within.reset()


async def test_row_35_poll_that_nobody_can_end_is_replaced(caplog: pytest.LogCaptureFixture):
    chaos = ChaosDevice({1: hybrid()})
    listener = Listener()
    async with reader_of(chaos) as reader:
        await reader.poll()
        stuck = StuckDevice(reader.device)
        poller = Poller([stuck], SystemClock(), listener, longest_poll_s=0.02, stuck_s=0.03)
        async with polled(poller):
            try:
                await heard(listener, 1)
            finally:
                stuck.release.set()

    assert listener.readings[0].number("pv_power") == 3000
    assert listener.witness.lies == []
    assert stuck.resets == 1
    assert [one.message for one in caplog.records if "stuck and begins anew" in one.message]


@pytest.mark.parametrize("rtu", [False, True])
async def test_row_35_cancelled_poll_leaves_a_line_that_works(rtu: bool):
    chaos = ChaosDevice({1: hybrid()}, rtu=rtu)
    async with reader_of(chaos, timeout_s=5.0) as reader:
        await reader.poll()
        chaos.next(late(0.02, [66] * 6))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await reader.device.poll()

        assert await reader.polls_until_well() == 1
        await asyncio.sleep(0.02)
        assert await reader.polls_until_well() == 1
