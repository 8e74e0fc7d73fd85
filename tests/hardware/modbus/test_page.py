"""The page on devices says what the profiles say today."""

from pathlib import Path

import pytest

from hardware.modbus.fields import ProfileInvalid
from hardware.modbus.page import make_page, put_between, quantities_of, supplies_of
from hardware.modbus.profile import load_profile, profile_names

PAGE = Path(__file__).parents[3] / "docs" / "devices.md"


def test_page_on_devices_is_what_the_profiles_say_today():
    page = PAGE.read_text(encoding="utf-8")
    made = make_page(load_profile(name) for name in profile_names())

    assert page == put_between(page, made), "run `python -m hardware.modbus.page docs/devices.md`"


@pytest.mark.parametrize(
    ("profile", "supplies"),
    [
        ("victron-gx", ("grid", "island", "generator")),
        ("sunspec", ("grid", "island")),
        ("deye-1p", ("grid", "island")),
        ("eastron-sdm", ()),
    ],
)
def test_supplies_are_those_that_the_profile_tells_apart(profile, supplies):
    assert supplies_of(load_profile(profile)) == supplies


def test_doubtful_register_is_nothing_that_the_family_tells():
    told = quantities_of(load_profile("eastron-sdm"))

    assert told == ("grid_power", "grid_power_l1")


def test_page_without_a_place_for_the_families_is_refused():
    with pytest.raises(ProfileInvalid, match="no place for the families"):
        put_between("# Devices\n", "made")
