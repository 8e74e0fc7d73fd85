"""Programs that know nothing of solard read the same driver and see the limits that it told."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from rigs import FakeDriver, eventually

PLACES = f"{Path(__file__).parents[3] / '.witnesses' / 'bin'}:{os.environ.get('PATH', '')}"


def program(name: str) -> str:
    """Return the path of a witness; skip the test where there is none."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        pytest.skip(f"{name} is not installed; `make witnesses` tries to get it")
    return found


def seen_by_gpustat(driver: FakeDriver) -> list[float]:
    ran = _run([program("gpustat"), "--json"], driver)
    return [float(gpu["enforced.power.limit"]) for gpu in json.loads(ran)["gpus"]]


def seen_by_nvitop(driver: FakeDriver) -> list[float]:
    ran = _run([program("nvitop"), "-1", "--ascii"], driver)
    return [float(watts) for watts in re.findall(r"\d+W / (\d+)W", ran)]


def seen_by_nvtop(driver: FakeDriver) -> list[float]:
    screen = _on_a_terminal([program("nvtop"), "-C", "-d", "2"], driver)
    return [float(watts) for watts in re.findall(r"POW\s+\d+ /\s*(\d+) W", screen)]


WITNESSES = {"gpustat": seen_by_gpustat, "nvitop": seen_by_nvitop, "nvtop": seen_by_nvtop}


@pytest.mark.parametrize("name", WITNESSES)
def test_a_witness_sees_limits_failsafe_and_originals(name, nvml, start_keeper, hold):
    look = WITNESSES[name]
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml, speed=1.0)
    holder = hold(keeper, "0=310", "1=210")
    eventually(lambda: nvml.limits_w()[:2], [310.0, 210.0])
    held = look(nvml)
    holder.kill()
    keeper.kill()
    keeper.restart()
    failsafe = look(nvml)
    keeper.stop()
    restored = look(nvml)

    assert held[:3] == [310.0, 210.0, 140.0]
    assert failsafe[:3] == [150.0, 100.0, 100.0]
    assert restored[:3] == [450.0, 240.0, 140.0]


def _surroundings(driver: FakeDriver) -> dict[str, str]:
    folder = str(driver.library.parent)
    return {**os.environ, **driver.environment(), "LD_LIBRARY_PATH": folder, "TERM": "xterm"}


def _run(command: list[str], driver: FakeDriver) -> str:
    ran = subprocess.run(
        command,
        env=_surroundings(driver),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _on_a_terminal(command: list[str], driver: FakeDriver) -> str:
    """Return what a full-screen program draws within its first seconds, without its escapes."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    with subprocess.Popen(
        command, env=_surroundings(driver), stdin=slave, stdout=slave, stderr=subprocess.DEVNULL
    ) as process:
        os.close(slave)
        drawn, ends_s = b"", time.monotonic() + 10
        while time.monotonic() < ends_s and drawn.count(b"POW") < len(driver.gpu_ids):
            if select.select([master], [], [], 0.2)[0]:
                drawn += os.read(master, 65536)
        process.kill()
    os.close(master)
    return re.sub(rb"\x1b[\[(][0-9;?]*[A-Za-z]", b"", drawn).decode(errors="replace")
