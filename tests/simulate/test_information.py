"""The planner knows what is over and nothing else; two runs are one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulate.stage import run, sun_w, trace, write_data

CHANGED_FROM_H = 15.0
TICK = round(CHANGED_FROM_H * 12)


def changed(usual: Callable[[float], float]) -> Callable[[float], float]:
    """The same until three in the afternoon, then something else entirely."""
    return lambda hours: usual(hours) if hours < CHANGED_FROM_H else 900.0 + 37.0 * (hours % 3.0)


def house_w(hours: float) -> float:
    return 400.0 + 300.0 * (hours % 24.0 > 17.0)


@pytest.mark.parametrize("policy", ["mpc", "day_ahead"])
def test_later_rows_change_no_earlier_tick(policy: str, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    usual = write_data(tmp_path / "usual.csv", 1.0, load=house_w)
    later = write_data(tmp_path / "later.csv", 1.0, pv=changed(sun_w), load=changed(house_w))

    run(one, usual, [policy])
    run(other, later, [policy])

    assert trace(one, policy)[:TICK] == trace(other, policy)[:TICK]
    assert trace(one, policy)[TICK:] != trace(other, policy)[TICK:]


def test_forecast_of_the_file_is_heard(tmp_path: Path) -> None:
    cloudy = write_data(tmp_path / "cloudy.csv", 1.0, load=house_w, pv_fc_w=lambda _h: 0.0)
    sunny = write_data(tmp_path / "sunny.csv", 1.0, load=house_w, pv_fc_w=sun_w)

    run(tmp_path / "cloudy", cloudy, ["mpc"])
    run(tmp_path / "sunny", sunny, ["mpc"])

    assert trace(tmp_path / "cloudy", "mpc") != trace(tmp_path / "sunny", "mpc")


def test_two_runs_write_the_same_trace(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.csv", 1.0, load=house_w)

    run(tmp_path / "one", data, ["mpc"])
    run(tmp_path / "two", data, ["mpc"])

    first, second = ((tmp_path / name / "trace_mpc.csv").read_bytes() for name in ("one", "two"))
    assert first == second


def test_constant_input_switches_nothing_once_it_has_settled(tmp_path: Path) -> None:
    """A sun that never sets is believed after its second midnight, some 26 h in."""
    data = write_data(tmp_path / "data.csv", 2.0, pv=lambda _h: 1500.0, load=lambda _h: 500.0)

    run(tmp_path, data, ["mpc"])

    assert {row["cards_on"] for row in trace(tmp_path, "mpc")[330:]} == {"4"}


def test_below_the_reserve_the_battery_feeds_no_work(tmp_path: Path) -> None:
    """A dark house that empties the battery in the evening."""
    data = write_data(tmp_path / "data.csv", 1.0, pv=lambda _h: 0.0, load=lambda _h: 900.0)

    figures = run(tmp_path, data, ["mpc"])["policies"]["mpc"]

    assert float(trace(tmp_path, "mpc")[-1]["soc"]) < 0.2
    assert figures["breach_kwh"] == 0.0
