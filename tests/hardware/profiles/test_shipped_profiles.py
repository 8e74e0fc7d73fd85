"""Every profile that ships is sound and decodes its own recordings."""

import pytest

from hardware.modbus.description import EmbeddedTest, Profile
from hardware.modbus.lint import lint_profile
from hardware.modbus.points import Group
from hardware.modbus.profile import ProfileInvalid, load_profile, profile_names
from hardware.modbus.replay import run_embedded_test

PROFILES = [load_profile(name) for name in profile_names()]
SIZES = ("capacity", "rated_energy", "max_energy", "available_energy")
"""What a battery holds is no counter."""
CASES = [(profile, test) for profile in PROFILES for test in profile.tests]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.profile_id)
def test_profile_has_no_fault(profile: Profile):
    assert lint_profile(profile) == ()


@pytest.mark.parametrize(
    ("profile", "test"), CASES, ids=[f"{one.profile_id}: {test.name}" for one, test in CASES]
)
async def test_recording_decodes_to_what_it_means(profile: Profile, test: EmbeddedTest):
    assert await run_embedded_test(profile, test) == ()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.profile_id)
def test_row_29_every_counter_that_a_daemon_reads_is_known_as_one(profile: Profile):
    counters = [
        point
        for point in profile.points
        if point.unit in ("Wh", "kWh")
        and point.group is not Group.EXTRA
        and not point.name.endswith(SIZES)
    ]

    assert [one.name for one in counters if not one.bounds.monotonic] == []


async def test_recording_that_means_something_else_is_told():
    profile = load_profile("victron-gx")
    wrong = EmbeddedTest(
        name="wrong on purpose",
        blocks=profile.tests[0].blocks,
        units=(),
        expect=(("battery_soc", 12.0),),
    )

    assert await run_embedded_test(profile, wrong) == (
        "wrong on purpose: battery_soc is 85.0, expected 12.0",
    )


@pytest.mark.parametrize("name", ["victron-gx", "victron_gx"])
def test_dash_and_underscore_name_the_same_profile(name):
    assert load_profile(name).profile_id == "victron-gx"


def test_both_families_of_the_first_version_ship():
    assert {"victron_gx", "sunspec"} <= set(profile_names())


def test_misspelt_profile_names_the_nearest():
    with pytest.raises(ProfileInvalid, match="did you mean victron-gx"):
        load_profile("victron-gz")


def test_unknown_profile_lists_what_ships():
    with pytest.raises(ProfileInvalid, match=r"there is none; there are deye-1p, .*"):
        load_profile("zzz")
