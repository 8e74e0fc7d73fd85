"""`solard install` and `solard uninstall` on a directory that is to become a machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from solard.config.load import load_settings
from solard.system.installer.interpreter import (
    Interpreter,
    InterpreterHidden,
    check_visible,
    owner_of_change,
)

needs_systemctl = pytest.mark.skipif(
    shutil.which("systemctl") is None, reason="no systemctl: install the package systemd"
)
PYTHON = "/opt/solard/bin/python"

WRITTEN = {
    "etc/polkit-1/rules.d/50-solard.rules",
    "etc/solard/solard.yaml",
    "etc/systemd/system/multi-user.target.wants/solard-gpu.service",
    "etc/systemd/system/multi-user.target.wants/solard.service",
    "etc/systemd/system/solard-failsafe.service",
    "etc/systemd/system/solard-gpu.service",
    "etc/systemd/system/solard-miner@.service",
    "etc/systemd/system/solard-miners.slice",
    "etc/systemd/system/solard.service",
    "etc/systemd/system/solard.slice",
    "etc/sysusers.d/solard.conf",
    "etc/tmpfiles.d/solard.conf",
}


def solard(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "solard", *arguments),
        env=dict(os.environ) if path is None else {**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def install(root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return solard("install", "--root", str(root), "--python", PYTHON, *more)


def files_under(root: Path) -> set[str]:
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_symlink() or p.is_file()}


@needs_systemctl
def test_install_writes_these_files_and_no_others(tmp_path: Path) -> None:
    done = install(tmp_path)

    assert done.returncode == 0, done.stderr
    assert files_under(tmp_path) == WRITTEN


SLEEP = {"etc/systemd/system/solard-sleep@.service", "etc/polkit-1/rules.d/51-solard-sleep.rules"}


@needs_systemctl
def test_sleep_is_installed_only_where_it_is_asked_for_and_stays_so(tmp_path: Path) -> None:
    install(tmp_path, "--sleep")
    install(tmp_path)

    assert files_under(tmp_path) == WRITTEN | SLEEP
    solard("uninstall", "--root", str(tmp_path))
    assert files_under(tmp_path) & SLEEP == set()


WORK = """\
site: {latitude: 46.8, longitude: 9.8, timezone: Europe/Zurich, supply: off-grid}
devices: {gx: {profile: victron-gx, host: 192.168.8.20}}
battery: {capacity: 10 kWh}
workloads:
  sn64: {command: [/opt/sn64/run.sh], user: sn64, caps: {memory: 2 GB, cpu: 1.5, tasks: 99}}
  plain: {command: [/opt/plain]}
