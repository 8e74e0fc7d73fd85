"""Every profile that ships can be named in a configuration, by either spelling."""

import pytest

from hardware.modbus.profile import load_profile, profile_names
from solard.app.devices import address_of, make_devices
from solard.config.load import read_settings
from solard.system.clock import SystemClock

HEAD = """
site: {latitude: 47, longitude: 8, timezone: Europe/Zurich, supply: grid}
solar: {planes: [{peak: 5 kWp, tilt: 30°, azimuth: 180°}]}
"""


def section_of(line: str):
    settings = read_settings(f"{HEAD}\ndevices: {{it: {line}}}\n", "it.yaml", profile_names())
    (section,) = settings.devices
    return section


def device_of(line: str):
    (device,), proxies = make_devices((section_of(line),), SystemClock())
    assert proxies == ()
    return device


@pytest.mark.parametrize("name", [*profile_names(), "huawei-sun2000"])
def test_profile_makes_a_device_with_its_own_unit_and_period(name):
    profile = load_profile(name)

    device = device_of(f"{{profile: {name}, host: 127.0.0.1}}")

    assert device.profile.profile_id == profile.profile_id
    assert (device.unit, device.period_s) == (profile.unit, profile.period_s)


def test_period_may_be_slower_than_the_profiles_own():
    device = device_of("{profile: growatt-sph, host: 127.0.0.1, every: 30 s}")

    assert device.period_s == 30


def test_serial_line_has_the_speed_of_the_family_unless_one_is_written():
    profile = load_profile("epever-tracer")
    head = "profile: epever-tracer, serial: /dev/ttyUSB0"

    own, written = (
        address_of(section_of(f"{{{head}{more}}}"), profile) for more in ("", ", baudrate: 9600")
    )

    assert (own.baudrate, own.parity, own.stop_bits) == (115200, "N", 1)
    assert written.baudrate == 9600
