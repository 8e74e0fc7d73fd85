"""What jobs find at a tick: cards, watts and sun; and how the tick sees the jobs that run."""

from collections.abc import Sequence
from dataclasses import replace

from solard.core.decision import Decision, Verdict
from solard.core.inputs import DecideInputs
from solard.core.job import Job
from solard.core.job_wish import JobRoom
from solard.core.loads import standby_w
from solard.core.modes import WorkMode, lower_mode
from solard.core.records import CycleRecord
from solard.core.rig import GpuCard, PowerTerms, Rig, Workload
from solard.core.rules.plan_rule import PlanRule
from solard.core.state import CardHealth
from solard.core.units import clamp


def room_of(jobs: Sequence[Job], record: CycleRecord, *, live: bool) -> JobRoom:
    """Return what there is for all jobs together, those that run included."""
    inputs, decision = record.inputs, record.decision
    state, plan = inputs.state, inputs.plan
    idle_w = _idle_w(inputs, jobs)
    held = sum(job.spec.cards for job in jobs if job.is_running)
    return JobRoom(
        now_at=state.taken_at,
        utc_offset_s=state.utc_offset_s,
        live=live,
        mode=_allowed_mode(decision),
        why=decision.why,
        spare_w=_ceiling_w(decision) - idle_w,
        sun_w=None if state.surplus_w is None else state.surplus_w - idle_w,
        cards=held + len(free_cards(inputs, jobs)),
        plan=plan if plan is not None and plan.is_fresh(state.taken_at) else None,
        below_reserve=_is_below_reserve(inputs),
    )


def free_cards(inputs: DecideInputs, jobs: Sequence[Job]) -> tuple[str, ...]:
    """Return the cards that a job may take, those first that it disturbs least.

    Cards with terms of their own are never lent; of the others the last ones go first, for people
    put their main work on the first.
    """
    taken = {gpu_id for job in jobs if job.is_running for gpu_id in job.gpu_ids}
    taken |= {
        gpu_id
        for work in inputs.workloads
        if work.terms is not PowerTerms.FREE
        for gpu_id in work.gpu_ids
    }
    free = [card for card in inputs.rig.cards if card.gpu_id not in taken and _obeys(inputs, card)]
    return tuple(card.gpu_id for card in sorted(free, key=lambda card: -card.index))


def running_workloads(jobs: Sequence[Job], rig: Rig) -> tuple[Workload, ...]:
    """Return the jobs on cards as the rules see them."""
    cards = {card.gpu_id: card for card in rig.cards}
    return tuple(
        Workload(
            name=job.job_id,
            gpu_ids=job.gpu_ids,
            terms=PowerTerms.AT_LEAST,
            at_least_w=_card_w(job, cards[job.gpu_ids[0]], rig),
            keep_alive=False,
            must_run=True,
        )
        for job in jobs
        if job.is_running and job.gpu_ids and job.gpu_ids[0] in cards
    )


def with_processor_jobs(rig: Rig, jobs: Sequence[Job]) -> Rig:
    """Return the rig whose host draws what jobs on its processor take."""
    return replace(rig, host_w=rig.host_w + _processor_w(jobs))


def _card_w(job: Job, card: GpuCard, rig: Rig) -> float:
    """Return the limit of each of a job's cards, from its power at the wall."""
    share_w = job.spec.power_w * rig.psu_efficiency / len(job.gpu_ids)
    return clamp(share_w + card.parked_w, card.min_w, card.max_w)


def _idle_w(inputs: DecideInputs, jobs: Sequence[Job]) -> float:
    """Return the rig's draw at the wall while it only answers and no job runs."""
    return standby_w(inputs) - _processor_w(jobs)


def _processor_w(jobs: Sequence[Job]) -> float:
    return sum(job.spec.power_w for job in jobs if job.is_running and not job.spec.cards)


def _allowed_mode(decision: Decision) -> WorkMode:
    """Return the most that the rules allow, whether a card works just now or not."""
    mode = WorkMode.FULL
    for heard in decision.heard:
        mode = lower_mode(mode, heard.proposal.mode)
    return mode


def _ceiling_w(decision: Decision) -> float:
    """Return the most that the rules let the whole rig draw."""
    tops = [
        heard.proposal.bounds.max_w
        for heard in decision.heard
        if heard.verdict is not Verdict.OVERRULED
    ]
    return min(tops, default=0.0)


def _is_below_reserve(inputs: DecideInputs) -> bool:
    """Say whether the battery feeds no work; one whose charge is unknown feeds none that waits."""
    battery = inputs.state.battery
    reserves = [rule.reserve_soc for rule in inputs.rules if isinstance(rule, PlanRule)]
    if battery is None:
        return False
    return any(soc > 0.0 and (battery.soc is None or battery.soc < soc) for soc in reserves)


def _obeys(inputs: DecideInputs, card: GpuCard) -> bool:
    read = inputs.state.gpu(card.gpu_id)
    return read is not None and read.health is CardHealth.OK
