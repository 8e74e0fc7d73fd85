"""Core values to rows: one function per table."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime

from solard.core.forecast import Forecast
from solard.core.history import EnergyRow, Reward, Sample, SlotRow
from solard.core.inputs import Override
from solard.core.job import Job
from solard.core.plan import Plan
from solard.core.records import RECORD_CODEC, CycleRecord
from solard.core.view import Event
from solard.store import tables
from solard.store.packing import Contents, pack
from solard.store.writing import Row

HEAVY = ("rig", "workloads", "rules", "tariff", "plan")
"""Inputs that hardly ever change: stored once by content, referred to by hash."""


def cycle_rows(boot: int, seq: int, record: CycleRecord, contents: Contents) -> tuple[Row, ...]:
    """Return the rows of one cycle: contents that are new, then the cycle itself."""
    rows: tuple[Row, ...] = ()
    hashes: dict[str, str] = {}
    for part in HEAVY:
        hashes[part], new = contents.put(part, getattr(record.inputs, part))
        rows += new
    body = {
        "inputs": _encode_fields(record.inputs, without=HEAVY),
        **_encode_fields(record, without=("inputs",)),
    }
    values = {
        "boot": boot,
        "seq": seq,
        "decided_at": record.decision.decided_at,
        "rule": record.decision.rule,
        "budget_w": record.decision.budget_w,
        "body": pack(json.dumps(body, sort_keys=True, separators=(",", ":"))),
        **hashes,
    }
    return (*rows, Row(tables.cycle, values))


def sample_rows(boot: int, sample: Sample) -> tuple[Row, ...]:
    """Return the row of one minute."""
    return (Row(tables.sample_1min, {"boot": boot, **_values(sample)}, replace=True),)


def site_rows(boot: int, row: SlotRow) -> tuple[Row, ...]:
    """Return the row of a quarter hour; a later one replaces it."""
    values = {"boot": boot, "seq": row.seq, "day": row.day, **_values(row.slot)}
    return (Row(tables.site_15min, values, replace=True),)


def energy_rows(boot: int, row: EnergyRow) -> tuple[Row, ...]:
    """Return the row of a quarter hour of the ledger; a later one replaces it."""
    values = {name: value for name, value in _values(row).items() if name != "sources"}
    values |= {"boot": boot, **_values(row.sources)}
    return (Row(tables.ledger_15min, values, replace=True),)


def event_rows(boot: int, seq: int, event: Event) -> tuple[Row, ...]:
    """Return the row of one event."""
    return (Row(tables.event, {"boot": boot, "seq": seq, **_values(event)}),)


def reward_rows(_boot: int, reward: Reward) -> tuple[Row, ...]:
    """Return the row of one reward; hearing of it twice changes nothing."""
    return (Row(tables.reward, _values(reward)),)


def forecast_rows(boot: int, seq: int, forecast: Forecast) -> tuple[Row, ...]:
    """Return the row of one forecast as issued."""
    values = {
        "boot": boot,
        "seq": seq,
        "issued_at": forecast.issued_at,
        "source": forecast.source,
        "body": pack(RECORD_CODEC.dumps(forecast)),
    }
    return (Row(tables.forecast_issued, values),)


def plan_rows(boot: int, seq: int, plan: Plan, contents: Contents) -> tuple[Row, ...]:
    """Return the rows of one adopted plan; cycles refer to the same content."""
    name, new = contents.put("plan", plan)
    values = {"boot": boot, "seq": seq, "made_at": plan.made_at, "plan": name}
    return (*new, Row(tables.plan_issued, values))


def override_rows(
    boot: int, seq: int, asked_at: datetime, override: Override | None
) -> tuple[Row, ...]:
    """Return the row of an operator's request; None is the one that clears all before."""
    asked = _values(override) if override else {"kind": "clear", "until_at": None, "power_w": None}
    values = {"boot": boot, "seq": seq, "asked_at": asked_at, **asked}
    return (Row(tables.override, values | {"kind": str(asked["kind"])}),)


def job_rows(_boot: int, job: Job, template: str | None) -> tuple[Row, ...]:
    """Return the row of a job, and that of the template that made it just now."""
    values = {
        "job_id": job.job_id,
        "added_at": job.added_at,
        "ended_at": job.ended_at,
        "state": job.state.value,
        "body": pack(RECORD_CODEC.dumps(job)),
    }
    made = () if template is None else template_rows(_boot, template, job.added_at)
    return (Row(tables.job, values, replace=True), *made)


def template_rows(_boot: int, name: str, fired_at: datetime) -> tuple[Row, ...]:
    """Return the row of a template: when it last made a job."""
    values = {"name": name, "last_fired_at": fired_at}
    return (Row(tables.job_template, values, replace=True),)


def setting_rows(_boot: int, name: str, value: object) -> tuple[Row, ...]:
    """Return the row of a setting; the last one holds."""
    return (Row(tables.setting, {"name": name, "value": RECORD_CODEC.dumps(value)}, replace=True),)


def _values(value: object) -> dict[str, object]:
    return {f.name: getattr(value, f.name) for f in fields(value)}  # type: ignore[arg-type]


def _encode_fields(value: object, without: tuple[str, ...]) -> Mapping[str, object]:
    named = {name: one for name, one in _values(value).items() if name not in without}
    return {name: RECORD_CODEC.encode(one) for name, one in named.items()}
