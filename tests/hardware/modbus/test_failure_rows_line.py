"""What goes wrong on the line, row by row: the number in a test's name is the failure's.

Each row is driven by the chaos device and asserts what was published, after how many polls all was
well again, and that no wrong number was ever published as good.
"""

import asyncio
import logging
from itertools import pairwise

import pytest
from chaos import (
    BUSY,
    NO_ANSWER,
    Asked,
    ChaosDevice,
    all_ones,
    as_function,
    cut,
    deaf_at_first,
    delayed,
    drip,
    from_unit,
    garbled,
    half_open,
    honest,
    late,
    long,
    numbered,
    on_line,
    only_unit,
    pack,
    refusing,
    reset,
    short,
    silent,
)
from reading import HYBRID, TIMEOUT_S, Reader, hybrid, link_to, profile_of, reader_of

from hardware.modbus.counters import LinkCounters
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceError, DeviceTimeout
from hardware.modbus.question import rtu_checksum
from hardware.poller import Backoff, Poller
from solard.core.readings import DeviceReading, PointReading, Quality
from solard.system.clock import SystemClock

GOOD, MISSING = Quality.GOOD, Quality.MISSING


async def test_row_01_place_taken_by_another_client_is_told_and_used_when_free():
    chaos = ChaosDevice({1: hybrid()}, clients=1)
    async with reader_of(chaos) as reader:
        _, other = await asyncio.open_connection("127.0.0.1", chaos.port)
        while not chaos.connections:
            await asyncio.sleep(0)
        taken = await reader.poll()
        other.close()
        while chaos._writers:
            await asyncio.sleep(0.001)
        free = await reader.poll()

    assert "most inverters serve one Modbus client: is another one connected?" in taken.error
    assert free.value("pv_power") == 3000


async def test_row_01_units_of_one_address_share_one_connection():
    chaos = ChaosDevice({1: hybrid(), 2: hybrid()}, clients=1)
    profile = profile_of(HYBRID)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        devices = [ModbusDevice(f"unit{unit}", profile, link, unit) for unit in (1, 2)]
        answers = await asyncio.gather(*(device.poll() for device in devices))
        await link.close()

    assert [points[0].value for points in answers] == [3000, 3000]
    assert chaos.connections == 1


async def test_row_01_place_may_be_given_up_between_polls_and_the_device_is_still_known():
    chaos = ChaosDevice({1: {0: 5}}, clients=1)
    profile = profile_of("points: {a: {addr: 0}, b: {addr: 1}}")
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        device = ModbusDevice("it", profile, link, close_after_poll=True)
        for _ in range(3):
            assert [(one.name, one.value) for one in await device.poll()] == [("a", 5)]
            while chaos._writers:
                await asyncio.sleep(0.001)

    assert chaos.connections == 3
    assert [(one.address, one.count) for one in chaos.asked[-2:]] == [(0, 1), (0, 1)]


async def test_row_02_busy_device_is_asked_again_in_the_same_poll_and_is_never_a_value():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        chaos.next(refusing(BUSY))
        once = await reader.poll()
        chaos.next(refusing(BUSY), refusing(BUSY))
        twice = await reader.poll()
        after = await reader.poll()

    assert once.quality("pv_power") is GOOD
    assert "device busy" in twice.error
    assert after.quality("pv_power") is GOOD
    assert reader.good("pv_power") == {3000}


async def test_row_03_first_question_waits_until_a_fresh_connection_listens():
    chaos = ChaosDevice({1: hybrid()}, always=deaf_at_first(0.03))
    async with reader_of(chaos, connect_delay_s=0.05) as reader:
        assert (await reader.poll()).value("pv_power") == 3000

    assert len(chaos.asked) == 1


