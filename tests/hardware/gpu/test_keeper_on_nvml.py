"""What only a driver does: permissions, old and missing libraries, persistence, other limiters."""

import ctypes.util
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from rigs import FakeDriver, eventually

from solard.system.processes import read_stat

BARE = (
    *("nvmlInitWithFlags", "nvmlShutdown", "nvmlDeviceGetCount_v2", "nvmlDeviceGetUUID"),
    *("nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetPowerManagementLimitConstraints"),
    *("nvmlDeviceGetPowerManagementLimit", "nvmlDeviceSetPowerManagementLimit"),
    "nvmlDeviceGetPersistenceMode",
)


def test_the_list_names_range_default_and_own_limit(nvml, start_keeper):
    keeper = start_keeper(nvml)

    answer = keeper.ask("list")

    assert answer["backend"] == "nvml"
    assert answer["cards"][1] == {
        "gpu_id": "GPU-5014a2d0-0000-4000-8000-000000000001",
        "index": 1,
        "name": "NVIDIA GeForce RTX 3090",
        "min_w": 100.0,
        "default_w": 350.0,
        "max_w": 390.0,
        "parked_w": 21.0,
        "original_w": 350.0,
        "state": "released",
        "can": ["clock", "limit", "park"],
        "hands_off": False,
    }
    assert answer["cards"][3]["min_w"] is None


def test_a_laptop_card_that_takes_no_limit_is_held_by_its_clock(nvml, start_keeper):
    keeper = start_keeper(nvml)

    (answer,) = keeper.set((3, 60.0))

    assert answer["outcome"] == "clamped"
    assert answer["reason"] == ("it takes no power limit, as many laptop cards; its clock holds it")
    assert keeper.healths() == ["ok", "ok", "ok", "ok"]


