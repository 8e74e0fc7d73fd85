"""Solve a program with HiGHS: the only door to highspy."""

import highspy
import numpy as np

from scheduler.program import Program, Solution
from solard.core.errors import SolardError

GAP = 0.02
"""Absolute, in currency: the objective crosses zero, so a relative gap means nothing."""
TIME_CAP_S = 2.0
THREADS = 1
FEASIBLE = int(highspy.SolutionStatus.kSolutionStatusFeasible)


class NoPlanFound(SolardError):
    """The solver found nothing within its caps."""


def solve(program: Program) -> Solution:
    """Return the best values found and the prices of all rows.

    Prices come from a second, continuous solve with the whole columns fixed: a mixed-integer
    program has none of its own.
    """
    solver = _solver(program)
    _run(solver)
    gap = 0.0
    if any(program.whole):
        info = solver.getInfo()
        gap = abs(info.mip_dual_bound - info.objective_function_value)
        _fix_whole(solver, program)
        _run(solver)
    solution = solver.getSolution()
    return Solution(values=tuple(solution.col_value), duals=tuple(solution.row_dual), gap=gap)


def solve_bound(program: Program) -> Solution:
    """Return the best values of a long program without whole columns; no cap but its own length.

    Interior points: on ten thousand coupled steps they are many times faster than a simplex.
    """
    solver = _solver(program)
    solver.setOptionValue("solver", "ipm")
    solver.setOptionValue("run_crossover", "off")
    solver.run()
    if solver.getInfo().primal_solution_status != FEASIBLE:
        # Rarely an interior point ends a hair outside: a simplex goes on from there.
        solver.setOptionValue("solver", "simplex")
        solver.run()
    if solver.getInfo().primal_solution_status != FEASIBLE:
        status = solver.modelStatusToString(solver.getModelStatus())
        raise NoPlanFound(f"HiGHS found no bound: {status}")
    solution = solver.getSolution()
    return Solution(values=tuple(solution.col_value), duals=tuple(solution.row_dual), gap=0.0)


def _fix_whole(solver: "highspy.Highs", program: Program) -> None:
    """Turn the whole columns into constants at the values that were found."""
    values = list(solver.getSolution().col_value)
    for index, whole in enumerate(program.whole):
        if whole:
            fixed = float(round(values[index]))
            solver.changeColIntegrality(index, highspy.HighsVarType.kContinuous)
            solver.changeColBounds(index, fixed, fixed)


def _solver(program: Program) -> "highspy.Highs":
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", THREADS)
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
    model.row_lower_ = np.array([row.low for row in program.rows])
    model.row_upper_ = np.array([row.high for row in program.rows])
    terms = [term for row in program.rows for term in row.terms]
    lengths = [len(row.terms) for row in program.rows]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    model.a_matrix_.index_ = np.array([term.column for term in terms], dtype=np.int32)
    model.a_matrix_.value_ = np.array([term.factor for term in terms], dtype=np.float64)
    kinds = highspy.HighsVarType
    model.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in program.whole]
    return model


def _run(solver: "highspy.Highs") -> None:
    # HiGHS counts the time of all runs of one solver.
    solver.setOptionValue("time_limit", solver.getRunTime() + TIME_CAP_S)
    solver.run()
    if solver.getInfo().primal_solution_status != FEASIBLE:
        status = solver.modelStatusToString(solver.getModelStatus())
        raise NoPlanFound(f"HiGHS found no plan in {TIME_CAP_S:g} s: {status}")
