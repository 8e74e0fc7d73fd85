"""What the rig draws for whom: each workload's share of its cards, and the idle rest."""

from collections.abc import Iterable

from solard.core.rig import Rig, Workload
from solard.core.state import SiteState


def idle_w(state: SiteState, rig: Rig) -> float:
    """Return what host and parked cards draw at the wall.

    Not the rig's draw less its working cards: that draw is of the moment of the load's reading.
    """
    return rig.wall_w(sum(gpu.power_w or 0.0 for gpu in state.gpus if gpu.parked))


def power_by_workload(
    state: SiteState, rig: Rig, workloads: Iterable[Workload]
) -> tuple[tuple[str, float], ...]:
    """Return what each of these running workloads draws at the wall, W, through its cards.

    A card that several share counts in equal parts; a parked one is idle, and so is the host.
    """
    running = tuple(workloads)
    found = []
    for workload in running:
        power_w = 0.0
        for gpu in state.gpus:
            if gpu.gpu_id in workload.gpu_ids and not gpu.parked:
                users = sum(gpu.gpu_id in other.gpu_ids for other in running)
                power_w += (gpu.power_w or 0.0) / rig.psu_efficiency / users
        found.append((workload.name, power_w))
    return tuple(found)
