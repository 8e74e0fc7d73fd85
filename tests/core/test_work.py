"""Restarts, health, modes and energy of workloads: pure decisions."""

from dataclasses import replace

import pytest

from solard.core.decide import decide
from solard.core.decision import Decision, PowerLimit
from solard.core.modes import WorkMode
from solard.core.restarts import RestartMemory, RestartPolicy, after_death, after_health
from solard.core.rig import PowerTerms, Rig, Workload
from solard.core.state import GpuState
from solard.core.work import (
    LIMIT_ONLY,
    STOPPED,
    ActionKind,
    External,
    HealthChecks,
    Keeper,
    ModeAction,
    WorkSpec,
)
from solard.core.work_energy import WorkEnergy, count_energy, idle_w, power_by_workload
from solard.core.work_health import HealthMemory, after_look, judge
from solard.core.work_modes import work_modes
from tests.core.sites import inputs_of, state_of

POLICY = RestartPolicy(first_s=1.0, last_s=300.0, park_after=12)


def die(memory: RestartMemory, now_s: float, lived_s: float = 0.0) -> RestartMemory:
    return after_death(memory, POLICY, now_s=now_s, lived_s=lived_s)


def test_waits_double_to_five_minutes() -> None:
    memory, now_s, waits = RestartMemory(), 0.0, []
    for _ in range(11):
        memory = die(memory, now_s)
        waits.append(memory.next_start_s - now_s)
        now_s = memory.next_start_s

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert not memory.parked
    assert die(memory, now_s).parked, "twelve early deaths within an hour"


def test_old_deaths_are_forgotten() -> None:
    memory = RestartMemory()
    for death in range(30):
        memory = die(memory, death * 400.0)

    assert not memory.parked
    assert len(memory.died_s) == 9


def test_long_life_starts_again_at_once_and_counts_as_no_early_death() -> None:
    memory = die(die(RestartMemory(), 0.0), 1.0)

    late = die(memory, 100.0, lived_s=61.0)

    assert (late.next_start_s, late.died_s) == (100.0, (0.0, 1.0))
    assert die(late, 101.0).next_start_s == 102.0, "its wait begins anew"


def test_long_life_makes_up_for_early_deaths() -> None:
    memory = die(die(RestartMemory(), 0.0), 1.0)

    assert after_health(memory, POLICY, lived_s=60.0) == memory
    assert after_health(memory, POLICY, lived_s=60.1).wait_s is None
    assert after_health(RestartMemory(), POLICY, lived_s=99.0) == RestartMemory()


CHECKS = HealthChecks(port=1, fails=3, starts_within_s=300.0)


def looked(*faults: str) -> HealthMemory:
    memory = HealthMemory()
    for fault in faults:
        memory = after_look(memory, (fault,) if fault else ())
    return memory


def test_program_is_starting_until_it_is_well() -> None:
    assert judge(HealthMemory(), CHECKS, lived_s=0.0).text == "starting"
    assert judge(looked("deaf", "deaf", "deaf"), CHECKS, lived_s=300.0).text == "starting"
    assert judge(looked("deaf", ""), CHECKS, lived_s=20.0).text == "ok"


def test_program_that_never_was_well_is_sick_after_its_time_to_start() -> None:
    health = judge(looked("deaf", "deaf", "deaf"), CHECKS, lived_s=300.1)

    assert (health.text, health.is_sick) == ("deaf", True)


def test_three_failed_looks_in_a_row_are_sick() -> None:
    two = judge(looked("", "deaf", "deaf"), CHECKS, lived_s=20.0)
    three = judge(looked("", "deaf", "deaf", "deaf"), CHECKS, lived_s=20.0)

    assert (two.text, two.is_sick) == ("deaf (2 of 3 looks)", False)
    assert (three.text, three.is_sick) == ("deaf", True)
    assert judge(looked("", "deaf", "deaf", ""), CHECKS, lived_s=20.0).text == "ok"


def test_several_faults_are_all_said() -> None:
    assert after_look(HealthMemory(), ("deaf", "cold")).fault == "deaf; cold"


def spec(**changes: object) -> WorkSpec:
    return replace(WorkSpec(name="m", role="other", command=("m",)), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stop_below", "runs"),
    [
        (WorkMode.STANDBY, [False, True, True, True]),
        (WorkMode.ECO, [False, False, True, True]),
    ],
)
def test_program_without_modes_runs_where_the_mode_is_high_enough(
    stop_below: WorkMode, runs: list[bool]
) -> None:
    assert [spec(stop_below=stop_below).action(mode).runs for mode in WorkMode] == runs


def test_mode_that_is_not_written_does_what_the_next_higher_does() -> None:
    loud = ModeAction(kind=ActionKind.SIGNAL, signal="SIGUSR1")
    small = ModeAction(kind=ActionKind.SIGNAL, signal="SIGUSR2")
    some = spec(modes=((WorkMode.FULL, loud), (WorkMode.STANDBY, small)))

    actions = [some.action(mode) for mode in WorkMode]
    assert actions == [STOPPED, small, loud, loud]


def test_mode_above_all_that_are_written_leaves_the_program_alone() -> None:
    off_only = spec(modes=((WorkMode.OFF, LIMIT_ONLY),))

    assert [off_only.action(mode) for mode in WorkMode] == [LIMIT_ONLY] * 4


def test_external_program_without_modes_is_left_alone_in_every_mode() -> None:
    external = spec(external=External(keeper=Keeper.PM2, name="m"), command=())
    told = replace(external, modes=((WorkMode.OFF, STOPPED),))

    assert external.is_watched_only
    assert {external.action(mode) for mode in WorkMode} == {LIMIT_ONLY}
    assert not told.is_watched_only
    assert not told.action(WorkMode.OFF).runs


def limit(index: int, limit_w: float, *, parked: bool = False) -> PowerLimit:
    return PowerLimit(gpu_id=f"GPU-{index}", limit_w=limit_w, parked=parked)


def decided(mode: WorkMode, *limits: PowerLimit) -> Decision:
    decision, _ = decide(inputs_of())
    return replace(decision, mode=mode, limits=limits)


def modes_of(decision: Decision, **changes: object) -> WorkMode:
    values: dict[str, object] = {"name": "m", "gpu_ids": ("GPU-0", "GPU-1"), **changes}
    ((_, mode),) = work_modes((Workload(**values),), decision)  # type: ignore[arg-type]
    return mode


def test_work_under_its_at_least_goes_to_standby() -> None:
    terms = {"terms": PowerTerms.AT_LEAST, "at_least_w": 150.0}

    enough = decided(WorkMode.FULL, limit(0, 150.0), limit(1, 200.0))
    little = decided(WorkMode.FULL, limit(0, 149.0), limit(1, 200.0))
    parked = decided(WorkMode.FULL, limit(0, 200.0, parked=True), limit(1, 200.0))

    assert modes_of(enough, **terms) is WorkMode.FULL
    assert modes_of(little, **terms) is WorkMode.STANDBY
    assert modes_of(parked, **terms) is WorkMode.STANDBY


def test_free_work_goes_to_standby_only_when_all_its_cards_park() -> None:
    one = decided(WorkMode.ECO, limit(0, 100.0, parked=True), limit(1, 200.0))
    none = decided(WorkMode.ECO, limit(0, 100.0, parked=True), limit(1, 100.0, parked=True))

    assert modes_of(one) is WorkMode.ECO
    assert modes_of(none) is WorkMode.STANDBY


def test_hands_off_work_goes_on_until_everything_is_off() -> None:
    hands_off = {"terms": PowerTerms.HANDS_OFF}

    assert modes_of(decided(WorkMode.STANDBY), **hands_off) is WorkMode.FULL
    assert modes_of(decided(WorkMode.OFF), **hands_off) is WorkMode.OFF


def test_gpu_lost_ends_the_work_that_had_no_other() -> None:
    decision = decided(WorkMode.FULL, limit(1, 200.0))

    def mode(*gone: str, **changes: object) -> WorkMode:
        work = Workload(**{"name": "m", "gpu_ids": ("GPU-0",), **changes})  # type: ignore[arg-type]
        return work_modes((work,), decision, frozenset(gone))[0][1]

    assert mode("GPU-0") is WorkMode.OFF
    assert mode("GPU-0", gpu_ids=("GPU-0", "GPU-1")) is WorkMode.FULL
    assert mode("GPU-1") is WorkMode.FULL
    assert mode("GPU-0", gpu_ids=()) is WorkMode.FULL
    assert mode("GPU-0", terms=PowerTerms.HANDS_OFF) is WorkMode.FULL


def test_row_27_work_that_only_limits_hold_back_ends_at_standby_where_a_card_takes_none() -> None:
    standby = decided(WorkMode.STANDBY)
    parked = decided(WorkMode.ECO, limit(0, 280.0, parked=True))

    def mode(decision: Decision, unlimited: str, *, limit_only: bool = True) -> WorkMode:
        work = Workload(name="m", gpu_ids=("GPU-0",), limit_only=limit_only)
        return work_modes((work,), decision, unlimited=frozenset({unlimited}))[0][1]

    assert mode(standby, "GPU-0") is mode(parked, "GPU-0") is WorkMode.OFF
    assert mode(standby, "GPU-1") is mode(parked, "GPU-1") is WorkMode.STANDBY
    assert mode(standby, "GPU-0", limit_only=False) is WorkMode.STANDBY
    assert mode(decided(WorkMode.FULL, limit(0, 280.0)), "GPU-0") is WorkMode.FULL


def test_work_without_cards_follows_the_rig() -> None:
    assert modes_of(decided(WorkMode.ECO), gpu_ids=()) is WorkMode.ECO
    assert modes_of(decided(WorkMode.STANDBY, limit(0, 300.0))) is WorkMode.STANDBY


def gpu(index: int, power_w: float | None, *, parked: bool = False) -> GpuState:
    return GpuState(
        gpu_id=f"GPU-{index}",
        limit_w=300.0,
        enforced_w=300.0,
        power_w=power_w,
        temperature_c=50.0,
        utilization=1.0,
        parked=parked,
    )


def test_energy_of_a_workload_grows_by_its_draw_and_keeps_its_first_day() -> None:
    before = (WorkEnergy(name="a", since="2026-06-01", energy_j=1000.0),)

    after = count_energy(before, {"a": 200.0, "b": 50.0}, 2.0, "2026-06-12")

    assert after == (
        WorkEnergy(name="a", since="2026-06-01", energy_j=1400.0),
        WorkEnergy(name="b", since="2026-06-12", energy_j=100.0),
    )


def test_each_workload_draws_its_share_of_its_cards_and_the_host_is_idle() -> None:
    rig = Rig(host_w=100.0, psu_efficiency=0.5)
    state = replace(
        state_of(), rig_w=700.0, gpus=(gpu(0, 200.0), gpu(1, 50.0), gpu(2, 20.0, parked=True))
    )
    work = (
        Workload(name="a", gpu_ids=("GPU-0",)),
        Workload(name="b", gpu_ids=("GPU-0", "GPU-1", "GPU-2")),
        Workload(name="c", gpu_ids=()),
    )

    assert power_by_workload(state, rig, work) == (("a", 200.0), ("b", 300.0), ("c", 0.0))
    assert idle_w(state, rig) == 100.0 + 20.0 / 0.5
