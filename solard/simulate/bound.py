"""The bound: what nobody can beat, a linear program over all ticks that knows everything.

Cards come in fractions, the battery is commanded, optional jobs are done in part: each of these
only ever adds value, so no policy of whole cards and a battery that serves itself can earn more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scheduler.model import solve
from scheduler.program import Program, Term
from solard.simulate.recording import TICK_H, TICK_S, TickRow
from solard.simulate.site import SimSite
from solard.simulate.tasks import Task

FORCE = 1000.0
"""Money for a mandatory job: more than any energy for it can cost; taken out of the value."""
SERVED = 0.999
TINY_KW = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The highest value that foresight could reach."""

    value: float
    mandatory_missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tick:
    """Columns of one tick that others refer to."""

    cards: int
    power: tuple[Term, ...]
    stored: int
    balance: list[Term]
    trade: tuple[Term, Term] | None
    """Import and export, where export earns more than import costs: nobody can do both."""
    spare_kw: float
    """What the site can sell at most."""
    needed_kw: float
    outage: int


def find_bound(site: SimSite, ticks: Sequence[TickRow], tasks: Sequence[Task]) -> Bound:
    """Return the bound of a recording."""
    program = Program()
    written: list[_Tick] = []
    for index, row in enumerate(ticks):
        is_last = index == len(ticks) - 1
        written.append(_write_tick(program, site, row, written[-1] if written else None, is_last))
    running: list[list[tuple[int, Task]]] = [[] for _ in ticks]
    served = {task.index: _write_task(program, task, running) for task in tasks if _can(task)}
    for one, jobs in zip(written, running, strict=True):
        _close_tick(program, site, one, jobs)
    values = solve(program)
    forced = [task for task in tasks if task.job.mandatory and task.is_due]
    done = {task.index: values[served[task.index]] for task in forced if task.index in served}
    start_kwh = site.start_soc * site.battery.capacity_wh / 1000.0
    value = sum(gain * value for gain, value in zip(program.gains, values, strict=True))
    value -= FORCE * sum(done.values()) + site.stored_per_kwh * start_kwh
    missed = sum(done.get(task.index, 0.0) < SERVED for task in forced)
    return Bound(value=value, mandatory_missed=missed)


def _can(task: Task) -> bool:
    """Say whether the window, rounded outward, holds the job."""
    return (task.outer_end - task.outer_first) * TICK_S >= task.job.duration_s - 1e-6


