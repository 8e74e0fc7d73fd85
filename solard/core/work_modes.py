"""The mode of each workload: the rig's, or standby where its own cards do not get enough."""

from solard.core.decision import Decision
from solard.core.modes import WorkMode
from solard.core.rig import PowerTerms, Workload


def work_mode(
    workload: Workload, decision: Decision, gone: frozenset[str] = frozenset()
) -> WorkMode:
    """Return the mode of a workload under a decision; `gone` are cards that do not answer.

    On cards that are hands off work goes on in every mode but off: nobody may slow it down. With
    all its cards gone any other work ends: it can only hang, or claim work that nobody does. Under
    its `at_least`, or with all its cards parked, it only answers.
    """
    mode = decision.mode
    if mode is WorkMode.OFF:
        return mode
    if workload.terms is PowerTerms.HANDS_OFF:
        return WorkMode.FULL
    if workload.gpu_ids and gone.issuperset(workload.gpu_ids):
        return WorkMode.OFF
    limits = [limit for limit in decision.limits if limit.gpu_id in workload.gpu_ids]
    if mode is WorkMode.STANDBY or not limits:
        return mode
    least_w = workload.at_least_w or 0.0
    enough = [not limit.parked and limit.limit_w >= least_w for limit in limits]
    works = all(enough) if workload.terms is PowerTerms.AT_LEAST else any(enough)
    return mode if works else WorkMode.STANDBY


def work_modes(
    workloads: tuple[Workload, ...], decision: Decision, gone: frozenset[str] = frozenset()
) -> tuple[tuple[str, WorkMode], ...]:
    """Return the mode of each workload by name."""
    return tuple((workload.name, work_mode(workload, decision, gone)) for workload in workloads)
