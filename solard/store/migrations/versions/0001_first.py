"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "boot",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "content",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cycle",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("budget_w", sa.Float(), nullable=False),
        sa.Column("rig", sa.Text(), nullable=False),
        sa.Column("workloads", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("cycle_decided_at", "cycle", ["decided_at"], unique=False)
    op.create_table(
        "day",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("pv_wh", sa.Float(), nullable=True),
        sa.Column("house_wh", sa.Float(), nullable=True),
        sa.Column("rig_wh", sa.Float(), nullable=True),
        sa.Column("grid_in_wh", sa.Float(), nullable=True),
        sa.Column("grid_out_wh", sa.Float(), nullable=True),
        sa.Column("battery_in_wh", sa.Float(), nullable=True),
        sa.Column("battery_out_wh", sa.Float(), nullable=True),
        sa.Column("generator_wh", sa.Float(), nullable=True),
        sa.Column("throttled_s", sa.Float(), nullable=False),
        sa.Column("good_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "event",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("event_happened_at", "event", ["happened_at"], unique=False)
    op.create_table(
        "forecast_issued",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("forecast_issued_at", "forecast_issued", ["issued_at"], unique=False)
    op.create_table(
        "ledger_15min",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("sun_wh", sa.Float(), nullable=False),
        sa.Column("hidden_sun_wh", sa.Float(), nullable=False),
        sa.Column("battery_wh", sa.Float(), nullable=False),
        sa.Column("grid_wh", sa.Float(), nullable=False),
        sa.Column("generator_wh", sa.Float(), nullable=False),
        sa.Column("idle_wh", sa.Float(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("lost_feed_in", sa.Float(), nullable=True),
        sa.Column("counted_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("ledger_15min_day", "ledger_15min", ["day"], unique=False)
    op.create_table(
        "override",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until_at", sa.Text(), nullable=True),
        sa.Column("power_w", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_table(
        "plan_issued",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("plan_issued_made_at", "plan_issued", ["made_at"], unique=False)
    op.create_table(
        "reward",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("hotkey", sa.Text(), nullable=False),
        sa.Column("netuid", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rao", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network", "block", "hotkey", "netuid", "role"),
    )
    op.create_index("reward_day", "reward", ["day"], unique=False)
    op.create_table(
        "sample_1min",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("pv_w", sa.Float(), nullable=True),
        sa.Column("house_w", sa.Float(), nullable=True),
        sa.Column("rig_w", sa.Float(), nullable=True),
        sa.Column("grid_w", sa.Float(), nullable=True),
        sa.Column("battery_w", sa.Float(), nullable=True),
        sa.Column("generator_w", sa.Float(), nullable=True),
        sa.Column("soc", sa.Float(), nullable=True),
        sa.Column("good_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("sample_1min_starts_at", "sample_1min", ["starts_at"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "site_15min",
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("pv_wh", sa.Float(), nullable=True),
        sa.Column("house_wh", sa.Float(), nullable=True),
        sa.Column("rig_wh", sa.Float(), nullable=True),
        sa.Column("grid_in_wh", sa.Float(), nullable=True),
        sa.Column("grid_out_wh", sa.Float(), nullable=True),
        sa.Column("battery_in_wh", sa.Float(), nullable=True),
        sa.Column("battery_out_wh", sa.Float(), nullable=True),
        sa.Column("generator_wh", sa.Float(), nullable=True),
        sa.Column("throttled_s", sa.Float(), nullable=False),
        sa.Column("good_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("boot", "seq"),
    )
    op.create_index("site_15min_starts_at", "site_15min", ["starts_at"], unique=False)
