"""Programs and their solver."""

import pytest

from scheduler.model import NoPlanFound, solve
from scheduler.program import Program, Term


def test_linear_program_has_its_best_values_and_prices() -> None:
    program = Program()
    x = program.column(3.0, high=2.0)
    y = program.column(2.0)
    row = program.row([Term(x, 1.0), Term(y, 1.0)], high=4.0)

    solution = solve(program)

    assert solution.values == pytest.approx((2.0, 2.0))
    assert solution.duals[row] == pytest.approx(2.0)
    assert solution.gap == 0.0


def test_whole_columns_stay_whole_and_rows_still_have_prices() -> None:
    program = Program()
    cards = program.column(1.2, high=3.0, whole=True)
    power = program.column(0.5)
    row = program.row([Term(cards, 2.0), Term(power, 1.0)], high=5.0)

    solution = solve(program)

    assert solution.values == pytest.approx((2.0, 1.0))
    assert solution.duals[row] == pytest.approx(0.5)
    assert solution.gap <= 0.02


def test_program_without_an_answer_is_one_sentence() -> None:
    program = Program()
    program.row([Term(program.column(1.0, high=1.0), 1.0)], low=2.0)

    with pytest.raises(NoPlanFound, match="HiGHS found no plan in 2 s: Infeasible"):
        solve(program)