def test_a_missing_permission_names_what_grants_it(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("is_denied", 1, index=1)

    (answer,) = keeper.set((1, 200.0))

    assert answer["outcome"] == "refused"
    assert "start the keeper as root or through solard-gpu.service" in answer["reason"]
    assert keeper.healths()[1] == "denied"


def test_another_limiter_below_ours_is_told(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("enforced_mw", 160_000, index=1)

    (answer,) = keeper.set((1, 200.0))

    assert answer["outcome"] == "clamped"
    assert answer["limit_w"] == 200.0
    assert answer["enforced_w"] == 160.0
    assert answer["reason"] == "something else holds it at 160 W"


def test_the_range_is_read_at_each_write(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("min_mw", 130_000, index=1)

    (answer,) = keeper.set((1, 100.0))

    assert answer["outcome"] == "clamped"
    assert answer["limit_w"] == 130.0


def test_an_unchanged_limit_is_not_written_again(nvml, start_keeper):
    keeper = start_keeper(nvml)
    for _ in range(3):
        keeper.set((1, 200.0))

    assert nvml.writes(1) == 1


def test_persistence_is_on_while_a_limit_is_ours_and_off_again_after(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((1, 200.0))
    held = nvml.persistence(1)
    keeper.stop()

    assert held == 1
    assert nvml.persistence(1) == 0


def test_a_library_with_the_bare_calls_only_keeps_cards_and_says_null_for_the_rest(
    compile_fake, home, start_keeper
):
    bare = FakeDriver(compile_fake(_exporting(home, *BARE)), home / "bare.state")
    bare.set_by_hand(1, 240.0)
    keeper = start_keeper(bare)

    (answer,) = keeper.set((1, 200.0))
    state = keeper.states()[1]
    code, left_w = keeper.stop(), bare.limits_w()[1]
    bare.close()

    assert (answer["outcome"], answer["limit_w"], answer["enforced_w"]) == ("applied", 200.0, None)
    assert (state["power_w"], state["temperature_c"], state["utilization"]) == (None, None, None)
    assert (code, left_w) == (0, 240.0)
    assert not (home / "state" / "originals.json").exists()


def test_a_library_is_the_one_that_is_named_whatever_it_calls_itself(
    compile_fake, home, start_keeper
):
    nameless = FakeDriver(compile_fake(soname=None), home / "nameless.state")
    keeper = start_keeper(nameless)

    (answer,) = keeper.set((1, 200.0))

    assert answer["outcome"] == "applied"
    assert nameless.power_limits()[1] == 200.0


def _exporting(home, *names):
    script = home / "exports.map"
    listed = "".join(f"{name};" for name in names)
    script.write_text(f"{{ global: fake*; {listed} local: *; }};")
    return f"-Wl,--version-script={script}"


def test_draw_falls_to_the_limit(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((0, 200.0))

    power_w = eventually(lambda: keeper.states()[0]["power_w"], lambda w: 190.0 < w < 201.0)

    assert 190.0 < power_w < 201.0


def test_a_driver_that_is_not_loaded_gives_one_clear_line(nvml, start_keeper):
    nvml.set("driver_is_missing", 1)

    answer = start_keeper(nvml).ask("list")

    assert answer["cards"] == []
    assert answer["backend"] == "none"
    assert answer["note"] == (
        "the NVIDIA driver is installed but not loaded: monitor mode, no limits are set; "
        "run `modprobe nvidia`, or reboot after an upgrade"
    )


def test_a_driver_without_cards_gives_one_clear_line(nvml, start_keeper):
    nvml.set("count", 0)

    answer = start_keeper(nvml).ask("list")

    assert answer["backend"] == "none"
    assert "sees no GPU" in answer["note"]


@pytest.mark.skipif(
    ctypes.util.find_library("nvidia-ml") is not None, reason="this machine has an NVIDIA driver"
)
def test_a_machine_without_a_driver_gives_one_clear_line(nvml, start_keeper):
    keeper = start_keeper(nvml, environment={"SOLARD_NVML_LIBRARY": ""})

    answer = keeper.ask("list")

    assert answer["note"] == (
        "no NVIDIA driver on this machine (libnvidia-ml.so.1 not found): monitor mode, "
        "no limits are set; install the driver or run the demo"
    )
    assert keeper.stop() == 0


def test_a_library_that_is_not_there_is_named(nvml, start_keeper):
    keeper = start_keeper(nvml, environment={"SOLARD_NVML_LIBRARY": "/nowhere/libnvidia-ml.so.1"})

    assert "SOLARD_NVML_LIBRARY=/nowhere/libnvidia-ml.so.1" in keeper.ask("list")["note"]


def test_a_driver_that_is_loaded_later_is_found(nvml, home):
    nvml.set("driver_is_missing", 1)
    script = """
import argparse, ctypes, os, sys, time
from pathlib import Path
from hardware.gpu.keeper import Keeper
home = Path(sys.argv[1])
keeper = Keeper(argparse.Namespace(simulated=None, state=home, lease=30.0, failsafe=None))
before = keeper.answer({"verb": "list"})["backend"]
fake = ctypes.CDLL(os.environ["SOLARD_NVML_LIBRARY"])
fake.fakeSet.argtypes = [ctypes.c_uint, ctypes.c_char_p, ctypes.c_double]
fake.fakeAttach(os.environ["FAKE_NVML_STATE"].encode())
fake.fakeSet(0, b"driver_is_missing", 0)
keeper.reopen()
ends_s = time.monotonic() + 10
while keeper.answer({"verb": "list"})["backend"] == "none" and time.monotonic() < ends_s:
    time.sleep(0.02)
print(before, keeper.answer({"verb": "list"})["backend"])
"""
    said = _python(script, home, nvml)

    assert said.split() == ["none", "nvml"]


def test_the_keeper_stays_small(nvml, start_keeper):
    keeper = start_keeper(nvml)
    for watts in (200.0, 210.0, 220.0):
        keeper.set((0, watts), (1, watts))
        keeper.states()

    stat = read_stat(keeper.pid)

    assert stat is not None
    assert stat.rss_pages * resource.getpagesize() < 30e6


def _python(script: str, home: Path, driver: FakeDriver) -> str:
    import os

    return subprocess.run(
        [sys.executable, "-c", script, str(home)],
        env=os.environ | driver.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_parked_card_is_at_its_lowest_clock_and_stopped_once_no_program_is_on_it(
    nvml, start_keeper
):
    keeper = start_keeper(nvml)
    nvml.set("pid", 4242, index=1)
    keeper.set((1, 100.0), parked=True)
    parked = eventually(lambda: keeper.stages()[1], "parked")
    clock_mhz = nvml.clock_mhz(1)
    nvml.set("pid", 0, index=1)
    stopped = eventually(lambda: keeper.stages()[1], "stopped")
    keeper.set((1, 200.0))

    assert (parked, clock_mhz, stopped) == ("parked", 210, "stopped")
    assert eventually(lambda: nvml.clock_mhz(1), 0) == 0
    assert eventually(lambda: keeper.stages()[1], "limit") == "limit"


def test_clocks_of_a_killed_keeper_are_freed_by_the_next_one(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((1, 100.0), parked=True)
    eventually(lambda: nvml.clock_mhz(1), 210)
    keeper.kill()
    keeper.restart()
    after_kill = nvml.clock_mhz(1)
    keeper.set((1, 200.0))
    held = eventually(lambda: nvml.clock_mhz(1), 0)
    keeper.stop()

    assert (after_kill, held) == (210, 0)
    assert nvml.clock_mhz(1) == 0


def test_clocks_that_nobody_held_since_a_kill_are_freed_by_a_clean_stop(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((1, 100.0), parked=True)
    eventually(lambda: nvml.clock_mhz(1), 210)
    keeper.kill()
    keeper.restart()
    keeper.stop()

    assert nvml.clock_mhz(1) == 0
