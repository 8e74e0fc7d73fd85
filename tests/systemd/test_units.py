"""The unit files as systemd itself judges them."""

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pytest

from solard.system.installer.files import CARD_DROP_INS, UNITS, read_text, unit_text

PYTHON = Path("/usr/bin/env")  # verify wants a program that exists, wherever tests run
SLEEP = "solard-sleep@.service"
SERVICES = [*(name for name in UNITS if name.endswith(".service")), SLEEP]
EXPOSURE_AT_MOST = 2.0


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All units in one directory, filled in."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: install the package systemd")
    directory = tmp_path_factory.mktemp("units")
    for name in (*UNITS, SLEEP):
        (directory / name).write_text(unit_text(name, PYTHON), encoding="utf-8")
    return directory


def analyze(units: Path, *arguments: str) -> str:
    done = subprocess.run(
        ("systemd-analyze", *arguments),
        cwd=units,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", [*UNITS, SLEEP])
def test_systemd_finds_nothing_to_say_about_a_unit(units: Path, name: str) -> None:
    assert analyze(units, "verify", "--man=no", f"./{name}") == ""


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_exposed_by_two_at_most(units: Path, name: str) -> None:
    assert exposure(units, name) <= EXPOSURE_AT_MOST


@pytest.mark.parametrize("path", CARD_DROP_INS)
def test_drop_in_for_cards_is_understood_and_exposes_by_two_at_most(
    units: Path, tmp_path: Path, path: PurePosixPath
) -> None:
    name = path.parent.name.removesuffix(".d")
    shutil.copytree(units, tmp_path, dirs_exist_ok=True)
    (tmp_path / path.parent.name).mkdir()
    (tmp_path / path.parent.name / path.name).write_text(read_text(CARD_DROP_INS[path]))

    assert analyze(tmp_path, "verify", "--man=no", f"./{name}") == ""
    assert exposure(tmp_path, name) <= EXPOSURE_AT_MOST


def exposure(units: Path, name: str) -> float:
    """Return how much of the machine a service can reach, as systemd counts it."""
    said = analyze(units, "security", "--offline=true", "--no-pager", f"./{name}")
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


def test_no_placeholder_is_left() -> None:
    assert not [name for name in UNITS if "@PYTHON@" in unit_text(name, PYTHON)]


def test_python_with_odd_characters_is_escaped() -> None:
    text = unit_text("solard.service", Path("/opt/my 5% $rig/bin/python"))

    assert "ExecStart=/opt/my\\x205%%\\x20$$rig/bin/python -I -m solard run\n" in text


def test_keeper_has_one_capability_and_no_network() -> None:
    text = unit_text("solard-gpu.service", PYTHON)

    assert "CapabilityBoundingSet=CAP_SYS_ADMIN\n" in text
    assert "PrivateNetwork=yes\n" in text


def test_a_keeper_that_ended_anyhow_leaves_no_card_behind() -> None:
    text = unit_text("solard-gpu.service", PYTHON)

    assert "-m hardware.gpu.keeper --once after --state /var/lib/solard-gpu\n" in text


def test_workloads_outlive_the_daemon() -> None:
    lines = unit_text("solard-miner@.service", PYTHON).splitlines()

    assert not [line for line in lines if line.startswith(("PartOf=", "BindsTo="))]


def test_daemon_is_never_left_failed_but_for_its_configuration() -> None:
    text = unit_text("solard.service", PYTHON)

    for line in ("Restart=always", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78"):
        assert f"\n{line}\n" in text


def test_every_file_of_the_package_is_installed_or_known() -> None:
    names = {each.name for each in files("systemd").iterdir() if each.is_file()}

    rules = {"solard.sysusers.conf", "solard.tmpfiles.conf", "solard.polkit.rules"}
    asleep = {"solard-sleep@.service", "solard-sleep.polkit.rules"}
    drop_ins = set(CARD_DROP_INS.values())
    assert names == {*UNITS, *rules, *asleep, *drop_ins, "starter.yaml", "__init__.py"}
