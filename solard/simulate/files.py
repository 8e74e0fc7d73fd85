"""What a simulation writes: a trace and the runs of jobs for each policy, and a summary."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from solard.simulate.recording import TICK
from solard.simulate.run import Course
from solard.simulate.world import Lived

TRACE = (
    "time_utc,pv_w,load_w,rig_w,jobs_w,grid_w,battery_w,soc,cards_on,work_rate,water_value,reason"
)


def write_trace(folder: Path, policy: str, lived: Sequence[Lived]) -> None:
    """Write one row per tick: means over the tick, the charge at its end."""
    with (folder / f"trace_{policy}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(TRACE.split(","))
        rows.writerows(_trace_row(one) for one in lived)


def _trace_row(one: Lived) -> tuple[object, ...]:
    powers = (one.row.pv_w, one.row.load_w, one.rig_w, one.jobs_w, one.grid_w, one.battery_w)
    water = "" if one.water_value is None else f"{one.water_value:.6f}"
    return (
        stamp(one.row.starts_at),
        *(f"{power:.6f}" for power in powers),
        f"{one.soc:.12f}",
        one.cards_on,
        f"{one.work_rate:.9f}",
        water,
        one.reason,
    )


def write_jobs(folder: Path, policy: str, course: Course) -> None:
    """Write one row per uninterrupted run of a job."""
    begins_at = course.lived[0].row.starts_at
    with (folder / f"jobs_{policy}.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("job", "start_utc", "end_utc"))
        for run in sorted(course.book.runs, key=lambda run: (run.first, run.index)):
            first_at, end_at = begins_at + run.first * TICK, begins_at + run.end * TICK
            rows.writerow((run.index, stamp(first_at), stamp(end_at)))


def write_summary(folder: Path, summary: Mapping[str, object]) -> None:
    """Write the summary."""
    text = json.dumps(summary, indent=1)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")


def stamp(moment: datetime) -> str:
    """Return `2024-05-06T00:05:00Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
