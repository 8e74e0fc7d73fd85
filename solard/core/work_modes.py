"""The mode of each workload: the rig's, or standby where its own cards do not get enough."""

from solard.core.decision import Decision
from solard.core.modes import WorkMode
from solard.core.rig import PowerTerms, Workload


def work_mode(workload: Workload, decision: Decision) -> WorkMode:
    """Return the mode of a workload under a decision.

    On cards that are hands off work goes on in every mode but off: nobody may slow it down. Under
    its `at_least`, or with all its cards parked, it only answers.
    """
    mode = decision.mode
    if mode is WorkMode.OFF:
        return mode
    if workload.terms is PowerTerms.HANDS_OFF:
        return WorkMode.FULL
    limits = [limit for limit in decision.limits if limit.gpu_id in workload.gpu_ids]
    if mode is WorkMode.STANDBY or not limits:
        return mode
    least_w = workload.at_least_w or 0.0
    enough = [not limit.parked and limit.limit_w >= least_w for limit in limits]
    works = all(enough) if workload.terms is PowerTerms.AT_LEAST else any(enough)
    return mode if works else WorkMode.STANDBY


def work_modes(
    workloads: tuple[Workload, ...], decision: Decision
) -> tuple[tuple[str, WorkMode], ...]:
    """Return the mode of each workload by name."""
    return tuple((workload.name, work_mode(workload, decision)) for workload in workloads)
