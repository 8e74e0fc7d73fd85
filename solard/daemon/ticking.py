"""One tick: freeze what is known, decide, hand the decision on. It waits for nothing."""

import time
from collections import deque
from dataclasses import replace

from solard.core.accounts import Accounts, add_tick, open_rows
from solard.core.decide import decide
from solard.core.decision import Decision, Verdict
from solard.core.growing import Terms
from solard.core.inputs import ControlMemory, DecideInputs, Override
from solard.core.job import Job
from solard.core.job_room import running_workloads, with_processor_jobs
from solard.core.learning import LearnedCurve
from solard.core.records import CycleRecord
from solard.core.rig import GpuCard, Rig, Workload, hands_off_cards
from solard.core.state import CardHealth, SiteState
from solard.core.sweep import CardSweep
from solard.core.tariff import Tariff, tariff_at
from solard.core.wording import say_power
from solard.core.work_energy import power_by_workload
from solard.core.work_modes import work_modes
from solard.daemon.actuator import Actuator
from solard.daemon.events import Events
from solard.daemon.latest import Latest
from solard.daemon.learning import Learning
from solard.daemon.lost_cards import LostCards
from solard.daemon.planning import Planning
from solard.daemon.ports import History
from solard.daemon.setup import DaemonSetup
from solard.daemon.supervisor import Supervisor
from solard.system.clock import Clock

KEEP_EVERY_S = 60.0
"""Site seconds after which a cycle is kept although nothing changed."""
REPORT_SHARE = 0.1
"""Of the rig's range: smaller changes of the budget are no event."""
TIMES_KEPT = 2000


