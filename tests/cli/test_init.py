"""`solard init`: the device is found, its values shown, its signs confirmed, the file written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from solard.config.devices import ModbusSection
from solard.config.load import load_settings
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


def test_nobody_at_the_host_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "solard.yaml"
    ran = init(path, "127.0.0.1:1", answers="")

    assert ran.returncode == 1
    assert "no device of a known family answers at 127.0.0.1:1" in ran.stderr
    assert not path.exists()