async def test_row_04_slow_device_is_waited_for_and_polled_at_half_its_pace():
    chaos = ChaosDevice({1: hybrid()}, always=delayed(0.1))
    readings: asyncio.Queue[DeviceReading] = asyncio.Queue()
    async with reader_of(chaos, timeout_s=5.0) as reader:
        device = ModbusDevice(
            "slow", reader.device.profile, reader.link, period_s=0.01, min_interval_s=0.0
        )
        poller = Poller([device], SystemClock(), readings.put_nowait)
        task = asyncio.create_task(poller.run())
        first = await readings.get()
        period_s = poller.health()[0].period_s
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert first.number("pv_power") == 3000
    assert period_s >= 0.2


@pytest.mark.parametrize("delay_s", [1.5 * TIMEOUT_S, 2.5 * TIMEOUT_S])
async def test_row_05_late_answer_never_shifts_those_after_it(delay_s: float):
    chaos = ChaosDevice({1: {0: 1, 10: 2, 20: 3}})
    body = "points: {a: {addr: 0}, b: {addr: 10}, c: {addr: 20}}"
    async with reader_of(chaos, body) as reader:
        chaos.next(late(delay_s, [99]))
        lost = await reader.poll()
        after = await reader.polls(2)
        await asyncio.sleep(delay_s)
        after += await reader.polls(2)

    assert "no answer to registers 0" in lost.error
    assert [seen.error for seen in after] == [""] * 4
    assert [reader.good(name) for name in "abc"] == [{1}, {2}, {3}]


async def test_row_05_late_answer_of_a_dead_unit_is_thrown_away_by_its_number():
    chaos = ChaosDevice({1: {0: 5}, 2: {0: 7}})
    limits = profile_of("points: {}").limits
    async with on_line(chaos):
        link = link_to(chaos, limits)
        assert await link.read(1, 3, 0, 1) == (5,)
        chaos.next(late(1.2 * TIMEOUT_S, [99]))
        with pytest.raises(DeviceTimeout):
            await link.read(2, 3, 0, 1)
        chaos.next(delayed(0.5 * TIMEOUT_S))
        assert await link.read(1, 3, 0, 1) == (5,)
        assert await link.read(2, 3, 0, 1) == (7,)
        await link.close()

    assert chaos.connections == 1


async def test_row_06_gateway_with_numbers_of_its_own_is_told_and_may_be_allowed():
    chaos = ChaosDevice({1: hybrid()}, always=numbered(1))
    async with reader_of(chaos) as strict:
        refused = await strict.poll()
    async with reader_of(chaos, tolerant=True) as tolerant:
        allowed = await tolerant.poll()
        chaos.next(from_unit(9))
        foreign = await tolerant.poll()
        chaos.next(short)
        cropped = await tolerant.poll()
        after = await tolerant.poll()

    assert "write `transaction: any` for the device" in refused.error
    assert strict.good("pv_power") == set()
    assert allowed.value("pv_power") == 3000
    assert "unit 9 answered in its place" in foreign.error
    assert "where 15 answer registers" in cropped.error
    assert after.quality("pv_power") is GOOD
    assert tolerant.good("pv_power") == {3000}


@pytest.mark.parametrize("delay_s", [1.2 * TIMEOUT_S, 1.8 * TIMEOUT_S])
async def test_row_07_late_answer_on_an_rtu_line_is_never_the_next_ones(delay_s: float):
    chaos = ChaosDevice({1: {0: 1, 10: 2}}, rtu=True)
    async with reader_of(chaos, "points: {a: {addr: 0}, b: {addr: 10}}") as reader:
        chaos.next(late(delay_s, [99]))
        lost = await reader.poll()
        after = await reader.polls(3)

    assert lost.error
    assert [seen.error for seen in after][1:] == ["", ""]
    assert reader.good("a") == {1}
    assert reader.good("b") == {2}


