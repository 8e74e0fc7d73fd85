"""A Jetson module: discrete modes through nvpmodel, draw from its input sensor."""

import os
from itertools import count
from pathlib import Path

import pytest

from hardware.gpu.backend import BackendMissing, CardLost, CardRefuses, Limits
from hardware.gpu.cards import Cards, Wish
from hardware.gpu.guard import Charge, Hold, Memory, Write, choose, wanted_w
from hardware.gpu.jetson import JetsonBackend, open_jetson
from hardware.gpu.journal import Journal
from hardware.gpu.pace import Pace
from hardware.gpu.verdicts import Verdict, judge

CONF = """\
# AGX Orin
< PARAM TYPE=FILE NAME=CPU_ONLINE >
CORE_1 /sys/devices/system/cpu/cpu1/online
< POWER_MODEL ID=0 NAME=MAXN >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=1 NAME=MODE_15W >
< POWER_MODEL ID=2 NAME=MODE_30W >
< POWER_MODEL ID=3 NAME=MODE_50W >
< PM_CONFIG DEFAULT=2 >
"""
PROGRAM = """\
#!/bin/sh
# What nvpmodel says: modes above 2 need a reboot, which is not confirmed.
case $1 in
-q) printf 'NV Power Mode: MODE\\n'; cat "$MODE_FILE" ;;
-m) read answer
    [ "$2" = 3 ] && { echo 'NVPM WARN: Reboot required. DO YOU WANT TO REBOOT NOW?'; exit 1; }
    [ "$2" = 1 ] && [ -f "$MODE_FILE.stuck" ] && { echo 'NVPM ERROR: busy' >&2; exit 1; }
    echo "$2" > "$MODE_FILE" ;;
esac
"""
SENSOR = "bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon2"
FILES = {
    "firmware/devicetree/base/model": "NVIDIA Jetson AGX Orin\0",
    "firmware/devicetree/base/serial-number": "1424721000000\0",
    f"{SENSOR}/in1_label": "VDD_IN\n",
    f"{SENSOR}/in1_input": "19200\n",
    f"{SENSOR}/curr1_input": "1500\n",
    f"{SENSOR}/in2_label": "VDD_CPU_GPU_CV\n",
    f"{SENSOR}/in2_input": "19200\n",
    f"{SENSOR}/curr2_input": "700\n",
    "devices/gpu.0/load": "870\n",
    "class/thermal/thermal_zone1/type": "gpu-thermal\n",
    "class/thermal/thermal_zone1/temp": "54500\n",
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JetsonBackend:
    for name, text in FILES.items():
        path = tmp_path / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = tmp_path / "bin" / "nvpmodel"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / "mode").write_text("2\n")
    (tmp_path / "nvpmodel.conf").write_text(CONF)
    monkeypatch.setenv("MODE_FILE", str(tmp_path / "mode"))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return open_jetson(tmp_path / "nvpmodel.conf", tmp_path / "sys")


def test_modes_are_the_only_limits(module):
    (facts,) = module.cards()

    assert (facts.gpu_id, facts.name) == ("JETSON-1424721000000", "NVIDIA Jetson AGX Orin")
    assert facts.envelope.only_w == (15.0, 30.0, 50.0, 62.5)
    assert module.limits(facts.gpu_id) == Limits(limit_w=30.0, enforced_w=30.0)


def test_a_wish_between_two_modes_gets_the_lower_one(module):
    envelope = module.envelope("j")
    limits = module.limits("j")

    action = choose(
        Memory(), want_w=27.0, parked=False, limits=limits, envelope=envelope, now_s=0.0
    )
    module.write_limit("j", action.limit_w)
    outcome = judge("j", 27.0, module.limits("j"), envelope)

    assert action == Write(15.0, parked=False)
    assert outcome.outcome is Verdict.CLAMPED
    assert outcome.reason == "27 W is none of 15, 30, 50, 62.5 W"


def test_failsafe_is_the_lowest_mode(module):
    hold = Hold(charge=Charge.FAILSAFE)

    assert wanted_w(hold, module.limits("j"), module.envelope("j"), None) == 15.0


def test_a_mode_that_needs_a_reboot_is_refused_and_nothing_reboots(module):
    with pytest.raises(CardRefuses, match="MODE_50W needs a reboot"):
        module.write_limit("j", 50.0)

    assert module.limits("j").limit_w == 30.0


def test_an_error_of_nvpmodel_is_said_in_its_words(module, tmp_path):
    (tmp_path / "mode.stuck").touch()

    with pytest.raises(CardRefuses, match="NVPM ERROR: busy"):
        module.write_limit("j", 15.0)


def test_a_mode_that_nobody_knows_is_a_lost_card(module, tmp_path):
    (tmp_path / "mode").write_text("9\n")

    with pytest.raises(CardLost, match="names no known mode"):
        module.limits("j")


def test_the_input_is_the_total_and_rails_are_not_added(module):
    seen = module.telemetry("j")

    assert (seen.power_w, seen.temperature_c, seen.utilization) == (28.8, 54.5, 0.87)


def test_a_machine_that_is_no_jetson_says_so(tmp_path):
    with pytest.raises(BackendMissing, match="no Jetson"):
        open_jetson(tmp_path / "none.conf", tmp_path)


class SteppingPace(Pace):
    """A second passes at every look at the clock."""

    _seconds = count()

    def now_s(self) -> float:
        return float(next(self._seconds))


def test_a_module_that_draws_more_than_its_mode_says_still_obeys(module, tmp_path):
    (module.sys / SENSOR / "curr1_input").write_text("3000\n")  # 57.6 W in a mode of 15 W
    journal = Journal(tmp_path, boot_id="b", driver_start="d")
    cards = Cards(module, journal, lease_s=600.0, pace=SteppingPace())
    wish = Wish(gpu_id="JETSON-1424721000000", limit_w=15.0, parked=False)

    for _ in range(8):
        (outcome,) = cards.wish((wish,))

    assert outcome.outcome is Verdict.APPLIED
    assert cards.kept[0].state.power_w == pytest.approx(57.6)
    assert cards.kept[0].stage.value == "limit"
