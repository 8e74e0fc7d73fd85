"""`solard init`: the device is found, its values shown, its signs confirmed, the file written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from solard.config.devices import ModbusSection
from solard.config.load import load_settings
from solard.system.installer.files import starter_config
from tests.cli.stage import ROOT
from tests.cli.test_modbus_line import played


def init(path: Path, *arguments: str, answers: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "solard", "init", *arguments, "--config", str(path)],
        cwd=ROOT,
        input=answers,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("answers", "turned"),
    [
        ("no\nunsure\n", ()),
        ("yes\nno\n", ("grid_power",)),
        ("perhaps\ny\nN\n", ("grid_power",)),
        ("unsure\nyes\n", ("battery_power",)),
    ],
)
def test_row_18_owner_says_which_way_power_runs(
    answers: str, turned: tuple[str, ...], tmp_path: Path
) -> None:
    """The simulated Huawei exports 500 W, give or take two, and charges with 1000 W."""
    path = tmp_path / "solard.yaml"
    with played("huawei-sun2000") as (address, _):
        ran = init(path, address, "--profile", "huawei-sun2000", answers=answers)

    assert ran.returncode == 0, ran.stderr
    assert "Are you importing from the grid right now?" in ran.stderr
    assert re.search(r"grid_power -(\d+) W, which means \1 W of export\.", ran.stderr)
    assert "battery_soc" in ran.stdout
    (device,) = load_settings(path).devices
    assert isinstance(device, ModbusSection)
    assert (device.profile, device.host) == ("huawei-sun2000", "127.0.0.1")
    assert device.port == int(address.rpartition(":")[2])
    assert device.turned == turned


def test_signs_that_nobody_confirmed_stay_as_the_device_says_them(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    with played("huawei-sun2000") as (address, _):
        ran = init(path, address, "--profile", "huawei-sun2000", answers="")

    assert ran.returncode == 0, ran.stderr
    (device,) = load_settings(path).devices
    assert isinstance(device, ModbusSection)
    assert device.turned == ()


def test_file_can_be_written_before_there_is_a_device(tmp_path: Path) -> None:
    path = tmp_path / "new" / "solard.yaml"
    ran = init(path, answers="\n")

    assert ran.returncode == 0, ran.stderr
    assert load_settings(path).devices[0].device_id == "inverter"


def test_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    path.write_text("mine", encoding="utf-8")
    ran = init(path, "127.0.0.1:1", answers="")

    assert ran.returncode == 1
    assert "is there already" in ran.stderr
    assert path.read_text(encoding="utf-8") == "mine"


CABIN = """
cabin: north
-33.9
151.2
Australia/Sydney
off-grid
6
25

12 kWh
180
4
2.5
"""
"""Asked: inverter, name, latitude, longitude, time zone, supply, peak, tilt, azimuth, battery,
idle rig, what the inverter carries, what stays free."""


def test_answers_about_the_site_stand_in_the_file(tmp_path: Path) -> None:
    """Bare numbers take the unit that the question shows; panels in Sydney look north."""
    path = tmp_path / "solard.yaml"
    ran = init(path, answers=CABIN)
    settings = load_settings(path)

    assert ran.returncode == 0, ran.stderr
    assert "docs/configure.md" in ran.stdout
    assert (settings.site.name, settings.site.latitude_deg) == ("cabin: north", -33.9)
    assert settings.site.timezone == "Australia/Sydney"
    assert [(p.peak_w, p.tilt_deg, p.azimuth_deg) for p in settings.planes] == [(6000.0, 25.0, 0.0)]
    text = path.read_text(encoding="utf-8")
    assert "  capacity: 12 kWh\n  work_above: 60 % " in text
    assert "\ninverter: {continuous: 4 kW, keep_free: 2.5 kW} " in text
    assert "  idle: 180 W " in text
    assert "tariff" not in text


def test_prices_are_asked_where_there_is_a_grid(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    answers = [*[""] * 9, "none", "", "0.28 CHF/kWh", "none"]
    init(path, answers="\n".join(answers))
    text = path.read_text(encoding="utf-8")

    assert load_settings(path).tariff.currency == "CHF"
    assert "\ntariff: {import: {fixed: 0.28 CHF/kWh}}\n" in text
    assert "battery:" not in text


def test_answer_that_the_file_would_not_take_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    ran = init(path, answers="\n\n95\n46.8\n\nAustralia/Sidney\nAustralia/Sydney\n")

    assert ran.returncode == 0, ran.stderr
    assert "site.latitude 95 is outside -90..90°" in ran.stderr
    assert 'did you mean "Australia/Sydney"?' in ran.stderr
    assert load_settings(path).site.latitude_deg == 46.8


def test_what_nobody_answered_is_named(tmp_path: Path) -> None:
    ran = init(tmp_path / "solard.yaml", answers="\n")

    assert "Look at where it is, its panels, its battery: as in the example" in ran.stdout


def test_file_that_install_laid_there_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    path.write_bytes(starter_config(tmp_path).text.encode())
    path.chmod(0o640)
    ran = init(path, answers=CABIN)

    assert ran.returncode == 0, ran.stderr
    assert load_settings(path).site.name == "cabin: north"
    assert path.stat().st_mode & 0o777 == 0o640


def test_file_that_install_laid_there_and_somebody_touched_stays(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    touched = starter_config(tmp_path).text.replace("my site", "mine")
    path.write_text(touched, encoding="utf-8")
    ran = init(path, answers=CABIN)

    assert ran.returncode == 1
    assert "is there already" in ran.stderr
    assert path.read_text(encoding="utf-8") == touched


def test_nobody_at_the_host_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    ran = init(path, "127.0.0.1:1", answers="")

    assert ran.returncode == 1
    assert "no device of a known family answers at 127.0.0.1:1" in ran.stderr
    assert not path.exists()