async def test_row_07_late_answer_that_comes_over_the_same_line_is_told_by_its_length():
    """A gateway keeps the bytes of the line for whoever connects next."""
    chaos = ChaosDevice({1: {0: 1, 1: 2}}, rtu=True)
    stale = b"\x01\x03\x02\x00\x63"
    first = True

    async def with_leftovers(
        device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal first
        if first:
            first = False
            return
        if len(chaos.asked) == 2:
            writer.write(stale + rtu_checksum(stale))
            await writer.drain()
            await asyncio.sleep(0.02)
        await honest(device, asked, writer)

    chaos.always = with_leftovers
    async with reader_of(chaos, "points: {a: {addr: 0}}") as reader:
        await reader.polls(3)

    assert reader.good("a") == {1}
    assert [seen.error == "" for seen in reader.seen] == [False, True, True]


@pytest.mark.parametrize("fault", [short, long, cut, reset, as_function(4), from_unit(3), garbled])
async def test_row_09_frame_of_another_shape_is_discarded_whole(fault):
    rtu = fault is garbled
    chaos = ChaosDevice({1: hybrid()}, rtu=rtu)
    async with reader_of(chaos) as reader:
        before = await reader.poll()
        chaos.next(fault)
        broken = await reader.poll()
        after = await reader.polls(2)

    assert before.quality("pv_power") is GOOD
    assert broken.error
    assert broken.points == ()
    # On a line without numbers the first answer after trouble is spent on finding the step again.
    assert after[-1].quality("pv_power") is GOOD
    assert reader.good("pv_power") == {3000}


async def test_row_09_answer_that_drips_in_is_whole():
    chaos = ChaosDevice({1: hybrid()}, always=drip)
    async with reader_of(chaos, timeout_s=5.0) as reader:
        assert (await reader.poll()).value("grid_power") == -500


async def test_row_10_illegal_address_costs_its_own_point_and_comes_back_without_a_reconnect(
    caplog,
):
    chaos = ChaosDevice({1: {0: 1, 1: 2, 3: 4}})
    body = "points: {a: {addr: 0}, b: {addr: 1}, c: {addr: 2}, d: {addr: 3}}"
    caplog.set_level(logging.INFO)
    async with reader_of(chaos, body, ask_again_s=0.05) as reader:
        without = await reader.polls(2)
        chaos.units[1][2] = 3
        await asyncio.sleep(0.06)
        again = (await reader.polls(2))[-1]

    assert [one.value("c") for one in without] == [None, None]
    assert [one.value("d") for one in without] == [4, 4]
    assert [again.value(name) for name in "abcd"] == [1, 2, 3, 4]
    assert chaos.connections == 1
    assert sum("point left out: name=c" in one.message for one in caplog.records) == 1
    assert sum("point is back: name=c" in one.message for one in caplog.records) == 1


async def test_row_10_device_without_an_essential_register_is_an_error_until_it_has_it():
    chaos = ChaosDevice({1: {0: 1}})
    body = "points: {a: {addr: 0}, power: {addr: 9, essential: true}}"
    async with reader_of(chaos, body) as reader:
        booting = await reader.poll()
        chaos.units[1][9] = 700
        ready = await reader.poll()

    assert "has no power at register 9" in booting.error
    assert ready.value("power") == 700
    assert chaos.connections == 1


async def test_row_12_all_ones_of_a_restart_are_missing_and_no_counter_jumps():
    chaos = ChaosDevice({1: {0: 0, 1: 51234, 2: 3000, 3: 5002}})
    body = """
points:
  energy: {addr: 0, type: u32, unit: kWh, scale: 0.1, monotonic: true}
  pv_power: {addr: 2, unit: W}
  ac_frequency: {addr: 3, unit: Hz, scale: 0.01}
"""
    async with reader_of(chaos, body) as reader:
        chaos.next(honest, all_ones, all_ones)
        qualities = [seen.quality("energy") for seen in await reader.polls(4)]

    assert qualities == [GOOD, MISSING, MISSING, GOOD]
    assert reader.good("energy") == {5123.4}
    assert reader.good("pv_power") == {3000}


async def test_row_14_poll_that_fails_publishes_nothing_and_no_0():
    chaos = ChaosDevice({1: hybrid()})
    readings: list[DeviceReading] = []
    enough = asyncio.Event()

    def keep(reading: DeviceReading) -> None:
        readings.append(reading)
        if len(readings) >= 2:
            enough.set()

    async with reader_of(chaos) as reader:
        chaos.next(silent)
        poller = Poller([reader.device], SystemClock(), keep, Backoff(first_s=0.0))
        reader.device.min_interval_s = 0.0
        task = asyncio.create_task(poller.run())
        await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert readings[0].error is not None
    assert readings[0].points == ()
    assert readings[0].number("pv_power") is None
    assert readings[1].number("pv_power") == 3000


async def test_row_21_line_that_was_hung_up_while_idle_costs_no_poll():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.hang_up()
        await asyncio.sleep(0.01)
        after = await reader.poll()

    assert after.error == ""
    assert after.value("pv_power") == 3000
    assert chaos.connections == 2


async def test_row_21_half_open_line_costs_one_poll_and_the_next_one_is_well():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        chaos.always = half_open(chaos)
        lost, back = await reader.polls(2)

    assert "no answer to registers 0–5" in lost.error
    assert back.value("pv_power") == 3000
    assert chaos.connections == 2


async def test_row_21_device_that_comes_back_after_a_night_is_read_at_the_next_try():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos) as reader:
        await reader.poll()
        await chaos.stop()
        away = await reader.polls(5)
        await chaos.start()
        back = await reader.poll()

    assert all(seen.error and not seen.points for seen in away)
    assert "refuses the connection" in away[-1].error
    assert back.value("pv_power") == 3000


