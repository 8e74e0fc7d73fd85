"""The tables of history; units in the column names, moments as ISO 8601 text in UTC."""

from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

REVISIONS = ("0001", "0002")
"""Every schema revision, oldest first; the last is the one this program writes."""


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment as text of one length, so that it sorts and compares as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text to store."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment that was stored."""
        return None if value is None else datetime.fromisoformat(value)


def _key() -> tuple[Column[int], Column[int]]:
    """Return the key of rows that one start of the daemon counts."""
    return (
        Column("boot", Integer, primary_key=True),
        Column("seq", Integer, primary_key=True),
    )


metadata = MetaData()

boot = Table(
    "boot",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("boot_id", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    comment="One row per start of the daemon; no closed_at = it did not stop cleanly",
    sqlite_autoincrement=True,
)

content = Table(
    "content",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="Canonical JSON, zlib-compressed, under the SHA-256 of its text",
    sqlite_with_rowid=False,
)

cycle = Table(
    "cycle",
    metadata,
    *_key(),
    Column("decided_at", Moment, nullable=False),
    Column("rule", Text, nullable=False),
    Column("budget_w", Float, nullable=False),
    Column("rig", Text, nullable=False),
    Column("workloads", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("tariff", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("cycle_decided_at", "decided_at"),
    comment="CycleRecord; rig, workloads, rules, tariff and plan are hashes of content",
)

sample_1min = Table(
    "sample_1min",
    metadata,
    *_key(),
    Column("starts_at", Moment, nullable=False),
    Column("pv_w", Float),
    Column("house_w", Float),
    Column("rig_w", Float),
    Column("grid_w", Float),
    Column("battery_w", Float),
    Column("generator_w", Float),
    Column("soc", Float),
    Column("good_s", Float, nullable=False),
    Index("sample_1min_starts_at", "starts_at"),
)

site_15min = Table(
    "site_15min",
    metadata,
    *_key(),
    Column("day", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("pv_wh", Float),
    Column("house_wh", Float),
    Column("rig_wh", Float),
    Column("grid_in_wh", Float),
    Column("grid_out_wh", Float),
    Column("battery_in_wh", Float),
    Column("battery_out_wh", Float),
    Column("generator_wh", Float),
    Column("throttled_s", Float, nullable=False),
    Column("good_s", Float, nullable=False),
    Index("site_15min_starts_at", "starts_at"),
    comment="Several starts of the daemon may share a slot: add them up",
)

ledger_15min = Table(
    "ledger_15min",
    metadata,
    *_key(),
    Column("day", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("sun_wh", Float, nullable=False),
    Column("hidden_sun_wh", Float, nullable=False),
    Column("battery_wh", Float, nullable=False),
    Column("grid_wh", Float, nullable=False),
    Column("generator_wh", Float, nullable=False),
    Column("idle_wh", Float, nullable=False),
    Column("cost", Float),
    Column("lost_feed_in", Float),
    Column("counted_s", Float, nullable=False),
    Index("ledger_15min_day", "day"),
)

day = Table(
    "day",
    metadata,
    Column("day", Text, primary_key=True),
    Column("pv_wh", Float),
    Column("house_wh", Float),
    Column("rig_wh", Float),
    Column("grid_in_wh", Float),
    Column("grid_out_wh", Float),
    Column("battery_in_wh", Float),
    Column("battery_out_wh", Float),
    Column("generator_wh", Float),
    Column("throttled_s", Float, nullable=False),
    Column("good_s", Float, nullable=False),
    comment="Sums of site_15min by local day; kept for ever",
)

event = Table(
    "event",
    metadata,
    *_key(),
    Column("happened_at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("event_happened_at", "happened_at"),
)

reward = Table(
    "reward",
    metadata,
    Column("network", Text, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("hotkey", Text, primary_key=True),
    Column("netuid", Integer, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("rao", Integer, nullable=False),
    Column("day", Text, nullable=False),
    Index("reward_day", "day"),
)

forecast_issued = Table(
    "forecast_issued",
    metadata,
    *_key(),
    Column("issued_at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("forecast_issued_at", "issued_at"),
    comment="Forecast as canonical JSON, zlib-compressed",
)

plan_issued = Table(
    "plan_issued",
    metadata,
    *_key(),
    Column("made_at", Moment, nullable=False),
    Column("plan", Text, nullable=False),
    Index("plan_issued_made_at", "made_at"),
    comment="plan is a hash of content",
)

override = Table(
    "override",
    metadata,
    *_key(),
    Column("asked_at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("until_at", Moment),
    Column("power_w", Float),
    comment="Every operator request, in order; kind `clear` ends those before",
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What outlives the process: `mode`, `override`, as JSON",
)

job = Table(
    "job",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("added_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="Job as canonical JSON, zlib-compressed; the newest row of each stands",
)

job_template = Table(
    "job_template",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_fired_at", Moment, nullable=False),
    comment="So that a run that was missed is made up for once, and none is made twice",
)
