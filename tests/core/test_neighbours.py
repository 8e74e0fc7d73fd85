"""Rigs on one meter, each with a daemon of its own that sees the other only as load."""

from dataclasses import replace

import pytest

from solard.core.rules.battery_lines import BatteryLines
from tests.core.sites import battery_at, inputs_of, state_of


def live(shares: tuple[float, float], sun_w: list[float]) -> list[tuple[float, float]]:
    """Both rigs take what they are offered, at the same moment; 500 W of house."""
    first_w = second_w = 0.0
    lived = []
    for pv_w in sun_w:
        load_w = 500.0 + first_w + second_w
        states = [
            state_of(pv_w=pv_w, load_w=load_w, rig_w=rig_w, rig_share=share, grid_w=load_w - pv_w)
            for rig_w, share in ((first_w, shares[0]), (second_w, shares[1]))
        ]
        first_w, second_w = (max(0.0, state.surplus_w or 0.0) for state in states)
        lived.append((round(first_w, 1), round(second_w, 1)))
    return lived


def test_shares_of_a_half_split_the_sun_and_never_ask_for_more_than_there_is() -> None:
    lived = live((0.5, 0.5), [1500.0] * 3 + [900.0] * 3)

    assert lived == [(500.0, 500.0)] * 3 + [(200.0, 200.0)] * 3


def test_rig_whose_neighbour_rests_gets_the_rest_step_by_step() -> None:
    rig_w, seen = 0.0, []
    for _ in range(4):
        state = state_of(pv_w=1300.0, load_w=500.0 + rig_w, rig_w=rig_w, rig_share=0.5)
        rig_w = state.surplus_w or 0.0
        seen.append(rig_w)

    assert seen == [400.0, 600.0, 700.0, 750.0]


def test_without_shares_both_would_take_it_all() -> None:
    assert live((1.0, 1.0), [1500.0])[0] == (1000.0, 1000.0)


@pytest.mark.parametrize(("share", "most_w"), [(1.0, 440.0), (0.25, 215.0)])
def test_battery_that_comes_first_leaves_each_rig_its_share(share: float, most_w: float) -> None:
    state = state_of(battery=battery_at(0.4, -100.0), grid_w=-300.0, rig_w=140.0, rig_share=share)
    rule = BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15)

    answer = rule.propose(replace(inputs_of(), state=state))

    assert answer.proposal.bounds.max_w == most_w
