"""`solard simulate`: every policy on one recording, beside the bound."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from solard.config.load import load_settings
from solard.simulate.baselines import AlwaysOn, Floor, Threshold
from solard.simulate.bound import Bound, find_bound
from solard.simulate.errors import RecordingInvalid
from solard.simulate.files import stamp, write_jobs, write_summary, write_trace
from solard.simulate.planned import PLANNED, PlannedPolicy
from solard.simulate.recording import Recording, read_recording
from solard.simulate.run import Course, live_through
from solard.simulate.score import capture, days_of
from solard.simulate.site import SimSite, make_site
from solard.simulate.tasks import Task, find_hopeless, make_tasks, read_jobs
from solard.simulate.world import Policy

BASELINES: Mapping[str, Callable[[SimSite], Policy]] = {
    "floor": Floor,
    "always_on": AlwaysOn,
    "threshold": Threshold,
}
POLICIES = (*BASELINES, *PLANNED)
MONEY_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRequest:
    """What to simulate, and where to put what comes of it."""

    site: Path
    data: Path
    out: Path
    jobs: Path | None = None
    policies: tuple[str, ...] = POLICIES
    begins_at: datetime | None = None
    ends_at: datetime | None = None


def simulate(request: SimulationRequest, tell: Callable[[str], None]) -> dict[str, object]:
    """Live through the recording with each policy, write all files, return the summary.

    `tell` hears a sentence for each part that is over.
    """
    settings = load_settings(request.site)
    site = make_site(settings)
    recording = read_recording(
        request.data,
        site.tariff,
        site.timezone,
        begins_at=request.begins_at,
        ends_at=request.ends_at,
    )
    for notice in recording.notices:
        tell(f"{request.data}: {notice}")
    if settings.spot is not None and not any(tick.has_price for tick in recording.ticks):
        tell(
            f"{request.site}: tariff.import.source is not asked here; without import_price in "
            "DATA `fixed`, `windows` or `when_missing` counts"
        )
    jobs = () if request.jobs is None else read_jobs(request.jobs)
    for notice in find_hopeless(jobs, site.cards):
        tell(f"{request.jobs}: {notice}")
    tasks = make_tasks(jobs, recording.ticks[0].starts_at, len(recording.ticks))
    _make_folder(request.out)
    floor = live_through(site, recording, tasks, Floor(site))
    bound = find_bound(site, recording.ticks, tasks)
    tell(f"floor {floor.score.value:.2f}, bound {bound.value:.2f}")
    scores: dict[str, object] = {}
    for name in request.policies:
        started_s = time.perf_counter()
        course, solves_s = _course(name, site, recording, tasks, floor)
        write_trace(request.out, name, course.lived)
        write_jobs(request.out, name, course)
        scores[name] = _figures(course, floor, bound, solves_s)
        tell(f"{name}: {_say(course, floor, bound)} ({time.perf_counter() - started_s:.0f} s)")
    summary = _summary(site, recording, tasks, floor, bound, scores)
    write_summary(request.out, summary)
    return summary


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise RecordingInvalid(
            f"{folder}: cannot be made: {err.strerror}; name another folder with --out"
        ) from err


def _course(
    name: str,
    site: SimSite,
    recording: Recording,
    tasks: tuple[Task, ...],
    floor: Course,
) -> tuple[Course, Sequence[float]]:
    if name == "floor":
        return floor, ()
    if name in BASELINES:
        return live_through(site, recording, tasks, BASELINES[name](site)), ()
    policy = PlannedPolicy(site, recording, tasks, PLANNED[name])
    return live_through(site, recording, tasks, policy), policy.solves_s


def _figures(
    course: Course, floor: Course, bound: Bound, solves_s: Sequence[float]
) -> dict[str, object]:
    own = course.score
    days = days_of(course.lived)
    return {
        "value": round(own.value, MONEY_DIGITS),
        "value_work": round(own.work, MONEY_DIGITS),
        "value_uptime": round(own.uptime, MONEY_DIGITS),
        "value_jobs": round(own.jobs, MONEY_DIGITS),
        "value_import": round(own.imported, MONEY_DIGITS),
        "value_export": round(own.exported, MONEY_DIGITS),
        "value_wear": round(own.wear, MONEY_DIGITS),
        "value_outage": round(own.outage, MONEY_DIGITS),
        "value_starts": round(own.starts_cost, MONEY_DIGITS),
        "value_stored": round(own.stored, MONEY_DIGITS),
        "capture": capture(own.value, floor.score.value, bound.value),
        "import_kwh": own.import_kwh,
        "export_kwh": own.export_kwh,
        "solar_share": own.solar_share,
        "starts": own.starts,
        "starts_per_day": own.starts / days,
        "breach_kwh": own.breach_kwh,
        "breach_kwh_per_day": own.breach_kwh / days,
        "jobs_done": own.jobs_done,
        "jobs_missed": own.jobs_missed,
        "mandatory_done": own.mandatory_done,
        "mandatory_missed": own.mandatory_missed,
        "optional_done": own.jobs_done - own.mandatory_done,
        "optional_missed": own.jobs_missed - own.mandatory_missed,
        "solve_p50_s": quantile(solves_s, 0.5),
        "solve_p95_s": quantile(solves_s, 0.95),
        "solves": len(solves_s),
    }


def _summary(
    site: SimSite,
    recording: Recording,
    tasks: tuple[Task, ...],
    floor: Course,
    bound: Bound,
    scores: Mapping[str, object],
) -> dict[str, object]:
    return {
        "site": site.name,
        "from_utc": stamp(recording.ticks[0].starts_at),
        "days": days_of(floor.lived),
        "ticks": len(recording.ticks),
        "jobs": len(tasks),
        "has_forecast": recording.has_forecast,
        "floor_value": round(floor.score.value, MONEY_DIGITS),
        "upper_bound": round(bound.value, MONEY_DIGITS),
        "upper_bound_mandatory_missed": bound.mandatory_missed,
        "policies": dict(scores),
    }


def _say(course: Course, floor: Course, bound: Bound) -> str:
    share = capture(course.score.value, floor.score.value, bound.value)
    text = "n/a" if share is None else f"{share:.1%}"
    return f"value {course.score.value:.2f}, capture {text}"


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which a share of all lies; None without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
