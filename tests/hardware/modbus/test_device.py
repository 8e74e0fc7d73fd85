"""One device over real TCP: what it refuses, what it swallows, what it says when asked wrong."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from modbus_peers import QUICK, Request, misbehave, refuse, say, serve, stay_silent

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceRefused, DeviceTimeout, DeviceUnfit, DeviceUnreachable
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import read_once
from hardware.modbus.profile import load_profile, read_profile
from solard.core.readings import Quality

LIMITS = "limits: {timeout: 1, busy_wait: 0.01, max_gap: 4}"


@contextlib.asynccontextmanager
async def device(port: int, body: str, **options: object) -> AsyncIterator[ModbusDevice]:
    profile = read_profile(f"profile: 1\nid: test\n{LIMITS}\n{body}", "test.yaml")
    one = ModbusDevice(
        "it",
        profile,
        ModbusLink(TcpAddress(host="127.0.0.1", port=port), profile.limits),
        **options,
    )
    try:
        yield one
    finally:
        await one.close()


async def values(one: ModbusDevice) -> dict[str, object]:
    return {point.name: point.value for point in await one.poll()}


async def test_refused_point_is_found_and_left_out():
    asked: list[tuple[int, int]] = []

    async def note(function, start, address, count, registers, given):
        asked.append((address, count))

    body = "points: {a: {addr: 0}, b: {addr: 1}, c: {addr: 2}, d: {addr: 3}}"
    async with serve({1: {0: [10, 11], 3: [13]}}, note) as port, device(port, body) as one:
        first = await values(one)
        asked.clear()
        second = await values(one)

    assert first == second == {"a": 10, "b": 11, "d": 13}
    assert asked == [(0, 2), (3, 1)]


async def test_gap_that_the_device_refuses_is_not_tried_again():
    asked: list[tuple[int, int]] = []

    async def refuse_the_gap(request: Request, writer: object) -> None:
        asked.append((request.address, request.count))
        await (refuse(2) if request.count > 1 else say(5))(request, writer)

    body = "points: {a: {addr: 0}, c: {addr: 2}}"
    async with misbehave(refuse_the_gap) as (_, port), device(port, body) as one:
        assert await values(one) == {"a": 5, "c": 5}
        assert await values(one) == {"a": 5, "c": 5}

    assert asked == [(0, 3), (0, 1), (2, 1), (0, 1), (2, 1)]


async def test_refused_point_is_tried_again_after_a_reconnect():
    body = "points: {a: {addr: 0}, b: {addr: 1}}"
    async with serve({1: {0: [1]}}) as port, device(port, body) as one:
        assert await values(one) == {"a": 1}
        await one.close()
    async with serve({1: {0: [1, 2]}}, port=port), device(port, body):
        assert await values(one) == {"a": 1, "b": 2}
        await one.close()


async def test_busy_device_is_asked_once_more_in_the_same_poll():
    body = "points: {a: {addr: 0}}"
    async with misbehave(refuse(6), say(42)) as (peer, port), device(port, body) as one:
        assert await values(one) == {"a": 42}

    assert len(peer.requests) == 2


async def test_device_that_stays_busy_fails_the_poll_and_is_never_0():
    body = "points: {a: {addr: 0}}"
    async with misbehave(refuse(6)) as (peer, port), device(port, body) as one:
        with pytest.raises(DeviceRefused, match="device busy"):
            await one.poll()

    assert len(peer.requests) == 2


async def test_block_of_all_ones_is_a_rebooting_inverter():
    body = "points: {a: {addr: 0, type: i16}, b: {addr: 1, type: u32}, c: {addr: 3}}"
    async with serve({1: {0: [65535] * 4}}) as port, device(port, body) as one:
        points = await one.poll()

    assert {point.quality for point in points} == {Quality.MISSING}
    assert {point.value for point in points} == {None}


async def test_sentinel_of_a_sleeper_is_asleep_and_others_are_missing():
    body = "points: {a: {addr: 0, nan: 0x8000, asleep: true}, b: {addr: 1, nan: 0x8000}}"
    async with serve({1: {0: [0x8000, 0x8000]}}) as port, device(port, body) as one:
        points = {point.name: point.quality for point in await one.poll()}

    assert points == {"a": Quality.ASLEEP, "b": Quality.MISSING}


async def test_essential_register_that_is_refused_means_another_device():
    body = "points: {a: {addr: 0}, power: {addr: 9, essential: true}}"
    async with serve({1: {0: [1]}}) as port, device(port, body) as one:
        with pytest.raises(DeviceUnfit, match="has no power at register 9; is it a test device"):
            await one.poll()


async def test_device_that_refuses_everything_has_another_profile():
    async with serve({1: {500: [1]}}) as port, device(port, "points: {a: {addr: 0}}") as one:
        with pytest.raises(DeviceUnfit, match="choose the profile of this device"):
            await one.poll()


async def test_wrong_unit_is_told_with_the_usual_one():
    async with misbehave(refuse(0x0B)) as (_, port):
        with pytest.raises(DeviceRefused, match=r"no unit 5 behind.*usually is 100") as caught:
            await read_once(
                TcpAddress(host="127.0.0.1", port=port),
                load_profile("victron-gx"),
                5,
                device_id="hut",
            )

    assert str(caught.value).startswith('device "hut": ')


async def test_wrong_unit_that_stays_silent_is_told_with_the_usual_one():
    body = "unit: {default: 247, candidates: [1]}\npoints: {a: {addr: 0}}"
    async with misbehave(stay_silent) as (_, port), device(port, body, unit=3) as one:
        with pytest.raises(DeviceTimeout, match=r"Is unit 3 right\? .* usually is 247 or 1"):
            await one.poll()


async def test_wrong_unit_of_a_pymodbus_server_is_told_with_the_usual_one():
    async with serve({100: {808: [0] * 19}}) as port:
        with pytest.raises(DeviceRefused, match=r"usually is 100"):
            await read_once(TcpAddress(host="127.0.0.1", port=port), load_profile("victron-gx"), 5)


async def test_nobody_at_the_address_is_a_sentence():
    async with serve({1: {0: [1]}}) as port:
        pass

    with pytest.raises(DeviceUnreachable, match="is Modbus TCP enabled"):
        await read_once(TcpAddress(host="127.0.0.1", port=port), load_profile("victron-gx"))


ROLES = """
units: {battery: {default: 2}}
points: {a: {addr: 0}, soc: {role: battery, addr: 5}}
"""


async def test_optional_unit_is_read_beside_the_main_one():
    async with serve({1: {0: [1]}, 2: {5: [80]}}) as port, device(port, ROLES) as one:
        assert await values(one) == {"a": 1, "soc": 80}


async def test_owner_may_name_another_optional_unit():
    units = {"battery": 9}
    async with (
        serve({1: {0: [1]}, 9: {5: [70]}}) as port,
        device(port, ROLES, units=units) as one,
    ):
        assert await values(one) == {"a": 1, "soc": 70}


async def test_missing_optional_unit_rests_and_the_main_one_goes_on():
    async def answer(request: Request, writer: object) -> None:
        await (say(7) if request.unit == 1 else refuse(0x0B))(request, writer)

    async with misbehave(answer) as (peer, port), device(port, ROLES) as one:
        assert await values(one) == {"a": 7}
        assert await values(one) == {"a": 7}

    assert [request.unit for request in peer.requests] == [1, 2, 1]


async def test_silent_optional_unit_costs_one_timeout_only():
    async def answer(request: Request, writer: object) -> None:
        await (say(7) if request.unit == 1 else stay_silent)(request, writer)

    async with misbehave(answer) as (peer, port), device(port, ROLES) as one:
        for _ in range(3):
            assert await values(one) == {"a": 7}

    assert [request.unit for request in peer.requests] == [1, 2, 1, 1]


async def test_slow_points_are_read_every_tenth_poll_and_once_points_once():
    body = """