def test_row_21_waits_grow_from_half_a_second_to_a_minute_for_ever_and_never_in_step():
    backoff = Backoff()
    waits = [[backoff.delay_s(failures) for _ in range(50)] for failures in (1, 4, 100, 152, 5000)]

    assert [
        (0.75 * most <= min(some) < max(some) <= most)
        for some, most in zip(waits, (0.5, 4.0, 4.0, 16.0, 60.0), strict=True)
    ] == [True] * 5


async def test_row_22_long_refusal_after_good_days_points_at_the_menu():
    chaos = ChaosDevice({1: hybrid()})
    profile = profile_of(HYBRID)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        reader = Reader(ModbusDevice("it", profile, link, long_away_s=0.05), link)
        await reader.poll()
        await chaos.stop()
        soon = await reader.poll()
        await asyncio.sleep(0.06)
        later = await reader.poll()
        await chaos.start()
        back = await reader.poll()
        await link.close()

    assert "firmware update" not in soon.error
    assert (
        "a firmware update may have switched Modbus off; look in the inverter's menu" in later.error
    )
    assert back.value("pv_power") == 3000


async def test_row_22_night_is_no_reason_to_look_in_the_menu_and_day_counts_from_dawn():
    chaos = ChaosDevice({1: hybrid()})
    profile = profile_of(HYBRID)
    night = False
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        device = ModbusDevice("it", profile, link, long_away_s=0.05, is_dark=lambda: night)
        reader = Reader(device, link)
        await reader.poll()
        await chaos.stop()
        night = True
        at_night = []
        for _ in range(3):
            at_night.append(await reader.poll())
            await asyncio.sleep(0.03)
        night = False
        at_dawn = await reader.poll()
        await asyncio.sleep(0.06)
        by_day = await reader.poll()
        await link.close()

    assert not [one for one in (*at_night, at_dawn) if "firmware update" in one.error]
    assert "has been away for long by day: a firmware update" in by_day.error


