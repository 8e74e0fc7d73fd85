"""Read history: what the API, the CLI, the forecast and a replay ask for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Integer, Row, Select, case, cast, func, select
from sqlalchemy.exc import DatabaseError

from solard.core.calibration import Calibration
from solard.core.codec import CodecError
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import Override
from solard.core.job import Job
from solard.core.learning import LearnedCurve
from solard.core.ledger import SourceEnergy
from solard.core.plan import Plan
from solard.core.records import RECORD_CODEC, CycleRecord
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.told import ToldPower
from solard.core.view import EarningsDay, EnergyTotals, Event, TracePoint
from solard.core.work_energy import WorkEnergy
from solard.store import tables
from solard.store.engine import open_engine, say_damage
from solard.store.errors import StoreUnavailable
from solard.store.packing import unpack
from solard.store.rows import HEAVY

_ENERGIES = tuple(f.name for f in fields(EnergyTotals))
_SOURCES = tuple(f.name for f in fields(SourceEnergy))
_CHUNK = 100
FULL_SOC = 0.99
"""Some batteries never say 100 %."""
TOLD_EVERY_H = 6
"""The first forecast of each quarter of a UTC day speaks for the archive."""
TOLD_AHEAD = timedelta(hours=4)
TOLD_HORIZON = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCycle:
    """A record and its place in history."""

    boot: int
    seq: int
    record: CycleRecord


class History:
    """What is on the disk. Rows that still wait for the writer are not in it yet."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return the quarter hours that start in `after..before`, oldest first, before excluded."""
        table = tables.site_15min.c
        names = [*_ENERGIES, "throttled_s", "good_s"]
        statement = (
            select(table.starts_at, *(func.sum(table[name]).label(name) for name in names))
            .where(table.starts_at >= after, table.starts_at < before)
            .group_by(table.starts_at)
            .order_by(table.starts_at)
        )
        return tuple(_one_slot(SiteSlot(**row._mapping)) for row in self._rows(statement))

    def samples(self, after: datetime) -> tuple[Sample, ...]:
        """Return the minutes since a moment, oldest first."""
        table = tables.sample_1min
        columns = [table.c[f.name] for f in fields(Sample)]
        statement = (
            select(*columns)
            .where(table.c.starts_at >= after)
            .order_by(table.c.starts_at, table.c.boot, table.c.seq)
        )
        return tuple(Sample(**row._mapping) for row in self._rows(statement))

    def trace(self, after: datetime, at_most: int = 300) -> tuple[TracePoint, ...]:
        """Return curves since a moment, oldest first: means over as many minutes as needed."""
        samples = self.samples(after)
        step = -(-len(samples) // at_most) or 1
        groups = (samples[start : start + step] for start in range(0, len(samples), step))
        return tuple(_trace_point(group) for group in groups)

    def totals(self, after: datetime) -> EnergyTotals:
        """Return the energy since a moment; what was never known counts as nothing."""
        table = tables.site_15min.c
        sums = (func.coalesce(func.sum(table[name]), 0.0).label(name) for name in _ENERGIES)
        (row,) = self._rows(select(*sums).where(table.starts_at >= after))
        return EnergyTotals(**row._mapping)

    def find_damage(self) -> str | None:
        """Return what SQLite finds wrong in a quick look at the file, None where it is sound."""
        with self._as_a_sentence():
            return say_damage(self._engine, thorough=False)

    def events(self, limit: int) -> tuple[Event, ...]:
        """Return the newest events, newest first."""
        table = tables.event
        columns = [table.c[f.name] for f in fields(Event)]
        statement = select(*columns).order_by(table.c.boot.desc(), table.c.seq.desc()).limit(limit)
        return tuple(Event(**row._mapping) for row in self._rows(statement))

    def earnings_days(self, count: int) -> tuple[EarningsDay, ...]:
        """Return the newest `count` local days with energy or rewards, newest first."""
        energy = {row.day: row for row in self._rows(_energy_by_day(count))}
        rewards = {row.day: row for row in self._rows(_rewards_by_day(count))}
        days = sorted(energy.keys() | rewards.keys(), reverse=True)[:count]
        return tuple(_earnings(day, energy.get(day), rewards.get(day)) for day in days)

    def last_reward_block(self, network: str) -> int | None:
        """Return the newest block of a network with a stored reward."""
        table = tables.reward.c
        (row,) = self._rows(select(func.max(table.block)).where(table.network == network))
        block: int | None = row[0]
        return block

    def last_plan(self) -> Plan | None:
        """Return the newest adopted plan, however old."""
        issued, content = tables.plan_issued.c, tables.content.c
        statement = (
            select(content.body)
            .where(content.hash == issued.plan)
            .order_by(issued.boot.desc(), issued.seq.desc())
            .limit(1)
        )
        for row in self._rows(statement):
            plan: Plan = RECORD_CODEC.decode(Plan, unpack(row.body))
            return plan
        return None

    def plan_at(self, moment: datetime) -> Plan | None:
        """Return the plan in force at a moment; None where none is kept, or of an older kind."""
        issued, content = tables.plan_issued.c, tables.content.c
        statement = (
            select(content.body)
            .where(content.hash == issued.plan, issued.made_at <= moment)
            .order_by(issued.made_at.desc())
            .limit(1)
        )
        try:
            for row in self._rows(statement):
                plan: Plan = RECORD_CODEC.decode(Plan, unpack(row.body))
                return plan if plan.is_fresh(moment) else None
        except CodecError:
            return None
        return None

    def full_at(self) -> datetime | None:
        """Return when the battery was last full, or first seen; None = it never was."""
        table = tables.sample_1min.c
        full = func.max(case((table.soc >= FULL_SOC, table.starts_at)))
        seen = func.min(case((table.soc.is_not(None), table.starts_at)))
        (row,) = self._rows(select(full.label("full"), seen.label("seen")))
        found: datetime | None = row.full if row.full is not None else row.seen
        return found

    def forecasts(self, after: datetime) -> Iterator[Forecast]:
        """Return the forecasts issued since a moment, oldest first, one at a time."""
        table = tables.forecast_issued.c
        statement = select(table.body).where(table.issued_at >= after).order_by(table.issued_at)
        with self._connected() as connection:
            for row in connection.execute(statement.execution_options(yield_per=_CHUNK)):
                yield RECORD_CODEC.decode(Forecast, unpack(row.body))

    def told(self, after: datetime, before: datetime) -> tuple[ToldPower, ...]:
        """Return what somebody else had said of the times in `after..before`, oldest first.

        Of a quarter hour the newest word of at least `TOLD_AHEAD` before counts: what is learned
        from it then holds for the day to come.
        """
        table = tables.forecast_issued.c
        day = func.substr(table.issued_at, 1, 10)
        part = cast(func.substr(table.issued_at, 12, 2), Integer) // TOLD_EVERY_H
        statement = (
            select(func.min(table.issued_at), table.body)
            .where(table.issued_at >= after - TOLD_HORIZON, table.issued_at < before)
            .group_by(day, part)
            .order_by(table.issued_at)
        )
        words: dict[datetime, ToldPower] = {}
        for row in self._rows(statement):
            forecast: Forecast = RECORD_CODEC.decode(Forecast, unpack(row.body))
            for slot in forecast.slots:
                is_early = slot.starts_at - forecast.issued_at >= TOLD_AHEAD
                if slot.told_w is not None and after <= slot.starts_at < before and is_early:
                    words[slot.starts_at] = ToldPower(
                        starts_at=slot.starts_at, ends_at=slot.ends_at, power_w=slot.told_w
                    )
        return tuple(words[starts_at] for starts_at in sorted(words))

    def last_calibration(self) -> Calibration | None:
        """Return what the last night has taught the forecast; None = nothing, or of an older kind.

        A calibration of another version of solard is no loss: the next night teaches it again.
        """
        try:
            calibration: Calibration | None = RECORD_CODEC.decode(
                Calibration | None, self.setting("calibration")
            )
        except CodecError:
            return None
        return calibration

    def curves(self) -> tuple[LearnedCurve, ...]:
        """Return what was measured of each card; nothing where another version kept it."""
        try:
            learned: tuple[LearnedCurve, ...] = RECORD_CODEC.decode(
                tuple[LearnedCurve, ...], self.setting("curves") or []
            )
        except CodecError:
            return ()
        return learned

    def work_energy(self) -> tuple[WorkEnergy, ...]:
        """Return what each workload has drawn so far; nothing where another version kept it."""
        try:
            counted: tuple[WorkEnergy, ...] = RECORD_CODEC.decode(
                tuple[WorkEnergy, ...], self.setting("work_energy") or []
            )
        except CodecError:
            return ()
        return counted

    def cycles(self, limit: int, after: datetime | None = None) -> tuple[CycleRecord, ...]:
        """Return the newest stored cycles, newest first."""
        table = tables.cycle
        statement = select(table).order_by(table.c.boot.desc(), table.c.seq.desc()).limit(limit)
        if after is not None:
            statement = statement.where(table.c.decided_at >= after)
        with self._connected() as connection:
            return tuple(one.record for one in _cycles(connection, statement))

    def last_cycle(self) -> CycleRecord | None:
        """Return the newest stored cycle; None = none, or of another version of solard."""
        try:
            return next(iter(self.cycles(1)), None)
        except CodecError:
            return None

    def cycle_after(self, moment: datetime, before: datetime) -> CycleRecord | None:
        """Return the first stored cycle of a time; None = none, or of another version."""
        table = tables.cycle
        statement = (
            select(table)
            .where(table.c.decided_at >= moment, table.c.decided_at < before)
            .order_by(table.c.decided_at)
            .limit(1)
        )
        try:
            with self._connected() as connection:
                return next((one.record for one in _cycles(connection, statement)), None)
        except CodecError:
            return None

    def cycle_records(self) -> Iterator[StoredCycle]:
        """Return every stored cycle, oldest first, one at a time, whole again for a replay."""
        table = tables.cycle
        statement = select(table).order_by(table.c.boot, table.c.seq)
        with self._connected() as connection:
            yield from _cycles(connection, statement.execution_options(yield_per=_CHUNK))

    def last_override(self) -> Override | None:
        """Return the newest request that was not cleared; it may have expired since."""
        override: Override | None = RECORD_CODEC.decode(Override | None, self.setting("override"))
        return override

    def jobs(self) -> tuple[Job, ...]:
        """Return every kept job, oldest first."""
        table = tables.job.c
        statement = select(table.body).order_by(table.added_at, table.job_id)
        return tuple(RECORD_CODEC.decode(Job, unpack(row.body)) for row in self._rows(statement))

    def templates(self) -> dict[str, datetime]:
        """Return when each template last made a job."""
        table = tables.job_template.c
        statement = select(table.name, table.last_fired_at)
        return {row.name: row.last_fired_at for row in self._rows(statement)}

    def setting(self, name: str) -> Any:
        """Return the JSON data of a setting, or None where it was never set."""
        table = tables.setting.c
        for row in self._rows(select(table.value).where(table.name == name)):
            return json.loads(row.value)
        return None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Lend a connection; raise StoreUnavailable where the file cannot be read now."""
        with self._as_a_sentence(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _as_a_sentence(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as err:
            raise StoreUnavailable(f"history at {self.path} cannot be read: {err.orig}") from err

    def _rows(self, statement: Select[Any]) -> list[Row[Any]]:
        with self._connected() as connection:
            return list(connection.execute(statement).all())


@contextmanager
def open_history(path: Path) -> Iterator[History]:
    """Open the history at `path` to read it, whether or not a daemon writes it."""
    if not path.exists():
        raise StoreUnavailable(f"there is no history at {path}; solard writes it while it runs")
    engine = open_engine(path, read_only=True)
    try:
        yield History(path, engine)
    finally:
        engine.dispose()


def _cycles(connection: Connection, statement: Select[Any]) -> Iterator[StoredCycle]:
    @lru_cache(maxsize=64)
    def part(name: str) -> Any:
        table = tables.content.c
        return unpack(connection.execute(select(table.body).where(table.hash == name)).scalar_one())

    for row in connection.execute(statement):
        data = unpack(row.body)
        data["inputs"] |= {name: part(row._mapping[name]) for name in HEAVY}
        record: CycleRecord = RECORD_CODEC.decode(CycleRecord, data)
        yield StoredCycle(boot=row.boot, seq=row.seq, record=record)


def _one_slot(slot: SiteSlot) -> SiteSlot:
    """Return a slot as a quarter of an hour: a clock that stepped back lived through it twice."""
    if slot.good_s <= SLOT_S:
        return slot
    part = SLOT_S / slot.good_s
    energies: dict[str, Any] = {
        name: None if (energy_wh := getattr(slot, name)) is None else part * energy_wh
        for name in _ENERGIES
    }
    return replace(slot, good_s=float(SLOT_S), throttled_s=part * slot.throttled_s, **energies)


def _energy_by_day(count: int) -> Select[Any]:
    table = tables.ledger_15min.c
    all_known = [
        case((func.count() == func.count(table[name]), func.sum(table[name]))).label(name)
        for name in ("cost", "lost_feed_in")
    ]
    sums = [func.sum(table[name]).label(name) for name in (*_SOURCES, "idle_wh")]
    statement = select(table.day, *sums, *all_known).group_by(table.day)
    return statement.order_by(table.day.desc()).limit(count)


def _rewards_by_day(count: int) -> Select[Any]:
    table = tables.reward.c
    miner = func.sum(case((table.role == "miner", table.rao), else_=0)).label("miner")
    validator = func.sum(case((table.role == "validator", table.rao), else_=0)).label("validator")
    statement = select(table.day, miner, validator).group_by(table.day)
    return statement.order_by(table.day.desc()).limit(count)


def _earnings(day: str, energy: Row[Any] | None, rewards: Row[Any] | None) -> EarningsDay:
    sources = {name: energy._mapping[name] for name in _SOURCES} if energy is not None else {}
    return EarningsDay(
        day=day,
        miner_rao=rewards.miner if rewards is not None else 0,
        validator_rao=rewards.validator if rewards is not None else 0,
        sources=SourceEnergy(**sources),
        idle_wh=energy.idle_wh if energy is not None else 0.0,
        cost=energy.cost if energy is not None else 0.0,
        lost_feed_in=energy.lost_feed_in if energy is not None else 0.0,
    )


def _trace_point(group: tuple[Sample, ...]) -> TracePoint:
    return TracePoint(
        at=group[0].starts_at,
        pv_w=_mean([one.pv_w for one in group]),
        house_w=_mean([one.house_w for one in group]),
        rig_w=_mean([one.rig_w for one in group]),
        soc=_mean([one.soc for one in group]),
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
