"""Small sites and recordings, written as files."""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path
from typing import Any

from solard.simulate.simulate import SimulationRequest, simulate

EXAMPLES = Path(__file__).parents[2] / "examples" / "sites"
FIRST = datetime(2022, 6, 8, tzinfo=UTC)
JOB_COLUMNS = "arrives_utc,power_w,cards,duration_s,deadline_utc,value,interruptible,mandatory"


def stamp(hours: float) -> str:
    return f"{FIRST + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def sun_w(hours: float, peak_w: float = 4500.0) -> float:
    """A cloudless day in UTC+2: up from 04:00 to 20:00 UTC."""
    return round(peak_w * max(0.0, sin((hours % 24.0 - 4.0) / 16.0 * pi)), 3)


def write_data(
    path: Path,
    days: float,
    pv: Callable[[float], float] = sun_w,
    load: Callable[[float], float] = lambda _hours: 500.0,
    step_h: float = 0.25,
    **more: Callable[[float], float],
) -> Path:
    rows = [["time_utc", "pv_w", "load_w", *more]]
    for index in range(round(24.0 * days / step_h)):
        hours = index * step_h
        figures = [pv(hours), load(hours), *(each(hours) for each in more.values())]
        rows.append([stamp(hours), *(str(figure) for figure in figures)])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def write_jobs(path: Path, *rows: Sequence[object]) -> Path:
    """Each row: hours of arrival, W, cards, seconds, hours of deadline, value, two flags."""
    lines = [JOB_COLUMNS]
    for arrives, power_w, cards, seconds, deadline, *rest in rows:
        figures = [stamp(float(str(arrives))), power_w, cards, seconds, stamp(float(str(deadline)))]
        lines.append(",".join(str(each) for each in (*figures, *rest)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(folder: Path, data: Path, policies: Sequence[str], **more: Any) -> dict[str, Any]:
    """Simulate, on the Berlin site unless another is given; return the summary."""
    site = more.pop("site", EXAMPLES / "berlin.yaml")
    request = SimulationRequest(site=site, data=data, out=folder, policies=tuple(policies), **more)
    simulate(request, lambda _text: None)
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary


def trace(folder: Path, policy: str) -> list[dict[str, str]]:
    with (folder / f"trace_{policy}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def runs(folder: Path, policy: str) -> list[dict[str, str]]:
    with (folder / f"jobs_{policy}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