async def test_row_23_other_unit_ids_are_named_and_never_tried():
    chaos = ChaosDevice({247: hybrid()}, always=only_unit(1, silent))
    body = f"unit: {{default: 247, candidates: [1, 2]}}\n{HYBRID}"
    profile = profile_of(body)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        reader = Reader(ModbusDevice("it", profile, link, 3), link)
        chaos.always = silent
        seen = await reader.polls(2)
        await link.close()

    assert "Is unit 3 right? A test device usually is 247 or 1 or 2" in seen[0].error
    assert {asked.unit for asked in chaos.asked} == {3}


async def test_row_26_and_27_reader_asks_and_never_writes_nor_falls_back_to_another_function():
    chaos = ChaosDevice({1: hybrid()}, always=refusing(1))
    body = "points: {a: {addr: 0, fc: 4}, b: {addr: 1, fc: 3}}"
    async with reader_of(chaos, body) as reader:
        seen = await reader.polls(3)

    assert all("illegal function" in one.error for one in seen)
    assert {(asked.address, asked.function) for asked in chaos.asked} <= {(0, 4), (1, 3)}


async def test_row_30_second_master_on_the_line_is_counted_and_disturbs_no_value():
    chaos = ChaosDevice({1: {0: 5}}, rtu=True)
    foreign = b"\x07\x03\x04\x00\x63\x00\x63"
    async with reader_of(chaos, "points: {a: {addr: 0}}") as reader:
        await reader.poll()
        chaos.to_all(foreign + rtu_checksum(foreign))
        await asyncio.sleep(0.01)
        after = await reader.poll()
        chaos.next(garbled)
        broken = await reader.poll()
        last = (await reader.polls(2))[-1]

    assert after.value("a") == 5
    assert "checksum is wrong" in broken.error
    assert last.value("a") == 5
    assert reader.good("a") == {5}
    assert reader.link.counters.strays >= 1
    assert reader.link.counters.checksums == 1


def test_row_30_line_that_loses_one_answer_in_twenty_says_why():
    garbles = LinkCounters(questions=200, desyncs=8, timeouts=2, checksums=8)
    mixes = LinkCounters(questions=200, desyncs=10)
    slow = LinkCounters(questions=200, timeouts=10)

    assert "second master" in (garbles.complaint() or "")
    assert "the gateway mixes its clients up" in (mixes.complaint() or "")
    assert "too many clients, or a weak network" in (slow.complaint() or "")
    assert LinkCounters(questions=199, timeouts=100).complaint() is None
    assert LinkCounters(questions=2000, timeouts=99).complaint() is None


async def test_row_33_questions_keep_the_distance_that_the_device_wants():
    at: list[float] = []
    loop = asyncio.get_running_loop()

    async def note(device: ChaosDevice, asked: Asked, writer: asyncio.StreamWriter) -> None:
        at.append(loop.time())
        await honest(device, asked, writer)

    chaos = ChaosDevice({1: {0: 1, 50: 2, 90: 3}}, always=note)
    body = "points: {a: {addr: 0}, b: {addr: 50}, c: {addr: 90}}"
    async with reader_of(chaos, body, request_gap_s=0.02) as reader:
        await reader.polls(2)

    assert len(at) == 6
    assert all(later - earlier >= 0.02 for earlier, later in pairwise(at))


async def test_row_34_dead_unit_behind_a_gateway_costs_the_others_nothing():
    chaos = ChaosDevice({1: hybrid()})
    profile = profile_of(HYBRID)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        live, dead = (
            Reader(ModbusDevice(f"u{unit}", profile, link, unit), link) for unit in (1, 2)
        )
        for _ in range(6):
            await live.poll()
            await dead.poll()
        await link.close()

    assert [seen.error for seen in live.seen] == [""] * 6
    assert "no unit 2 behind it (exception 11" in dead.seen[0].error
    assert "left alone for 5 s so that they are not kept waiting" in dead.seen[-1].error
    assert [asked.unit for asked in chaos.asked].count(2) == 3
    assert chaos.connections == 1


