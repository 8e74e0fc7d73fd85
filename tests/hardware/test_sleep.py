"""Sleep of the host: what is missing is said in one line, and nothing is put to sleep here."""

from pathlib import Path

import pytest

from hardware.sleep import say_missing


def machine(root: Path, *files: str, states: str = "freeze mem disk") -> Path:
    (root / "sys/power").mkdir(parents=True)
    (root / "sys/power/state").write_text(states)
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("")
    return root


CLOCK = "sys/class/rtc/rtc0/wakealarm"
TOOL = "usr/sbin/rtcwake"
UNIT = "etc/systemd/system/solard-sleep@.service"


@pytest.mark.parametrize(
    ("files", "states", "said"),
    [
        ((CLOCK, TOOL, UNIT), "freeze disk", "the kernel offers no `mem` in /sys/power/state"),
        ((TOOL, UNIT), "mem", "there is no /sys/class/rtc/rtc0/wakealarm"),
        ((CLOCK, UNIT), "mem", "rtcwake is missing"),
        ((CLOCK, TOOL), "mem", "`sudo solard install --sleep`"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    tmp_path: Path, files: tuple[str, ...], states: str, said: str
) -> None:
    missing = say_missing(machine(tmp_path, *files, states=states))

    assert missing is not None
    assert said in missing
    assert "\n" not in missing


def test_machine_that_has_everything_misses_nothing(tmp_path: Path) -> None:
    assert say_missing(machine(tmp_path, CLOCK, TOOL, UNIT)) is None


def test_machine_without_anything_cannot_sleep(tmp_path: Path) -> None:
    assert say_missing(tmp_path / "container") is not None