def _write_tick(
    program: Program, site: SimSite, row: TickRow, before: _Tick | None, is_last: bool
) -> _Tick:
    hours, count = TICK_H, float(site.cards)
    points = site.curve.points
    psu = site.rig.psu_efficiency
    base = points[0]
    gain = site.worth_per_card_h * base.work_rate + site.uptime_per_h
    cards = program.column(hours * gain, high=count)
    power = [Term(cards, base.power_w / psu / 1000.0)]
    for low, high in pairwise(points):
        width_kw = (high.power_w - low.power_w) / psu / 1000.0
        slope = site.worth_per_card_h * (high.work_rate - low.work_rate) / width_kw
        taken = program.column(hours * slope, high=width_kw * count)
        program.row([Term(taken, 1.0), Term(cards, -width_kw)], high=0.0)
        power.append(Term(taken, 1.0))
    woken = program.column(-site.start_cost)
    terms = [Term(woken, 1.0), Term(cards, -1.0)]
    if before is None:
        program.row(terms, low=-1.0)
    else:
        program.row([*terms, Term(before.cards, 1.0)], low=0.0)
    battery = site.battery
    sun_kw, house_kw = row.pv_w / 1000.0, row.load_w / 1000.0
    wear = -hours * battery.wear_per_kwh / 2.0
    most_charge_kw = min(battery.max_charge_w / 1000.0, max(0.0, sun_kw - house_kw))
    charge = program.column(wear, high=most_charge_kw)
    discharge = program.column(wear, high=battery.max_discharge_w / 1000.0)
    full_kwh = battery.capacity_wh / 1000.0
    least_soc = min(battery.min_soc, site.start_soc)
    stored = program.column(
        site.stored_per_kwh if is_last else 0.0, low=least_soc * full_kwh, high=full_kwh
    )
    chain = [
        Term(stored, 1.0),
        Term(charge, -hours * battery.efficiency),
        Term(discharge, hours / battery.efficiency),
    ]
    first_kwh = site.start_soc * full_kwh if before is None else 0.0
    if before is not None:
        chain.append(Term(before.stored, -1.0))
    program.row(chain, low=first_kwh, high=first_kwh)
    # A cap that no sensible plan reaches bounds the program where it is paid to take energy.
    reach_kw = house_kw + sun_kw + battery.max_discharge_w / 1000.0 + 100.0
    bought = program.column(-hours * row.import_per_kwh, high=reach_kw)
    sold = program.column(hours * row.export_per_kwh, high=reach_kw)
    if row.export_per_kwh > row.import_per_kwh:
        # Nobody sells what he buys in the same tick: only sun and battery go out.
        spare_kw = max(0.0, sun_kw - house_kw)
        program.row([Term(sold, 1.0), Term(discharge, -1.0)], high=spare_kw)
    outage = program.column(-hours * site.outage_per_h)
    balance = [Term(bought, 1.0), Term(sold, -1.0), Term(discharge, 1.0), Term(charge, -1.0)]
    trades = row.export_per_kwh > row.import_per_kwh
    return _Tick(
        cards=cards,
        power=tuple(power),
        stored=stored,
        balance=balance,
        trade=(Term(bought, 1.0), Term(sold, 1.0)) if trades else None,
        spare_kw=sun_kw + battery.max_discharge_w / 1000.0,
        needed_kw=house_kw - sun_kw + site.rig.host_w / 1000.0,
        outage=outage,
    )


def _write_task(program: Program, task: Task, running: list[list[tuple[int, Task]]]) -> int:
    """Write shares of ticks that add up to the share of the job that is done."""
    forced = task.job.mandatory and task.is_due
    worth = FORCE if forced else 0.0 if task.job.mandatory else task.job.value
    share = program.column(worth, high=1.0)
    shares = []
    for tick in range(task.outer_first, task.outer_end):
        column = program.column(high=1.0)
        running[tick].append((column, task))
        shares.append(Term(column, TICK_S / 3600.0))
    hours = task.job.duration_s / 3600.0
    program.row([*shares, Term(share, -hours)], low=0.0, high=0.0)
    return share


def _close_tick(
    program: Program, site: SimSite, tick: _Tick, jobs: Sequence[tuple[int, Task]]
) -> None:
    """Write what ties cards, jobs and energy together."""
    taken = [Term(column, float(task.job.cards)) for column, task in jobs if task.job.cards]
    if taken:
        program.row([Term(tick.cards, 1.0), *taken], high=float(site.cards))
    program.row([Term(tick.cards, 1.0), Term(tick.outage, 1.0), *taken], low=1.0)
    if tick.trade is not None:
        _bar_trade(program, site, tick, tick.trade, jobs)
    load = [Term(term.column, -term.factor) for term in tick.power]
    load += [Term(column, -task.job.power_w / 1000.0) for column, task in jobs]
    program.row([*tick.balance, *load], low=tick.needed_kw, high=tick.needed_kw)


def _bar_trade(
    program: Program,
    site: SimSite,
    tick: _Tick,
    trade: tuple[Term, Term],
    jobs: Sequence[tuple[int, Task]],
) -> None:
    """Write that import and export of one tick are one flow.

    Exclusive flows need an integer; the chord between the most of either is the tightest that a
    linear program can say, and no course lies above it.
    """
    bought, sold = trade
    jobs_kw = sum(task.job.power_w for _, task in jobs) / 1000.0
    most_kw = site.most_w(site.cards) / 1000.0 - site.rig.host_w / 1000.0
    buys_kw = max(TINY_KW, tick.needed_kw + most_kw + jobs_kw + tick.spare_kw)
    sells_kw = max(TINY_KW, tick.spare_kw)
    program.row([Term(bought.column, 1.0 / buys_kw), Term(sold.column, 1.0 / sells_kw)], high=1.0)