class Ticker:
    """Decides, and remembers what the next tick needs."""

    def __init__(
        self,
        setup: DaemonSetup,
        clock: Clock,
        latest: Latest,
        actuator: Actuator,
        supervisor: Supervisor,
        planning: Planning,
        history: History,
        events: Events,
        *,
        learned: tuple[LearnedCurve, ...] = (),
        memory: ControlMemory | None = None,
    ) -> None:
        self._setup = setup
        self._clock = clock
        self._latest = latest
        self._actuator = actuator
        self._supervisor = supervisor
        self._planning = planning
        self._history = history
        self._events = events
        self._learning = Learning(history, {(one.gpu_id, one.workload): one for one in learned})
        self._lost = LostCards()
        self._memory = ControlMemory() if memory is None else memory
        self._accounts = Accounts()
        self._kept_s = float("-inf")
        self._reported: Decision | None = None
        self.live = False
        self.overrides: tuple[Override, ...] = ()
        self.sweep: CardSweep | None = None
        self.running_jobs: tuple[Job, ...] = ()
        self.record: CycleRecord | None = None
        self.ticks = 0
        self.decisions = 0
        self.soc_min: float | None = None
        self.times_s: deque[float] = deque(maxlen=TIMES_KEPT)

    def use(self, setup: DaemonSetup) -> None:
        """Decide by another configuration from the next tick on."""
        self._setup = setup

    def tick(self) -> CycleRecord:
        """Decide once, and hand the decision to cards, workloads and history."""
        started = time.perf_counter()
        now_at, now_s = self._clock.now(), self._clock.monotonic_s()
        jobs = self.running_jobs
        rig = with_processor_jobs(self.rig(), jobs)
        self._latest.take_cards(self._actuator.gpus, rig, now_s)
        state = self._latest.snapshot(now_at, now_s)
        self.overrides = tuple(o for o in self.overrides if o.until_at > now_at)
        inputs = DecideInputs(
            state=state,
            rig=rig,
            workloads=(
                *with_card_ids(self._setup.workloads, rig.cards),
                *running_workloads(jobs, rig),
            ),
            rules=self._setup.rules,
            overrides=self.overrides,
            tariff=self._tariff(state),
            plan=self._planning.plan,
            sweep=self.sweep,
            memory=self._memory,
        )
        decision, memory = decide(inputs)
        record = CycleRecord(
            inputs=inputs, decision=decision, memory=memory, results=self._actuator.results
        )
        self._act(record)
        self._learn(record)
        self._keep(record)
        self._count(record)
        self.record, self._memory = record, memory
        self.ticks += 1
        self.times_s.append(time.perf_counter() - started)
        return record

    def rig(self) -> Rig:
        """Return the rig with the cards that the keeper listed."""
        setup, cards = self._setup, self._actuator.cards
        host_w = self._latest.host_w
        parked_w = sum(card.parked_w for card in cards) / setup.psu_efficiency
        return Rig(
            host_w=max(0.0, setup.idle_w - parked_w) if host_w is None else host_w,
            psu_efficiency=setup.psu_efficiency,
            cards=cards,
            curves=self._learning.curves(
                cards, with_card_ids(setup.workloads, cards), self._clock.monotonic_s()
            ),
        )

    def _tariff(self, state: SiteState) -> Tariff:
        """Return the prices of this moment."""
        local = state.local_at
        return tariff_at(
            self._setup.tariff,
            self._planning.prices.slots,
            state.taken_at,
            local.hour * 60 + local.minute,
        )

    @property
    def learned(self) -> tuple[LearnedCurve, ...]:
        """Return what was measured of each card."""
        return tuple(self._learning.learned.values())

    def finish(self) -> None:
        """Hand the minute and the quarter hour that are still growing to the store."""
        self._history.put_history(open_rows(self._accounts))
        self._history.put_work_energy(self._supervisor.energy)
        self._learning.keep()

    def _act(self, record: CycleRecord) -> None:
        decision = record.decision
        hands_off = hands_off_cards(record.inputs.workloads)
        self._actuator.want(decision.limits if self.live else None, hands_off)
        mode = decision.mode if self.live else None
        state = record.inputs.state
        gone = self._lost.gone(state.gpus, state.taken_s)
        unlimited = frozenset(g.gpu_id for g in state.gpus if g.health is CardHealth.DENIED)
        own = dict(work_modes(record.inputs.workloads, decision, gone, unlimited))
        self._supervisor.want(mode, cards_held=self._actuator.holds, modes=own)

    def _learn(self, record: CycleRecord) -> None:
        inputs = record.inputs
        rates = {one.name: one.rate for one in self._supervisor.view() if one.rate is not None}
        self._learning.take(
            inputs.rig.cards,
            inputs.state.gpus,
            inputs.workloads,
            rates,
            inputs.state.taken_at,
            inputs.state.taken_s,
        )

    def _keep(self, record: CycleRecord) -> None:
        before, now_s = self.record, record.inputs.state.taken_s
        changed = before is None or _outcome(before.decision) != _outcome(record.decision)
        if changed:
            self.decisions += 1
            self._report(record.decision, record.inputs)
        if changed or now_s - self._kept_s >= KEEP_EVERY_S:
            self._kept_s = now_s
            self._history.put_cycle(record)
            self._history.put_work_energy(self._supervisor.energy)

    def _report(self, decision: Decision, inputs: DecideInputs) -> None:
        """Tell people about a change of rule or a clear change of budget, each once."""
        told = self._reported
        range_w = sum(card.max_w - card.parked_w for card in inputs.rig.cards)
        moved = told is None or abs(decision.budget_w - told.budget_w) > REPORT_SHARE * range_w
        if not moved and told is not None and told.mode is decision.mode:
            return
        before, now = "" if told is None else say_power(told.budget_w), say_power(decision.budget_w)
        self._reported = decision
        moves = f"{before} → {now}" if before and before != now else now
        budget = f"budget {moves}, {decision.mode.value}"
        self._events.tell("rig", f"{budget}: {decision.why}")

    def _count(self, record: CycleRecord) -> None:
        state, last_s = record.inputs.state, record.inputs.memory.decided_s
        soc = None if state.battery is None else state.battery.soc
        if soc is not None:
            self.soc_min = soc if self.soc_min is None else min(self.soc_min, soc)
        if last_s is None:
            return
        terms = Terms(rig=record.inputs.rig, tariff=record.inputs.tariff, probing=_probes(record))
        duration_s = state.taken_s - last_s
        self._accounts = replace(self._accounts, longest_s=max(60.0, 5.0 * self._clock.speed))
        self._count_work(record, duration_s)
        self._accounts, rows = add_tick(self._accounts, state, duration_s, terms)
        self._history.put_history(rows)

    def _count_work(self, record: CycleRecord, duration_s: float) -> None:
        inputs = record.inputs
        running = self._supervisor.running
        named = (work for work in inputs.workloads if work.name in running)
        power_w = dict(power_by_workload(inputs.state, inputs.rig, named))
        counted_s = min(duration_s, self._accounts.longest_s)
        self._supervisor.count(power_w, counted_s, local_day(inputs.state))


def local_day(state: SiteState) -> str:
    """Return the site's date, ISO."""
    return state.local_at.date().isoformat()


def _outcome(decision: Decision) -> tuple[object, ...]:
    return (decision.rule, round(decision.budget_w), decision.mode, decision.limits)


def _probes(record: CycleRecord) -> bool:
    """Say whether the hidden-sun rule chose the power in use."""
    return any(
        heard.proposal.rule == "hidden sun" and heard.verdict is Verdict.CHOSE
        for heard in record.decision.heard
    )


def with_card_ids(
    workloads: tuple[Workload, ...], cards: tuple[GpuCard, ...]
) -> tuple[Workload, ...]:
    """Return the workloads with the card indexes of the configuration replaced by card ids."""
    ids = {str(card.index): card.gpu_id for card in cards}
    return tuple(
        replace(work, gpu_ids=tuple(ids[index] for index in work.gpu_ids if index in ids))
        for work in workloads
    )
