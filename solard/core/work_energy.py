"""What the rig draws for whom: each workload's share of its cards, and the idle rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from solard.core.rig import Rig, Workload
from solard.core.state import SiteState


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnergy:
    """What a workload has drawn at the wall through its cards."""

    name: str
    since: str
    """The first day that was counted, at the site, ISO."""
    energy_j: float = 0.0


def count_energy(
    counted: Iterable[WorkEnergy], power_w: Mapping[str, float], duration_s: float, day: str
) -> tuple[WorkEnergy, ...]:
    """Return the counts after each workload has drawn its power for so long."""
    counts = {one.name: one for one in counted}
    for name, draw_w in power_w.items():
        before = counts.get(name) or WorkEnergy(name=name, since=day)
        counts[name] = replace(before, energy_j=before.energy_j + draw_w * duration_s)
    return tuple(counts.values())


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