"""


@needs_systemctl
def test_user_and_caps_of_a_workload_become_a_drop_in_and_go_with_it(tmp_path: Path) -> None:
    config = tmp_path / "etc/solard/solard.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(WORK, encoding="utf-8")
    ours = "etc/systemd/system/solard-miner@sn64.service.d/solard.conf"

    install(tmp_path)

    assert files_under(tmp_path) - WRITTEN == {ours}
    assert (tmp_path / ours).read_text(encoding="utf-8") == (
        "[Service]\nDynamicUser=no\nUser=sn64\nGroup=solard-work\nMemoryMax=2000000000\n"
        "MemorySwapMax=0\nCPUQuota=150%\nTasksMax=99\n"
    )
    config.write_text(WORK.replace(", user: sn64, caps: {memory: 2 GB, cpu: 1.5, tasks: 99}", ""))
    install(tmp_path)
    assert files_under(tmp_path) == WRITTEN


AMD_CARD = "sys/class/drm/card0/device/hwmon/hwmon3/power1_cap"
FOR_AMD = {
    "etc/systemd/system/solard-gpu.service.d/solard-sysfs.conf",
    "etc/systemd/system/solard-miner@.service.d/solard-drm.conf",
}
FOR_JETSON = {
    "etc/systemd/system/solard-gpu.service.d/solard-sysfs.conf",
    "etc/systemd/system/solard-miner@.service.d/solard-jetson.conf",
}


@needs_systemctl
@pytest.mark.parametrize(
    ("mark", "drop_ins"), [(AMD_CARD, FOR_AMD), ("etc/nvpmodel.conf", FOR_JETSON)]
)
def test_cards_that_take_their_limit_in_sys_bring_their_drop_ins(
    tmp_path: Path, mark: str, drop_ins: set[str]
) -> None:
    card = tmp_path / mark
    card.parent.mkdir(parents=True)
    card.write_text("186000000\n", encoding="utf-8")

    install(tmp_path)
    with_card = files_under(tmp_path) - WRITTEN - {mark}
    card.unlink()
    install(tmp_path)
    without = files_under(tmp_path)
    card.write_text("186000000\n", encoding="utf-8")
    install(tmp_path)
    said = solard("uninstall", "--root", str(tmp_path)).stdout

    assert with_card == drop_ins
    assert without == WRITTEN
    assert files_under(tmp_path) == {"etc/solard/solard.yaml", mark}
    assert "your changes" not in said


@needs_systemctl
def test_install_says_what_the_configuration_still_needs(tmp_path: Path) -> None:
    said = install(tmp_path).stdout

    assert "site.latitude has no value; write a coordinate like 46.81" in said
    assert "`sudo solard init HOST` fills it in" in said
    assert "Then: solard check, sudo systemctl start solard" in said


@needs_systemctl
def test_starter_configuration_is_fine_once_it_is_filled_in(tmp_path: Path) -> None:
    install(tmp_path)
    config = tmp_path / "etc/solard/solard.yaml"
    text = config.read_text(encoding="utf-8")
    for empty, filled in (
        ("latitude: ", "latitude: 46.81 "),
        ("longitude: ", "longitude: 9.84 "),
        ("supply: ", "supply: off-grid "),
        ("host: ", "host: 192.168.1.50 "),
        ("peak: ,", "peak: 6 kWp,"),
        ("capacity: ", "capacity: 10 kWh "),
    ):
        text = text.replace(empty, filled, 1)
    config.write_text(text, encoding="utf-8")

    settings = load_settings(config)

    assert not settings.live


@needs_systemctl
def test_install_again_changes_nothing(tmp_path: Path) -> None:
    install(tmp_path)
    config = tmp_path / "etc/solard/solard.yaml"
    config.write_text("mode: live\n", encoding="utf-8")

    said = install(tmp_path).stdout

    assert "write " not in said.partition("Installed")[0]
    assert config.read_text(encoding="utf-8") == "mode: live\n"


@needs_systemctl
def test_uninstall_leaves_and_names_only_the_data(tmp_path: Path) -> None:
    install(tmp_path)

    done = solard("uninstall", "--root", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert files_under(tmp_path) == {"etc/solard/solard.yaml"}
    assert "  /etc/solard  configuration" in done.stdout


@needs_systemctl
def test_uninstall_names_the_owners_own_drop_ins(tmp_path: Path) -> None:
    install(tmp_path)
    own = tmp_path / "etc/systemd/system/solard.service.d/override.conf"
    own.parent.mkdir()
    own.write_text("[Service]\nNice=1\n", encoding="utf-8")

    said = solard("uninstall", "--root", str(tmp_path)).stdout

    assert own.exists()
    assert "/etc/systemd/system/solard.service.d  your changes to solard.service" in said


@needs_systemctl
def test_uninstall_twice_is_harmless(tmp_path: Path) -> None:
    assert solard("uninstall", "--root", str(tmp_path)).returncode == 0
    assert files_under(tmp_path) == set()


@needs_systemctl
def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = install(tmp_path, "--dry-run")

    assert "write     /etc/systemd/system/solard.service" in done.stdout
    assert files_under(tmp_path) == set()


def test_machine_without_systemd_gets_a_sentence(tmp_path: Path) -> None:
    done = solard("install", "--root", str(tmp_path), path=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("solard: this machine is not run by systemd")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["/root/venv", "/home/ann/solard", "/tmp/venv"])
def test_python_that_services_cannot_see_is_refused(place: str) -> None:
    program = Path(place, "bin/python")

    with pytest.raises(InterpreterHidden, match="python3 -m venv /opt/solard"):
        check_visible(Interpreter(program=program, needs=(program,)))


def test_venv_outside_homes_that_points_into_one_is_refused() -> None:
    base = Path("/root/.pyenv/versions/3.11.7/bin/python3.11")

    with pytest.raises(InterpreterHidden, match="/root is hidden"):
        check_visible(Interpreter(program=Path(PYTHON), needs=(Path(PYTHON), base)))


def test_directory_closed_to_others_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    closed.chmod(0o700)
    program = closed / "bin/python"
    open_above = tuple(parent for parent in tmp_path.parents if not parent.stat().st_mode & 1)

    with pytest.raises(InterpreterHidden, match="closed to others") as failure:
        check_visible(Interpreter(program=program, needs=(program,)), hidden=())

    assert str(open_above[-1] if open_above else closed) in str(failure.value)


def test_python_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to give a file to another user")
    program = tmp_path / "bin/python"
    program.parent.mkdir()
    os.chown(program.parent, 1234, 1234)

    assert owner_of_change(Interpreter(program=program, needs=(program,))) == 1234
