"""Sleep of the whole machine, woken by its own clock."""

import time
from pathlib import Path

from hardware.work.systemd import systemctl
from solard.core.errors import SolardError

UNIT = "solard-sleep@{seconds}.service"
SHORTEST_S, LONGEST_S = 10.0, 99_999.0
ANSWER_S = 60.0
"""Real seconds awake that the unit may take."""
ASLEEP_S = 30.0
"""Real seconds awake after which a machine that was told to sleep does not."""


class SleepMissing(SolardError):
    """This machine cannot sleep, or not be woken."""


def say_missing(root: Path = Path("/")) -> str | None:
    """Return in one line what keeps this machine from sleeping, and how to get it."""
    states = _read(root / "sys/power/state").split()
    if "mem" not in states:
        return (
            "this machine cannot sleep: the kernel offers no `mem` in /sys/power/state; look for "
            "suspend (S3) in its firmware; virtual machines and containers have none"
        )
    if not (root / "sys/class/rtc/rtc0/wakealarm").exists():
        return (
            "nothing would wake this machine: there is no /sys/class/rtc/rtc0/wakealarm; look for "
            "wake by RTC alarm in its firmware"
        )
    if not (root / "usr/sbin/rtcwake").exists():
        return "rtcwake is missing; install the package util-linux-extra (or util-linux)"
    if not (root / "etc/systemd/system/solard-sleep@.service").exists():
        return "sleep is off: `sudo solard install --sleep` lets solard use it"
    return None


def sleep_for(seconds: float) -> float:
    """Put the machine to sleep; return how long it slept.

    Raises:
        SleepMissing: it cannot, or did not.
        UnitRefused: systemd does not let us.
    """
    missing = say_missing()
    if missing is not None:
        raise SleepMissing(missing)
    before_s = _slept_s()
    unit = UNIT.format(seconds=round(seconds))
    systemctl("start", unit, within_s=ANSWER_S)
    deadline = time.monotonic() + ASLEEP_S
    while (slept_s := _slept_s() - before_s) < 1.0:
        if time.monotonic() > deadline:
            raise SleepMissing(f"it did not sleep; see: journalctl -u {unit} -u systemd-suspend")
        time.sleep(0.2)
    return slept_s


def _slept_s() -> float:
    """Return how long this machine has slept since it booted: one clock counts it, one does not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
