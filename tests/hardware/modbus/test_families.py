"""Every family is read whole, from a device that serves exactly the registers of its profile."""

import pytest

from hardware.modbus.description import Profile, RecordedBlock
from hardware.modbus.device import ModbusDevice
from hardware.modbus.points import MAIN, Group
from hardware.modbus.profile import load_profile, profile_names, read_profile
from hardware.modbus.replay import RecordedLink
from solard.core.readings import Quality

NATIVE = [name for name in profile_names() if name != "sunspec"]
MARKER = RecordedBlock(unit=None, function=3, address=40000, words=(0x5375, 0x6E53, 0xFFFF, 0))


def words_of(profile: Profile, units: dict[str, int]) -> list[RecordedBlock]:
    """Return one small word for each register; text is `AA…`.

    What lies between a value and the register that gives its sign is there too, as on the devices.
    """
    return [
        RecordedBlock(
            unit=units[point.role],
            function=point.register.function,
            address=address,
            words=(0x4141 if point.register.kind.startswith("str") else 1,),
        )
        for point in profile.points
        if point.register is not None
        for address in range(point.first, point.last + 1)
    ]


@pytest.mark.parametrize("name", NATIVE)
async def test_device_that_has_all_registers_tells_every_point(name):
    profile = load_profile(name)
    units = {MAIN: profile.unit, **{role.name: 30 + at for at, role in enumerate(profile.roles)}}
    blocks = [*words_of(profile, units), *([MARKER] if profile.sunspec else [])]
    others = {role: unit for role, unit in units.items() if role != MAIN}
    link = RecordedLink(blocks, profile, profile.unit)

    points = await ModbusDevice("it", profile, link, units=others).poll()

    told = {one.name for one in points if one.value is not None}
    wanted = {
        point.name
        for point in profile.points
        if point.register is not None and point.group is not Group.EXTRA
    }
    assert wanted - told == set()


def extra(body: str) -> Profile:
    return read_profile(f"profile: 1\nid: it\n{body}", "it.yaml")


OPTIONAL = "points: {sun: {addr: 0}, soc: {addr: 1, nan: 0xFFFF, optional: true}}"


async def polls(profile: Profile, *socs: int, extras: bool = False) -> list[object]:
    blocks = [RecordedBlock(unit=1, function=3, address=0, words=(5, 0))]
    link = RecordedLink(blocks, profile, 1)
    device = ModbusDevice("it", profile, link, 1, extras=extras)
    seen: list[object] = []
    for soc in socs:
        link._words[1][3, 1] = soc
        points = {one.name: one for one in await device.poll()}
        seen.append((points["soc"].value, points["soc"].quality) if "soc" in points else "absent")
    return seen


async def test_what_a_device_never_had_is_not_missing():
    assert await polls(extra(OPTIONAL), 0xFFFF, 0xFFFF) == ["absent", "absent"]


async def test_what_a_device_had_once_is_missed_afterwards():
    assert await polls(extra(OPTIONAL), 0xFFFF, 64, 0xFFFF) == [
        "absent",
        (64.0, Quality.GOOD),
        (None, Quality.MISSING),
    ]


async def test_zero_that_needs_a_witness_proves_nothing_either():
    body = OPTIONAL.replace("nan: 0xFFFF", "zero_unless: []")

    assert await polls(extra(body), 0, 64, 0) == [
        "absent",
        (64.0, Quality.GOOD),
        (None, Quality.MISSING),
    ]


async def test_people_see_a_zero_that_has_no_witness_and_that_it_is_doubtful():
    body = OPTIONAL.replace("nan: 0xFFFF", "zero_unless: []")

    assert await polls(extra(body), 0, extras=True) == [(0.0, Quality.SUSPECT)]


async def test_people_see_what_the_device_lacks():
    assert await polls(extra(OPTIONAL), 0xFFFF, extras=True) == [(None, Quality.MISSING)]


async def test_extra_points_are_for_people():
    profile = extra("points: {sun: {addr: 0}, rest: {addr: 1, group: extra}}")
    blocks = [RecordedBlock(unit=1, function=3, address=0, words=(5, 6))]

    daemon, people = [
        await ModbusDevice("it", profile, RecordedLink(blocks, profile, 1), 1, extras=wide).poll()
        for wide in (False, True)
    ]

    assert [one.name for one in daemon] == ["sun"]
    assert [one.name for one in people] == ["sun", "rest"]
