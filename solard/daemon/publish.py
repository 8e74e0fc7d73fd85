"""Make the picture that people see of everything the daemon knows."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from solard.core.conditions import Condition
from solard.core.forecast import Forecast
from solard.core.host import HostState
from solard.core.inputs import DecideInputs
from solard.core.job import Job
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.rules.user_policy import UserPolicy, holds, live_value
from solard.core.state import SiteState
from solard.core.units import energy_wh
from solard.core.view import (
    AS_IT_SHOULD,
    ConditionView,
    DaemonStats,
    DeviceView,
    EarningsDay,
    EnergyTotals,
    Event,
    JobView,
    KeeperView,
    NetworkView,
    PolicyView,
    SiteView,
    TracePoint,
    WorkloadView,
)
from solard.core.wording import say_condition, say_policy, say_value
from solard.core.work_energy import idle_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the store adds to the picture; read every few seconds, off the tick."""

    today: EnergyTotals = field(default_factory=EnergyTotals)
    earnings: tuple[EarningsDay, ...] = ()
    trace: tuple[TracePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that one picture is made of."""

    seq: int
    site: str
    version: str
    live: bool
    speed: float
    record: CycleRecord
    devices: tuple[DeviceView, ...]
    keeper: KeeperView
    workloads: tuple[WorkloadView, ...]
    network: NetworkView | None
    books: Books
    forecast: Forecast | None
    plan: Plan | None
    events: tuple[Event, ...]
    stats: DaemonStats
    host: HostState | None = None
    storage_problem: str | None = None
    price_problem: str | None = None
    """Why history is not being kept."""
    config_problem: str | None = None
    """Why the last reload kept the old configuration."""
    jobs: tuple[Job, ...] = ()


def make_view(sources: Sources) -> SiteView:
    """Return the picture of this moment."""
    inputs, decision = sources.record.inputs, sources.record.decision
    state = inputs.state
    midnight, next_midnight = local_day_bounds(state)
    forecast, plan = sources.forecast, sources.plan
    return SiteView(
        seq=sources.seq,
        site=sources.site,
        version=sources.version,
        live=sources.live,
        speed=sources.speed,
        currency=inputs.tariff.currency,
        state=state,
        rig=inputs.rig,
        decision=decision,
        results=sources.record.results,
        devices=sources.devices,
        keeper=sources.keeper,
        workloads=sources.workloads,
        network=sources.network,
        today=sources.books.today,
        rest_of_day=_rest_of_day(plan, state.taken_at, next_midnight),
        earnings=sources.books.earnings,
        policies=tuple(
            _policy(rule, sources.record) for rule in inputs.rules if isinstance(rule, UserPolicy)
        ),
        overrides=inputs.overrides,
        forecast=()
        if forecast is None
        else tuple(s for s in forecast.slots if midnight <= s.starts_at < next_midnight),
        plan=() if plan is None else tuple(s for s in plan.slots if midnight < s.ends_at),
        plan_made_at=None if plan is None else plan.made_at,
        trace=sources.books.trace,
        events=sources.events,
        degraded=_degraded(sources),
        stats=sources.stats,
        host=sources.host,
        idle_w=idle_w(state, inputs.rig),
        jobs=tuple(_job(job, plan, state.taken_at) for job in sources.jobs),
    )


def local_day_bounds(state: SiteState) -> tuple[datetime, datetime]:
    """Return the site's last and next midnight, UTC."""
    offset = timedelta(seconds=state.utc_offset_s)
    local = (state.taken_at + offset).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = (local - offset).astimezone(UTC)
    return midnight, midnight + timedelta(days=1)


def tick_quantiles_ms(times_s: tuple[float, ...]) -> tuple[float | None, float | None]:
    """Return median and 99 % quantile of tick durations, in ms; None before the second tick."""
    if len(times_s) < 2:
        return None, None
    cuts = quantiles(times_s, n=100, method="inclusive")
    return cuts[49] * 1000.0, cuts[98] * 1000.0


def _job(job: Job, plan: Plan | None, now: datetime) -> JobView:
    spec = job.spec
    windows = () if plan is None or job.state.is_over else plan.jobs
    return JobView(
        job_id=job.job_id,
        state=job.state,
        command=spec.command,
        power_w=spec.power_w,
        cards=spec.cards,
        duration_s=spec.duration_s,
        ran_s=job.ran_s,
        value=spec.value,
        mandatory=spec.mandatory,
        interruptible=spec.interruptible,
        added_at=job.added_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        deadline_at=spec.deadline_at,
        planned=tuple(one for one in windows if one.job_id == job.job_id and one.ends_at > now),
        failures=job.failures,
        exit_status=job.exit_status,
        gpu_ids=job.gpu_ids,
        note=job.note,
        pay_at_most_per_kwh=spec.pay_at_most_per_kwh,
    )


def _rest_of_day(plan: Plan | None, now: datetime, until: datetime) -> EnergyTotals | None:
    """Sum up what the plan expects from now to midnight."""
    if plan is None:
        return None
    total = EnergyTotals()
    for slot in plan.slots:
        begins, ends = max(slot.starts_at, now), min(slot.ends_at, until)
        duration_s = (ends - begins).total_seconds()
        if duration_s <= 0:
            continue
        total = replace(
            total,
            pv_wh=total.pv_wh + energy_wh(slot.pv_w, duration_s),
            house_wh=total.house_wh + energy_wh(slot.house_w, duration_s),
            rig_wh=total.rig_wh + energy_wh(slot.rig_w, duration_s),
            grid_in_wh=total.grid_in_wh + energy_wh(max(0.0, slot.grid_w), duration_s),
            grid_out_wh=total.grid_out_wh + energy_wh(max(0.0, -slot.grid_w), duration_s),
            battery_in_wh=total.battery_in_wh + energy_wh(max(0.0, -slot.battery_w), duration_s),
            battery_out_wh=total.battery_out_wh + energy_wh(max(0.0, slot.battery_w), duration_s),
        )
    return total


def _policy(policy: UserPolicy, record: CycleRecord) -> PolicyView:
    inputs = record.inputs
    currency = inputs.tariff.currency
    return PolicyView(
        name=policy.name,
        sentence=say_policy(policy, currency),
        acts=policy.acts(inputs, record.memory.notes) is not False,
        when=tuple(_condition(c, inputs, currency) for c in policy.when),
        unless=tuple(_condition(c, inputs, currency) for c in policy.unless),
    )


def _condition(condition: Condition, inputs: DecideInputs, currency: str | None) -> ConditionView:
    value = live_value(condition, inputs)
    return ConditionView(
        text=say_condition(condition, currency),
        value=say_value(condition.quantity, value, currency),
        holds=holds(condition, inputs),
    )


def _degraded(sources: Sources) -> tuple[str, ...]:
    """Return one sentence for each thing that does not work right now."""
    found = [f"{d.device_id}: {d.error}" for d in sources.devices if d.error]
    if sources.keeper.error:
        found.append(f"GPU keeper: {sources.keeper.error}")
    found += [f"{w.name}: {w.health}" for w in sources.workloads if w.health not in AS_IT_SHOULD]
    if sources.config_problem:
        found.append(sources.config_problem)
    if sources.forecast is not None and sources.forecast.problem is not None:
        found.append(f"forecast: {sources.forecast.problem}")
    if sources.price_problem:
        found.append(f"prices: {sources.price_problem}")
    if sources.storage_problem:
        found.append(f"storage: {sources.storage_problem}")
    return tuple(found)