points:
  fast: {addr: 0}
  slow: {addr: 20, group: slow}
  name: {addr: 40, group: once}
"""
    async with misbehave(say(5)) as (peer, port), device(port, body) as one:
        for _ in range(11):
            assert set(await values(one)) == {"fast", "slow", "name"}

    counts = [[r.address for r in peer.requests].count(address) for address in (0, 20, 40)]
    assert counts == [11, 2, 1]


async def test_variant_is_chosen_by_what_the_device_says():
    body = """
points: {kind: {addr: 0, group: once}, power: {addr: 1, type: i16, unit: W}}
variants: {hv: {when: {point: kind, in: 6}, set: {power: {scale: 10}}}}
"""
    async with serve({1: {0: [6, 120]}, 2: {0: [3, 120]}}) as port:
        async with device(port, body) as one:
            assert (await values(one))["power"] == 1200
        async with device(port, body, unit=2) as one:
            assert (await values(one))["power"] == 120


async def test_device_without_the_register_of_a_variant_is_the_usual_one():
    body = """
points: {kind: {addr: 90, group: once}, power: {addr: 1}}
variants: {hv: {when: {point: kind, in: 6}, set: {power: {scale: 10}}}}
"""
    async with serve({1: {1: [120]}}) as port, device(port, body) as one:
        assert await values(one) == {"power": 120}


async def test_values_that_never_move_are_stale():
    body = "frozen_after: 2\npoints: {a: {addr: 0}}"
    async with misbehave(say(5), say(5), say(5), say(6)) as (_, port), device(port, body) as one:
        qualities = [(await one.poll())[0].quality for _ in range(4)]

    assert qualities == [Quality.GOOD, Quality.GOOD, Quality.STALE, Quality.GOOD]


async def test_two_devices_share_one_connection():
    profile = read_profile("profile: 1\nid: test\npoints: {a: {addr: 0}}", "test.yaml")
    async with misbehave(say(5)) as (peer, port):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), QUICK)
        for unit in (1, 2):
            assert await values(ModbusDevice(f"unit{unit}", profile, link, unit)) == {"a": 5}
        await link.close()

    assert peer.connections == 1


async def test_silence_in_a_poll_is_an_error_and_the_next_poll_is_well():
    body = "points: {a: {addr: 0}}"
    script = (say(5), stay_silent, say(6))
    async with misbehave(*script) as (_, port), device(port, body) as one:
        assert await values(one) == {"a": 5}
        with pytest.raises(DeviceTimeout):
            await one.poll()
        assert await values(one) == {"a": 6}


async def test_reading_carries_unit_and_address():
    body = "points: {p: {addr: 33, type: u32, unit: W}}\nderived: {q: {sum: p, unit: W}}"
    async with serve({1: {33: [0, 7]}}) as port, device(port, body) as one:
        p, q = await one.poll()

    assert (p.unit, p.address) == ("W", 33)
    assert (q.unit, q.address) == ("W", None)


async def test_period_and_pace_may_be_set_by_the_owner():
    async with device(1, "period: 5\npoints: {a: {addr: 0}}") as usual:
        assert (usual.period_s, usual.min_interval_s) == (5, 1)
    async with device(1, "points: {a: {addr: 0}}", period_s=10.0, min_interval_s=0.2) as own:
        assert (own.period_s, own.min_interval_s) == (10, 0.2)
