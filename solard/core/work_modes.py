"""The mode of each workload: the rig's, or standby where its own cards do not get enough."""

from solard.core.decision import Decision
from solard.core.modes import WorkMode
from solard.core.rig import PowerTerms, Workload

NONE: frozenset[str] = frozenset()


def work_mode(
    workload: Workload,
    decision: Decision,
    gone: frozenset[str] = NONE,
    unlimited: frozenset[str] = NONE,
) -> WorkMode:
    """Return the mode of a workload under a decision.

    `gone` are cards that do not answer, `unlimited` those that take no limit. On cards that are
    hands off work goes on in every mode but off: nobody may slow it down. With all its cards gone
    any other work ends: it can only hang, or claim work that nobody does. Under its `at_least`, or
    with all its cards parked, it only answers.
    """
    mode = decision.mode
    if mode is WorkMode.OFF:
        return mode
    if workload.terms is PowerTerms.HANDS_OFF:
        return WorkMode.FULL
    if workload.gpu_ids and gone.issuperset(workload.gpu_ids):
        return WorkMode.OFF
    limits = [limit for limit in decision.limits if limit.gpu_id in workload.gpu_ids]
    if mode is WorkMode.STANDBY:
        return _at_standby(workload, unlimited)
    if not limits:
        return mode
    least_w = workload.at_least_w or 0.0
    enough = [not limit.parked and limit.limit_w >= least_w for limit in limits]
    works = all(enough) if workload.terms is PowerTerms.AT_LEAST else any(enough)
    return mode if works else _at_standby(workload, unlimited)


def work_modes(
    workloads: tuple[Workload, ...],
    decision: Decision,
    gone: frozenset[str] = NONE,
    unlimited: frozenset[str] = NONE,
) -> tuple[tuple[str, WorkMode], ...]:
    """Return the mode of each workload by name."""
    return tuple((work.name, work_mode(work, decision, gone, unlimited)) for work in workloads)


def _at_standby(workload: Workload, unlimited: frozenset[str]) -> WorkMode:
    """Return how a workload stands by: one that only limits hold back ends where there is none."""
    works_on = workload.limit_only and not unlimited.isdisjoint(workload.gpu_ids)
    return WorkMode.OFF if works_on else WorkMode.STANDBY
