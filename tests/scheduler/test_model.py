"""Programs and their solver."""

import pytest

from scheduler.model import NoAnswer, solve
from scheduler.program import Program, Term


def test_program_has_its_best_values() -> None:
    program = Program()
    x = program.column(3.0, high=2.0)
    y = program.column(2.0)
    program.row([Term(x, 1.0), Term(y, 1.0)], high=4.0)

    assert solve(program) == pytest.approx((2.0, 2.0), abs=1e-5)


def test_program_without_an_answer_is_one_sentence() -> None:
    program = Program()
    program.row([Term(program.column(1.0, high=1.0), 1.0)], low=2.0)

    with pytest.raises(NoAnswer, match="HiGHS found no answer: Infeasible"):
        solve(program)
