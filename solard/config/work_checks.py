"""Contradictions inside one workload, and between the ports of two."""

from collections.abc import Iterator

from solard.config.work import ExternalSection, ModesSection, RateSection
from solard.config.workload import WorkloadSection
from solard.core.work import ActionKind


def workload_faults(workload: WorkloadSection) -> Iterator[str]:
    """Yield what makes no sense; each sentence follows the workload's name."""
    kinds = {
        "bundled": workload.bundled is not None,
        "command": bool(workload.command),
        "external": workload.external is not None,
    }
    said = [name for name, is_said in kinds.items() if is_said]
    if not said:
        yield "runs nothing; write `bundled: miner` or `command: [/path/to/program]`"
    if len(said) > 1:
        yield f"has both {' and '.join(said)}; delete one"
    if workload.bundled is not None:
        yield from _bundled(workload)
    if workload.external is not None:
        yield from _external(workload, workload.external)
    if workload.rate is not None:
        yield from _rate(workload.rate)
    health = workload.health
    asks = health is not None and (health.http is not None or health.self_query is not None)
    if workload.answer_within_s is not None and not asks:
        yield (
            "says answer_within, but nobody asks it anything; "
            "write health: {http: http://127.0.0.1:8091/health}, "
            "or for an axon health: {self_query: {port: 8091}}"
        )
    if (
        health is not None
        and health.self_query is not None
        and health.self_query.port is None
        and not workload.ports
    ):
        yield "says health.self_query, but not on which port; write ports: [8091]"
    if health is not None and health.draw_above_w is not None and workload.gpus == ():
        yield "says health.draw_above, but has no cards; write gpus: [0]"
    if workload.restart.last_s < workload.restart.first_s:
        yield "says restart.last below restart.first; the wait only grows"


def shared_ports(
    workloads: tuple[tuple[str, WorkloadSection], ...],
) -> Iterator[tuple[str, str]]:
    """Yield each workload that listens where an earlier one does, and a sentence."""
    owners: dict[int, str] = {}
    for name, workload in workloads:
        own = {*workload.ports, *([workload.port] if workload.port else [])}
        for port in sorted(own):
            first = owners.setdefault(port, name)
            if first != name:
                yield name, f"listens on port {port}, and so does {first}"


def _bundled(workload: WorkloadSection) -> Iterator[str]:
    written = {
        "modes": workload.modes,
        "health": workload.health,
        "rate": workload.rate,
        "ports": workload.ports,
    }
    for name, value in written.items():
        if value:
            yield f"is bundled and tells {name} by itself; delete {name}"


def _external(workload: WorkloadSection, external: ExternalSection) -> Iterator[str]:
    named = [keeper.value for keeper in external.keepers]
    if len(named) > 1:
        yield f"names {' and '.join(named)} as its supervisor; one program has one"
    if not named and external.pid_file is None:
        yield "says external, but not who runs it; write pm2, docker, systemd or pid_file"
    caps = workload.caps
    written = {
        "env": workload.env,
        "user": workload.user,
        "directory": workload.directory != "/",
        "caps": caps.memory or caps.cpu or caps.tasks,
    }
    for name, value in written.items():
        if value:
            yield f"is external: {name} is for its own supervisor to set; delete {name}"
    modes = workload.modes or ModesSection()
    if any(action.kind is ActionKind.ARGUMENTS for _, action in modes.for_core()):
        yield "is external: its command is its owner's; use signal, http or stop in modes"


def _rate(rate: RateSection) -> Iterator[str]:
    if len(rate.kinds) != 1:
        yield "needs exactly one of rate.log, rate.http and rate.prometheus"
    if rate.http is not None and rate.path is None:
        yield "says rate.http, but not where in the answer; write rate.path: stats.0.rate"
    if rate.prometheus is not None and rate.metric is None:
        yield "says rate.prometheus, but not which; write rate.metric: hashes_total"
    if rate.log is not None and "(" not in rate.log:
        yield 'says rate.log without a group around the number; write "rate: ([0-9.]+)"'
