"""Every fault of a GPU, its driver or its keeper that the field has reported, injected.

Each test is named after its fault and asserts what must come of it.
"""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rigs import FakeDriver, eventually

from solard.system.lines import NoAnswer

NVML_TIMEOUT, NVML_RESET_REQUIRED = 10, 16


def log_of(keeper) -> str:
    return (keeper.home / "keeper.log").read_text()


# --- the driver ----------------------------------------------------------------------------------


def test_nvml_library_absent_runs_in_monitor_mode_and_says_so(nvml, start_keeper):
    keeper = start_keeper(nvml, environment={"SOLARD_NVML_LIBRARY": "/nowhere/libnvidia-ml.so.1"})

    answer = keeper.ask("list")

    assert answer["backend"] == "none"
    assert "monitor mode, no limits are set" in answer["note"]
    assert keeper.stop() == 0


def test_no_permission_is_denied_says_how_to_get_it_and_touches_nothing(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("is_denied", 1, index=0)

    refused, kept = keeper.set((0, 200.0), (1, 200.0))

    assert "start the keeper as root or through solard-gpu.service" in refused["reason"]
    assert kept["outcome"] == "applied"
    assert keeper.stages()[:2] == ["denied", "limit"]
    assert nvml.limits_w()[0] == 450.0


def test_missing_new_symbols_fall_back_to_the_old_calls(compile_fake, home, start_keeper):
    old = FakeDriver(compile_fake("-DOLD_DRIVER"), home / "old.state")
    keeper = start_keeper(old)

    (answer,) = keeper.set((1, 200.0))
    state = keeper.states()[1]
    old.close()

    assert answer["outcome"] == "applied"
    assert answer["limit_w"] == 200.0
    assert answer["enforced_w"] is None  # not said is not known
    assert state["temperature_c"] >= 30.0
    assert keeper.stages()[1] == "limit"


def test_driver_reload_resets_limits_and_they_are_back_within_a_cycle_uncounted(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((0, 200.0), (1, 180.0))
    for _ in range(3):
        nvml.set("reload", 1)
        assert eventually(lambda: nvml.limits_w()[:2], [200.0, 180.0]) == [200, 180]
    nvml.set_by_hand(1, 330.0)

    assert eventually(lambda: nvml.limits_w()[1], 180.0) == 180.0
    assert keeper.stages()[:2] == ["limit", "limit"]
    assert nvml.persistence(0) == 1


def test_energy_counter_reset_takes_nothing_back(nvml, start_keeper):
    nvml.set("energy_mj", 1e12, index=0)  # of the weeks before: none of it is the keeper's
    keeper = start_keeper(nvml)
    keeper.set((0, 300.0))
    before_j = eventually(lambda: keeper.states()[0]["energy_j"], lambda used: 100.0 < used < 1e6)
    nvml.set("energy_mj", 0, index=0)

    after_j = keeper.states()[0]["energy_j"]

    assert before_j <= after_j < before_j + 1e6


# --- one card ------------------------------------------------------------------------------------


def test_write_ignored_is_refused_and_named(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("ignores_writes", 1, index=1)

    (answer,) = keeper.set((1, 180.0))

    assert answer["outcome"] == "refused"
    assert answer["reason"] == "still at 350 W after it was told 180 W"
    assert keeper.stages()[1] == "denied"


def test_enforced_below_requested_is_clamped_to_what_is_enforced(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("enforced_mw", 150_000, index=1)

    (answer,) = keeper.set((1, 180.0))

    assert (answer["outcome"], answer["limit_w"], answer["enforced_w"]) == ("clamped", 180.0, 150.0)


def test_range_change_clamps_to_the_range_of_now(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("max_mw", 300_000, index=1)

    (answer,) = keeper.set((1, 350.0))

    assert (answer["outcome"], answer["limit_w"]) == ("clamped", 300.0)


def test_limit_outside_min_max_is_clamped_and_warned_once(nvml, start_keeper):
    keeper = start_keeper(nvml)
    for _ in range(3):
        (answer,) = keeper.set((1, 20.0))

    assert (answer["outcome"], answer["limit_w"]) == ("clamped", 100.0)
    assert log_of(keeper).count("20 W is outside 100..390 W") == 1


def test_gpu_lost_leaves_the_others_alone_and_obeys_again_when_it_is_back(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((0, 200.0), (1, 180.0))
    nvml.set("is_lost", 1, index=0)

    stages = eventually(keeper.stages, lambda seen: seen[0] == "lost")
    power_w = keeper.states()[0]["power_w"]
    nvml.set("is_lost", 0, index=0)
    nvml.set("limit_mw", 450_000, index=0)

    assert stages == ["lost", "limit", "released", "released"]
    assert power_w is None
    assert eventually(lambda: nvml.limits_w()[0], 200.0) == 200.0


def test_gpu_lost_at_start_is_kept_once_it_answers(nvml, start_keeper):
    nvml.set("is_lost", 1, index=2)
    keeper = start_keeper(nvml, environment={"SOLARD_GPU_RESCAN_S": "0.3"})
    before = keeper.ask("list")
    nvml.set("is_lost", 0, index=2)

    indices = eventually(
        lambda: [card["index"] for card in keeper.ask("list")["cards"]], [0, 1, 2, 3]
    )

    assert [card["index"] for card in before["cards"]] == [0, 1, 3]
    assert before["note"].startswith("GPU 2 cannot be used")
    assert indices == [0, 1, 2, 3]


def test_reset_required_and_timeout_say_what_helps(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("error", NVML_RESET_REQUIRED, index=0)
    nvml.set("error", NVML_TIMEOUT, index=1)

    reset, timeout = keeper.set((0, 200.0), (1, 200.0))

    assert reset["reason"].endswith("it needs a reset; run `nvidia-smi -r` or reboot")
    assert timeout["reason"].endswith("the driver did not answer in time; see `dmesg`")


def test_nvml_call_that_blocks_holds_up_its_own_card_only(nvml, start_keeper):
    keeper = start_keeper(nvml, lease_s=1.5)
    keeper.set((0, 300.0), (1, 300.0))
    nvml.set("hangs_s", 60, index=0)

    others = eventually(lambda: nvml.power_limits()[1:3], [100.0, 100.0])
    blocked_w = nvml.power_limits()[0]
    nvml.set("hangs_s", 0, index=0)
    after = eventually(lambda: nvml.power_limits()[0], 150.0)

    assert others == [100.0, 100.0]
    assert blocked_w == 300.0
    assert after == 150.0


def test_nvml_call_that_blocks_at_the_start_keeps_no_other_card_waiting(nvml, start_keeper):
    nvml.set("hangs_s", 60, index=0)
    keeper = start_keeper(nvml, environment={"SOLARD_GPU_RESCAN_S": "0.3"})

    (kept,) = keeper.set((1, 180.0))
    note = keeper.ask("list")["note"]
    nvml.set("hangs_s", 0, index=0)
    found = eventually(lambda: len(keeper.ask("list")["cards"]), 4)

    assert kept["outcome"] == "applied"
    assert note == "GPU 0 does not answer; see `dmesg`"
    assert found == 4


def test_nvml_call_that_blocks_at_the_stop_keeps_its_original_for_the_next_keeper(
    nvml, start_keeper
):
    nvml.set_by_hand(0, 300.0)
    keeper = start_keeper(nvml)
    keeper.set((0, 200.0), (1, 200.0))
    nvml.set("hangs_s", 60, index=0)

    code = keeper.stop()
    left_w = nvml.power_limits()[:2]
    nvml.set("hangs_s", 0, index=0)
    keeper.restart()
    originals = keeper.originals_w()[:2]

    assert code == 0
    assert left_w == [200.0, 350.0]
    assert originals == [300.0, 350.0]
    assert nvml.limits_w()[:2] == [150.0, 100.0]


def test_draw_over_the_limit_at_the_floor_is_brought_down_by_the_clock(nvml, start_keeper):
    keeper = start_keeper(nvml)
    nvml.set("overdraw", 1.4, index=1)
    keeper.set((1, 100.0))

    stage = eventually(lambda: keeper.stages()[1], "clock")
    power_w = eventually(lambda: keeper.states()[1]["power_w"], lambda w: w < 106.0)

    assert stage == "clock"
    assert power_w < 106.0
    keeper.stop()
    assert nvml.clock_mhz(1) == 0


def test_draw_over_the_limit_without_clocks_is_denied_with_the_figures(nvml, start_keeper):
    nvml.set("takes_no_clock", 1, index=1)
    keeper = start_keeper(nvml)
    nvml.set("overdraw", 1.4, index=1)
    keeper.set((1, 200.0))

    stage = eventually(lambda: keeper.stages()[1], "denied")
    (answer,) = keeper.set((1, 200.0))

    assert stage == "denied"
    assert answer["reason"] == "its limit does not hold: it draws 280 W, told 200 W; stop its work"


def test_segfault_in_the_library_ends_in_failsafe_with_the_originals_known(nvml, start_keeper):
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml)
    keeper.set((0, 300.0), (1, 200.0))
    nvml.set("segfaults", 1, index=0)
    keeper.process.wait(timeout=10)
    nvml.set("segfaults", 0, index=0)
    keeper.restart()

    assert keeper.process.returncode is None
    assert nvml.limits_w()[:3] == [150.0, 100.0, 100.0]
    assert keeper.originals_w()[:3] == [450.0, 240.0, 140.0]


def test_foreign_change_is_put_back_twice_then_left_until_it_is_taken(nvml, start_keeper):
    keeper = start_keeper(nvml)
    keeper.set((1, 200.0))
    for _ in range(2):
        nvml.set_by_hand(1, 330.0)
        assert eventually(lambda: nvml.limits_w()[1], 200.0) == 200.0
    nvml.set_by_hand(1, 330.0)
    left = eventually(lambda: keeper.stages()[1], "manual")
    left_w = nvml.limits_w()[1]

    (taken,) = keeper.ask("take", gpu_id=nvml.gpu_ids[1])["results"]

    assert (left, left_w) == ("manual", 330.0)
    assert taken["outcome"] == "applied"
    assert nvml.limits_w()[1] == 200.0
    assert keeper.stages()[1] == "limit"


# --- the keeper and who holds --------------------------------------------------------------------


def test_keeper_killed_or_socket_gone_ends_in_failsafe_and_the_holder_syncs_again(
    nvml, start_keeper, hold
):
    keeper = start_keeper(nvml, lease_s=3.0, speed=1.0)
    holder = hold(keeper, "0=350", "1=250")
    assert holder.stdout is not None
    said = [holder.stdout.readline() for _ in range(2)]  # it knows, and not the card alone
    keeper.kill()
    keeper.socket.unlink()

    keeper.restart(wait=False)
    low = eventually(lambda: nvml.limits_w()[:2], [150.0, 100.0])
    back = eventually(lambda: nvml.limits_w()[:2], [350.0, 250.0])

    assert said == ["GPU 0 held at 350 W\n", "GPU 1 held at 250 W\n"]
    assert low == [150.0, 100.0]
    assert back == [350.0, 250.0]


def test_oom_kill_of_the_holder_brings_every_card_to_failsafe(nvml, start_keeper, hold):
    keeper = start_keeper(nvml, lease_s=1.0, speed=1.0)
    holder = hold(keeper, "0=350")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "GPU 0 held at 350 W\n"

    holder.send_signal(signal.SIGKILL)  # what the kernel does
    holder.wait()

    lowest = [150.0, 100.0, 100.0, 115.0]
    assert eventually(nvml.limits_w, lowest) == lowest


def test_stopped_holder_is_a_dead_one_until_it_goes_on(nvml, start_keeper, hold):
    keeper = start_keeper(nvml, lease_s=1.0, speed=1.0)
    holder = hold(keeper, "0=350")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "GPU 0 held at 350 W\n"

    holder.send_signal(signal.SIGSTOP)
    stopped = eventually(lambda: nvml.limits_w()[:3], [150.0, 100.0, 100.0])
    holder.send_signal(signal.SIGCONT)

    assert stopped == [150.0, 100.0, 100.0]
    assert eventually(lambda: nvml.limits_w()[0], 350.0) == 350.0


def test_emfile_in_the_keeper_ends_leases_all_the_same_and_passes(nvml, start_keeper):
    keeper = start_keeper(nvml, lease_s=0.5)
    keeper.set((0, 300.0))
    before = resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, (3, before[1]))  # open ones stay open

    limits = eventually(lambda: nvml.limits_w()[:3], [150.0, 100.0, 100.0])
    with pytest.raises(NoAnswer):
        keeper.ask("read", timeout_s=0.5)
    resource.prlimit(keeper.pid, resource.RLIMIT_NOFILE, before)

    assert limits == [150.0, 100.0, 100.0]
    assert eventually(lambda: _answers(keeper), True)


def test_full_process_table_refuses_a_visitor_and_not_the_lease(nvml, start_keeper):
    keeper = start_keeper(nvml, lease_s=0.5)
    keeper.set((0, 300.0))
    before = resource.prlimit(keeper.pid, resource.RLIMIT_AS)
    size = int(Path(f"/proc/{keeper.pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(keeper.pid, resource.RLIMIT_AS, (size, before[1]))  # no stack for a thread

    limits = eventually(lambda: nvml.limits_w()[:3], [150.0, 100.0, 100.0])
    resource.prlimit(keeper.pid, resource.RLIMIT_AS, before)

    assert limits == [150.0, 100.0, 100.0]
    assert eventually(lambda: _answers(keeper), True)


def test_second_keeper_in_the_same_state_leaves_at_once_and_names_the_first(nvml, start_keeper):
    keeper = start_keeper(nvml)
    command = [sys.executable, "-m", "hardware.gpu.keeper", "--socket", f"{keeper.socket}2"]
    command += ["--state", str(keeper.home / "state")]

    ran = subprocess.run(
        command, env=os.environ | nvml.environment(), capture_output=True, text=True, check=False
    )

    assert ran.returncode == 75
    assert f"another keeper (pid {keeper.pid})" in ran.stderr


def test_hands_off_cards_stay_as_they_are_in_failsafe_and_after_a_kill(nvml, start_keeper):
    keeper = start_keeper(nvml, lease_s=0.5)
    wish = [{"gpu_id": nvml.gpu_ids[0], "limit_w": 300.0, "parked": False}]
    keeper.ask("set", limits=wish, hands_off=[nvml.gpu_ids[1]])
    ended = eventually(lambda: nvml.limits_w()[:3], [150.0, 350.0, 100.0])
    keeper.kill()
    keeper.restart()
    keeper.ask("failsafe")

    assert ended == [150.0, 350.0, 100.0]
    assert nvml.limits_w()[:3] == [150.0, 350.0, 100.0]
    assert nvml.told(1) == []


def test_a_held_card_that_becomes_hands_off_gets_its_own_limit_back(nvml, start_keeper):
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml)
    keeper.set((0, 300.0), (1, 200.0))
    wish = [{"gpu_id": nvml.gpu_ids[0], "limit_w": 300.0, "parked": False}]
    keeper.ask("set", limits=wish, hands_off=[nvml.gpu_ids[1]])

    restored = eventually(lambda: nvml.limits_w()[1], 240.0)
    (refused,) = keeper.set((1, 150.0))

    assert restored == 240.0
    assert refused["reason"].endswith("its workload is `power: hands_off`")
    assert nvml.limits_w()[:2] == [300.0, 240.0]


def test_what_a_killed_keeper_left_is_put_back_by_the_service_manager(nvml, start_keeper):
    nvml.set_by_hand(1, 240.0)
    keeper = start_keeper(nvml)
    keeper.set((1, 200.0))
    keeper.kill()

    after_crash = _after(keeper, "signal")
    crashed_w = nvml.limits_w()[1]
    after_stop = _after(keeper, "success")

    assert (after_crash, crashed_w) == (0, 100.0)
    assert (after_stop, nvml.limits_w()[1]) == (0, 240.0)
    assert not (keeper.home / "state" / "originals.json").exists()


def _after(keeper, result: str) -> int:
    command = [sys.executable, "-m", "hardware.gpu.keeper", "--once", "after"]
    command += ["--state", str(keeper.home / "state")]
    surroundings = os.environ | keeper.driver.environment() | {"SERVICE_RESULT": result}
    return subprocess.run(command, env=surroundings, timeout=20, check=False).returncode


def _answers(keeper) -> bool:
    try:
        return keeper.ask("read", timeout_s=0.5)["pid"] == keeper.pid
    except NoAnswer:
        time.sleep(0.05)
        return False
