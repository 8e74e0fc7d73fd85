"""A rig's life under a real systemd; minutes long, see boot.sh."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BOOT = Path(__file__).with_name("boot.sh")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_install_start_kill_hang_stop_and_uninstall_on_a_real_systemd() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: it boots a container")
    if not Path("/sys/fs/cgroup/systemd").is_dir() and Path("/run/systemd/system").is_dir():
        pytest.skip("written for a machine that is not itself run by systemd")

    done = subprocess.run(
        (BOOT,),
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout
