"""Simulated cards: a file with the physics of measured curves."""

import json
from dataclasses import dataclass
from itertools import pairwise

import pytest

from hardware.gpu import simulated
from hardware.gpu.backend import BackendMissing, CardLost, CardRefuses
from hardware.gpu.curves import CurveUnknown, curve_for, curve_names
from hardware.gpu.simulated import Fault, SimulatedBackend


@dataclass
class StillClock:
    """A site clock that moves when told."""

    seconds: float = 100.0
    speed: float = 60.0

    def now(self):
        raise AssertionError("simulated cards know no wall time")

    def monotonic_s(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cards.json"
    simulated.create(path)
    return path


def test_a_new_rig_idles(file, clock):
    # 90 W host and two of each kind parked: (14 + 14 + 12 + 12) / 0.92
    assert simulated.rig_draw_w(file, clock) == pytest.approx(90 + 52 / 0.92)


def test_the_default_rig_has_two_kinds_with_the_ranges_of_their_plates(file, clock):
    facts = SimulatedBackend(file, clock).cards()

    assert [(f.envelope.min_w, f.envelope.default_w) for f in facts] == [
        (100.0, 350.0),
        (100.0, 350.0),
        (100.0, 260.0),
        (100.0, 260.0),
    ]


def test_draw_follows_the_limit_in_about_a_site_second(file, clock):
    simulated.change(file, "GPU-sim-0", clock=clock, limit_w=250.0, parked=False)
    backend = SimulatedBackend(file, clock)

    clock.seconds += 1.0
    after_one = backend.telemetry("GPU-sim-0").power_w
    clock.seconds += 9.0
    settled = backend.telemetry("GPU-sim-0").power_w

    # 250 − (250 − 14)·e⁻¹
    assert after_one == pytest.approx(163.18, abs=0.01)
    assert settled == pytest.approx(250.0, abs=0.1)


def test_a_card_draws_no_more_than_its_work_demands(file, clock):
    simulated.change(file, "GPU-sim-2", clock=clock, limit_w=260.0, parked=False)
    clock.seconds += 60.0

    # The measured draw of a Quadro RTX 6000 at its full limit.
    assert SimulatedBackend(file, clock).telemetry("GPU-sim-2").power_w == pytest.approx(235.81)


def test_work_follows_the_measured_curve(file, clock):
    simulated.change(file, "GPU-sim-0", clock=clock, limit_w=200.0, parked=False)
    clock.seconds += 60.0

    # 83 of 103 tokens/s
    rate = SimulatedBackend(file, clock).telemetry("GPU-sim-0").work_rate
    assert rate == pytest.approx(0.8058, abs=1e-4)


def test_a_parked_card_does_no_work_and_cools(file, clock):
    simulated.change(file, "GPU-sim-0", clock=clock, parked=False)
    clock.seconds += 600.0
    hot = SimulatedBackend(file, clock).telemetry("GPU-sim-0")
    simulated.change(file, "GPU-sim-0", clock=clock, parked=True)
    clock.seconds += 600.0
    cool = SimulatedBackend(file, clock).telemetry("GPU-sim-0")

    assert hot.temperature_c == pytest.approx(72.0, abs=0.1)
    assert (cool.work_rate, cool.utilization) == (0.0, 0.0)
    assert cool.temperature_c == pytest.approx(29.8, abs=0.1)


def test_the_plant_sees_what_the_keeper_told(file, clock):
    for index in range(4):
        simulated.change(file, f"GPU-sim-{index}", clock=clock, limit_w=150.0, parked=False)
    clock.seconds += 60.0

    assert simulated.rig_draw_w(file, clock) == pytest.approx(90 + 600 / 0.92)


def test_a_change_of_an_earlier_run_counts_as_settled(file, clock):
    clock.seconds = 80_000.0
    simulated.change(file, "GPU-sim-0", clock=clock, limit_w=250.0, parked=False)
    clock.seconds = 3.0

    assert SimulatedBackend(file, clock).telemetry("GPU-sim-0").power_w == 250.0


def test_faults_speak_like_a_driver(file, clock):
    backend = SimulatedBackend(file, clock)
    simulated.break_card(file, "GPU-sim-0", Fault.LOST)
    simulated.break_card(file, "GPU-sim-1", Fault.DENIED)

    with pytest.raises(CardLost, match="has left the bus"):
        backend.limits("GPU-sim-0")
    with pytest.raises(CardRefuses, match="takes no power limit"):
        backend.write_limit("GPU-sim-1", 200.0)


def test_the_shortest_file_that_somebody_may_write_is_enough(tmp_path, clock):
    path = tmp_path / "cards.json"
    card = {"gpu_id": "GPU-sim-0", "name": "RTX 3090 (simulated)", "curve": "rtx3090-llm"}
    card |= {"min_w": 100, "default_w": 350, "max_w": 350, "parked_w": 14}
    path.write_text(json.dumps({"host_w": 90.0, "psu_efficiency": 0.92, "cards": [card]}))

    assert simulated.rig_draw_w(path, clock) == pytest.approx(90 + 350 / 0.92)


def test_a_file_that_is_no_rig_is_named(tmp_path, clock):
    path = tmp_path / "cards.json"
    path.write_text('{"host_w": 90, "cards": [{"gpu_id": 3}]}')

    with pytest.raises(BackendMissing, match=r"cards\.json cannot be used"):
        SimulatedBackend(path, clock)


def test_every_curve_rises_in_power_and_never_falls_in_work():
    assert set(curve_names()) == {"rtx3090-llm", "rtx6000-bert", "v100-bert", "a40-bert"}
    for name in curve_names():
        points = curve_for(name).points
        for low, high in pairwise(points):
            assert low.power_w < high.power_w
            assert low.work_rate <= high.work_rate
        assert points[-1].work_rate == 1.0


def test_an_unknown_curve_names_the_known_ones():
    with pytest.raises(CurveUnknown, match="rtx3090-llm, rtx6000-bert"):
        curve_for("rtx9090")
