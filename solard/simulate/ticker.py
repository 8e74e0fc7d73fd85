"""The daemon's tick on recorded figures: the same rules, asked until their answer stands."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.battery import serve
from solard.core.decide import decide
from solard.core.decision import Decision
from solard.core.inputs import CardMemory, ControlMemory, DecideInputs
from solard.core.leeway import find_leeway, foreseen
from solard.core.plan import Plan
from solard.core.rig import Rig, Workload
from solard.core.state import BatteryState, GpuState, SiteState, Supply
from solard.core.tariff import Tariff
from solard.simulate.recording import TICK_H, TICK_S, TickRow
from solard.simulate.site import SimSite

ASK_EVERY_S = 15.0
"""Between two askings: as long as a rise must rest."""
ASK_AT_MOST = 20
"""One tick: five minutes."""
GOOD_POLLS = 1000
CARD_C = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the tick side sees of one tick."""

    row: TickRow
    soc: float
    tick: int
    jobs_w: float
    job_cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The decision that stands at the end of the asking."""

    cards_on: int
    rig_w: float
    water_value: float | None
    why: str


class SimTicker:
    """Asks `decide` as the daemon does, with a memory of its own."""

    def __init__(self, site: SimSite) -> None:
        self._site = site
        self._zone = ZoneInfo(site.timezone)
        self._memory = ControlMemory(
            cards=tuple(
                CardMemory(gpu_id=card.gpu_id, parked=index > 0, since_s=-1e6)
                for index, card in enumerate(site.rig.cards)
            ),
            budget_w=site.least_w(1),
        )

    def at_most_w(self, row: TickRow, soc: float, tick: int) -> float:
        """Return what the owner's rules leave the rig and its jobs together."""
        seen = Seen(row=row, soc=soc, tick=tick, jobs_w=0.0, job_cards=0)
        inputs = self._inputs(seen, None, self._rig(0), self._site.least_w(1), 0.0)
        return find_leeway(replace(inputs, rules=foreseen(self._site.rules))).at_most_w

    def settle(self, seen: Seen, plan: Plan | None) -> Settled:
        """Return the answer that no longer changes, or that of the tick's last seconds."""
        rig = self._rig(seen.job_cards)
        rig_w = self._memory.budget_w or 0.0
        decision = None
        for asked in range(ASK_AT_MOST):
            inputs = self._inputs(seen, plan, rig, rig_w, asked * ASK_EVERY_S)
            before = None if decision is None else _told(decision)
            decision, self._memory = decide(inputs)
            rig_w = decision.expected_w
            rises = self._memory.rising_since_s is not None
            if not rises and before == _told(decision):
                break
        assert decision is not None
        cards = sum(not limit.parked for limit in decision.limits)
        return Settled(
            cards_on=cards,
            rig_w=decision.expected_w,
            water_value=_water_value(seen, plan, cards),
            why=decision.why,
        )

    def _rig(self, job_cards: int) -> Rig:
        """Return the rig without the cards that jobs take; parked ones go first."""
        known = {card.gpu_id: card for card in self._memory.cards}
        ranked = sorted(
            self._site.rig.cards,
            key=lambda card: (
                card.gpu_id not in known or known[card.gpu_id].parked,
                card.index,
            ),
        )
        kept = {card.gpu_id for card in ranked[: len(ranked) - job_cards]}
        return replace(
            self._site.rig,
            cards=tuple(card for card in self._site.rig.cards if card.gpu_id in kept),
        )

    def _inputs(
        self, seen: Seen, plan: Plan | None, rig: Rig, rig_w: float, passed_s: float
    ) -> DecideInputs:
        return DecideInputs(
            state=self._state(seen, rig, rig_w, passed_s),
            rig=rig,
            workloads=tuple(_on_cards(work, rig) for work in self._site.workloads),
            rules=self._site.rules,
            tariff=Tariff(
                currency=self._site.tariff.currency,
                import_per_kwh=seen.row.import_per_kwh,
                export_per_kwh=seen.row.export_per_kwh,
            ),
            plan=plan,
            memory=self._memory,
        )

    def _state(self, seen: Seen, rig: Rig, rig_w: float, passed_s: float) -> SiteState:
        row, battery = seen.row, self._site.battery
        house_w = row.load_w + seen.jobs_w
        served = serve(battery, seen.soc, row.pv_w - house_w - rig_w, TICK_H)
        takes = serve(battery, seen.soc, 1e9, TICK_H).charge_w
        gives = serve(battery, seen.soc, -1e9, TICK_H).discharge_w
        local = row.starts_at.astimezone(self._zone)
        offset = local.utcoffset() or timedelta()
        return SiteState(
            taken_at=row.starts_at,
            taken_s=seen.tick * TICK_S + passed_s,
            utc_offset_s=int(offset.total_seconds()),
            supply=Supply.GRID,
            pv_w=row.pv_w,
            load_w=house_w + rig_w,
            grid_w=house_w + rig_w - row.pv_w + served.charge_w - served.discharge_w,
            generator_w=0.0,
            battery=None
            if not self._site.has_battery
            else BatteryState(
                soc=seen.soc,
                power_w=served.discharge_w - served.charge_w,
                max_charge_w=takes,
                max_discharge_w=gives,
            ),
            rig_w=rig_w,
            gpus=tuple(
                GpuState(
                    gpu_id=card.gpu_id,
                    limit_w=None,
                    enforced_w=None,
                    power_w=None,
                    temperature_c=CARD_C,
                    utilization=None,
                    parked=False,
                )
                for card in rig.cards
            ),
            inverter_alarm=False,
            pv_throttled=False,
            good_polls=GOOD_POLLS,
        )


def _on_cards(work: Workload, rig: Rig) -> Workload:
    """Return a workload on the cards that jobs leave to it.

    Its worth is that of all its cards: those in jobs take their part of it away.
    """
    left = tuple(card.gpu_id for card in rig.cards if card.gpu_id in work.gpu_ids)
    if work.worth_per_h is None or not work.gpu_ids:
        return replace(work, gpu_ids=left)
    worth_per_h = work.worth_per_h * len(left) / len(work.gpu_ids)
    return replace(work, gpu_ids=left, worth_per_h=worth_per_h)


def _water_value(seen: Seen, plan: Plan | None, cards: int) -> float | None:
    if plan is None:
        return None
    if plan.future is not None and plan.future.covers(seen.row.starts_at):
        return plan.future.water_value_per_kwh(seen.row.starts_at, cards, seen.soc)
    slot = plan.slot_at(seen.row.starts_at)
    return None if slot is None else slot.water_value_per_kwh


def _told(decision: Decision) -> tuple[tuple[float, bool], ...]:
    return tuple((limit.limit_w, limit.parked) for limit in decision.limits)
