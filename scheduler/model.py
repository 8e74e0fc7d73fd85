"""Solve a program with HiGHS: the only door to highspy."""

import highspy
import numpy as np

from scheduler.program import Program, Solution
from solard.core.errors import SolardError

GAP = 0.02
"""Absolute, in currency: the objective crosses zero, so a relative gap means nothing."""
TIME_CAP_S = 2.0
THREADS = 1


class NoPlanFound(SolardError):
    """The solver found nothing within its caps."""


def solve(program: Program) -> Solution:
    """Return the best values found and the prices of all rows.

    Prices come from a second, continuous solve with the whole columns fixed: a mixed-integer
    program has none of its own.
    """
    solver = _solver(program)
    _run(solver)
    values = list(solver.getSolution().col_value)
    info = solver.getInfo()
    gap = abs(info.mip_dual_bound - info.objective_function_value) if any(program.whole) else 0.0
    for index, whole in enumerate(program.whole):
        if whole:
            fixed = float(round(values[index]))
            solver.changeColIntegrality(index, highspy.HighsVarType.kContinuous)
            solver.changeColBounds(index, fixed, fixed)
    if any(program.whole):
        _run(solver)
    solution = solver.getSolution()
    return Solution(values=tuple(solution.col_value), duals=tuple(solution.row_dual), gap=gap)


def _solver(program: Program) -> "highspy.Highs":
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", THREADS)
    solver.setOptionValue("time_limit", TIME_CAP_S)
    solver.setOptionValue("mip_abs_gap", GAP)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(_highs_model(program))
    return solver


def _highs_model(program: Program) -> "highspy.HighsLp":
    model = highspy.HighsLp()
    model.num_col_ = len(program.gains)
    model.num_row_ = len(program.rows)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.array(program.gains)
    model.col_lower_ = np.array(program.lows)
    model.col_upper_ = np.array(program.highs)
    model.row_lower_ = np.array([row[0] for row in program.rows])
    model.row_upper_ = np.array([row[1] for row in program.rows])
    lengths = [len(row[2]) for row in program.rows]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    model.a_matrix_.index_ = np.array([t[0] for r in program.rows for t in r[2]], dtype=np.int32)
    model.a_matrix_.value_ = np.array([t[1] for r in program.rows for t in r[2]])
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in program.whole]
    return model


def _run(solver: "highspy.Highs") -> None:
    solver.run()
    status = solver.getModelStatus()
    found = solver.getInfo().primal_solution_status
    if found != 2:  # kSolutionStatusFeasible
        raise NoPlanFound(f"HiGHS found no plan in {TIME_CAP_S:g} s ({status})")
