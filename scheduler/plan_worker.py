"""`python -m scheduler.plan_worker`: a PlanRequest on stdin, a Plan on stdout."""

from scheduler.worker_program import run_worker
from solard.core.planning import PlanRequest


def _answer(request: PlanRequest) -> object:
    from scheduler.planner import make_plan

    return make_plan(request)


if __name__ == "__main__":
    run_worker(PlanRequest, _answer)