async def test_row_34_silent_unit_is_left_alone_and_keeps_its_neighbours_connection():
    chaos = ChaosDevice({1: hybrid()}, always=only_unit(2, silent))
    profile = profile_of(HYBRID)
    async with on_line(chaos):
        link = link_to(chaos, profile.limits)
        live, dead = (
            Reader(ModbusDevice(f"u{unit}", profile, link, unit), link) for unit in (1, 2)
        )
        for _ in range(6):
            await live.poll()
            await dead.poll()
        await link.close()

    assert [seen.error for seen in live.seen] == [""] * 6
    assert live.good("pv_power") == {3000}
    assert [asked.unit for asked in chaos.asked].count(2) == 3
    assert chaos.connections == 1


class StuckDevice:
    """Its poll swallows the cancel that should end it, once."""

    device_id = "stuck"
    period_s = 0.0
    min_interval_s = 0.0

    def __init__(self) -> None:
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
        return (PointReading(name="pv_power", value=float(self.polls), unit="W", quality=GOOD),)

    async def close(self) -> None:
        self.release.set()

    def reset(self) -> None:
        self.resets += 1


async def test_row_35_poll_that_nobody_can_end_is_replaced(caplog: pytest.LogCaptureFixture):
    device = StuckDevice()
    readings: asyncio.Queue[DeviceReading] = asyncio.Queue()
    poller = Poller([device], SystemClock(), readings.put_nowait, longest_poll_s=0.02, stuck_s=0.03)
    task = asyncio.create_task(poller.run())
    first = await readings.get()
    device.release.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert first.number("pv_power") == 2
    assert device.resets == 1
    assert [one.message for one in caplog.records if "stuck and begins anew" in one.message]


async def test_row_35_cancelled_poll_leaves_a_line_that_works():
    chaos = ChaosDevice({1: hybrid()})
    async with reader_of(chaos, timeout_s=5.0) as reader:
        chaos.next(late(0.02, [66] * 6))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await reader.device.poll()
        after = await reader.polls(2)

    assert [seen.value("pv_power") for seen in after] == [3000, 3000]


async def test_row_38_trouble_is_one_line_in_the_log_and_not_one_for_each_poll(
    caplog: pytest.LogCaptureFixture,
):
    chaos = ChaosDevice({1: hybrid()})
    caplog.set_level(logging.INFO)
    count = 0
    enough = asyncio.Event()

    def note(reading: DeviceReading) -> None:
        nonlocal count
        count += 1
        if count == 20:
            chaos.always = None
        if reading.error is None and count > 20:
            enough.set()

    async with reader_of(chaos) as reader:
        reader.device.min_interval_s = 0.0
        chaos.always = reset
        chaos.next(refusing(NO_ANSWER), refusing(BUSY), refusing(BUSY), short, cut)
        poller = Poller([reader.device], SystemClock(), note, Backoff(first_s=0.0, longest_s=0.0))
        task = asyncio.create_task(poller.run())
        await enough.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    lines = [one.message for one in caplog.records if "hardware.poller" in one.name]
    assert [line.split(":")[0] for line in lines] == ["device does not answer", "device is back"]


async def test_words_of_a_foreign_function_are_refused_by_name():
    chaos = ChaosDevice({1: {0: 1}})
    async with on_line(chaos):
        link = link_to(chaos, profile_of("points: {}").limits)
        chaos.next(as_function(4))
        with pytest.raises(DeviceError, match="answered function 4 instead of 3"):
            await link.read(1, 3, 0, 1)
        await link.close()

    assert pack(3, [1]) == b"\x03\x02\x00\x01"


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 0x55])
async def test_every_exception_code_is_a_sentence_or_a_point_left_out_and_never_a_number(code: int):
    chaos = ChaosDevice({1: hybrid()}, always=refusing(code))
    async with reader_of(chaos) as reader:
        refused = await reader.poll()
        chaos.always = None
        after = await reader.poll()

    assert refused.error
    assert refused.points == ()
    assert after.quality("pv_power") is GOOD
    assert reader.good("pv_power") == {3000}
