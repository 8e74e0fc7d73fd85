"""The API as a table: what is served, checked and described comes from these rows alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from solard.api import reads, writes
from solard.api.desk import Desk
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import (
    EarningsDay,
    Event,
    JobView,
    NetworkView,
    PolicyView,
    SiteView,
    WorkloadView,
)

Serve = Callable[[Desk, web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Field:
    """One query parameter or one key of a body."""

    name: str
    kind: str
    """A JSON Schema type, or `date-time`."""
    text: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that the API does."""

    method: str
    path: str
    summary: str
    serve: Serve
    query: tuple[Field, ...] = ()
    body: tuple[Field, ...] = ()
    answer: Mapping[str, Any] | type | None = None
    """A class, or the keys of an object and their types; None where it is no JSON."""
    media: str = "application/json"


UNTIL = (
    Field("until_at", "date-time", "when it ends by itself, site time"),
    Field("for_s", "number", "how long it lasts, site seconds; instead of until_at"),
)
JOB = (
    Field("name", "string", "at most 16 lower-case letters, digits and dashes", required=True),
    Field("command", "array", "the program and its arguments", required=True),
    Field("duration_s", "number", "how long it runs, site seconds", required=True),
    Field("power_w", "number", "at the wall and above idle, all its cards", required=True),
    Field("env", "array", "pairs of names and values"),
    Field("cards", "integer", "how many cards it takes for itself"),
    Field("earliest_at", "date-time", "not before, site time"),
    Field("deadline_at", "date-time", "worth something only until then, site time"),
    Field("value", "number", "money for having it done in time"),
    Field("pay_at_most_per_kwh", "number", "it waits where its energy is worth more elsewhere"),
    Field("mandatory", "boolean", "it must be in time, whatever energy costs"),
    Field("interruptible", "boolean", "it may be stopped and go on later; true without it"),
    Field("checkpoint_signal", "string", "how it is told to save and end; SIGTERM without it"),
    Field("grace_s", "number", "real seconds that saving may take"),
    Field("retries", "integer", "how often it is tried again"),
)
WHICH_WORKLOAD = (Field("name", "string", "as /v1/workloads lists it", required=True),)
WORKLOAD_VERBS = (
    ("start", "Let a workload run again that was stopped, frozen or parked", writes.start_work),
    ("stop", "End a workload; it stays down until it is started", writes.stop_work),
    ("drain", "Let a workload finish within its grace", writes.drain_work),
    ("freeze", "Stop a workload where it stands", writes.freeze_work),
    ("thaw", "Let a frozen workload go on", writes.thaw_work),
)
WHICH_JOB = (Field("job_id", "string", "as /v1/jobs lists it", required=True),)
DONE = {"ok": bool}

ROUTES = (
    Route(
        method="GET",
        path="/v1/status",
        summary="The newest picture of everything",
        serve=reads.status,
        answer=SiteView,
    ),
    Route(
        method="GET",
        path="/v1/stream",
        summary="Every new picture, as server-sent events named `status`",
        serve=reads.stream,
        media="text/event-stream",
    ),
    Route(
        method="GET",
        path="/v1/site15",
        summary="The site's quarter hours, oldest first; the last day without `after`",
        serve=reads.site15,
        query=(
            Field("after", "date-time", "slots that start at this moment or later"),
            Field("before", "date-time", "slots that start earlier than this moment"),
        ),
        answer={"slots": tuple[SiteSlot, ...]},
    ),
    Route(
        method="GET",
        path="/v1/history",
        summary="Means over each minute, oldest first",
        serve=reads.history,
        query=(Field("minutes", "integer", "how far back, 1 to 43200; 180 without it"),),
        answer={"samples": tuple[Sample, ...]},
    ),
    Route(
        method="GET",
        path="/v1/cycles",
        summary="Stored decisions with all that they knew, newest first",
        serve=reads.cycles,
        query=(Field("limit", "integer", "how many, 1 to 500; 20 without it"),),
        answer={"cycles": tuple[CycleRecord, ...]},
    ),
    Route(
        method="GET",
        path="/v1/plan",
        summary="The plan in force, or null",
        serve=reads.plan,
        answer={"plan": Plan | None},
    ),
    Route(
        method="GET",
        path="/v1/forecast",
        summary="The newest forecast, or null",
        serve=reads.forecast,
        answer={"forecast": Forecast | None},
    ),
    Route(
        method="GET",
        path="/v1/policies",
        summary="The owner's policies as sentences, each condition with its live value",
        serve=reads.policies,
        answer={"policies": tuple[PolicyView, ...]},
    ),
    Route(
        method="GET",
        path="/v1/workloads",
        summary="Every workload: mode, health, rate, power, energy",
        serve=reads.workloads,
        answer={"workloads": tuple[WorkloadView, ...]},
    ),
    Route(
        method="GET",
        path="/v1/events",
        summary="What a person would want to know, newest first",
        serve=reads.events,
        query=(Field("limit", "integer", "how many, 1 to 200; 50 without it"),),
        answer={"events": tuple[Event, ...]},
    ),
    Route(
        method="GET",
        path="/v1/neurons",
        summary="The network and our hotkeys on it, or null",
        serve=reads.neurons,
        answer={"network": NetworkView | None},
    ),
    Route(
        method="GET",
        path="/v1/chain",
        summary="A view of the embedded chain's explorer: a simulator, its tokens have no price",
        serve=reads.chain,
        query=(
            Field("view", "string", "as `solard network` calls it; subnets without it"),
            Field("limit", "integer", "how many rows; 20 without it"),
            Field("before", "integer", "only blocks below this one"),
            Field("number", "integer", "of a block"),
            Field("netuid", "integer", "of a subnet"),
            Field("account", "string", "an address"),
            Field("blocks", "integer", "how far back earnings look; a day without it"),
            Field("power_w", "number", "what the earner's machine draws"),
        ),
        answer=dict,
    ),
    Route(
        method="GET",
        path="/v1/earnings",
        summary="What each day earned and took, newest first",
        serve=reads.earnings,
        answer={"days": tuple[EarningsDay, ...], "currency": str | None},
    ),
    Route(
        method="GET",
        path="/metrics",
        summary="The picture as Prometheus text",
        serve=reads.metrics,
        media="text/plain",
    ),
    Route(
        method="GET",
        path="/openapi.json",
        summary="This description",
        serve=reads.description,
        answer=dict,
    ),
    Route(
        method="POST",
        path="/v1/live",
        summary="Let the rig obey the decisions",
        serve=writes.live,
        answer=DONE,
    ),
    Route(
        method="POST",
        path="/v1/observe",
        summary="Decide and explain, touch nothing",
        serve=writes.observe,
        answer=DONE,
    ),
    Route(
        method="POST",
        path="/v1/pause",
        summary="Let the rig only answer for a while",
        serve=writes.pause,
        body=UNTIL,
        answer=DONE,
    ),
    Route(
        method="POST",
        path="/v1/run",
        summary="Let the rig draw a power for a while, below safety, battery and grid",
        serve=writes.run,
        body=(Field("power_w", "number", "the whole rig's draw in W", required=True), *UNTIL),
        answer=DONE,
    ),
    Route(
        method="GET",
        path="/v1/curves",
        summary="What was measured of each card: draw and work rate",
        serve=reads.curves,
        answer={"curves": tuple[LearnedCurve, ...]},
    ),
    Route(
        method="POST",
        path="/v1/sweep",
        summary="Measure a card at one power after the other, in surplus only",
        serve=writes.sweep,
        body=(Field("gpu", "integer", "index of the card", required=True), *UNTIL),
        answer=DONE,
    ),
    Route(
        method="POST",
        path="/v1/resume",
        summary="End a pause or a run now",
        serve=writes.resume,
        answer=DONE,
    ),
    Route(
        method="GET",
        path="/v1/jobs",
        summary="Open jobs, oldest first, then the newest that are over",
        serve=reads.jobs,
        answer={"jobs": tuple[JobView, ...]},
    ),
    Route(
        method="POST",
        path="/v1/jobs",
        summary="Add a job; on the unix socket only",
        serve=writes.add_job,
        body=JOB,
        answer={"job_id": str},
    ),
    Route(
        method="POST",
        path="/v1/jobs/run",
        summary="Run a job as soon as the rules allow it, whatever the plan says",
        serve=writes.run_job,
        body=WHICH_JOB,
        answer=DONE,
    ),
    Route(
        method="POST",
        path="/v1/jobs/cancel",
        summary="End a job for good",
        serve=writes.cancel_job,
        body=WHICH_JOB,
        answer=DONE,
    ),
    *(
        Route(
            method="POST",
            path=f"/v1/workloads/{verb}",
            summary=summary,
            serve=serve,
            body=WHICH_WORKLOAD,
            answer=DONE,
        )
        for verb, summary, serve in WORKLOAD_VERBS
    ),
    Route(
        method="POST",
        path="/v1/reload",
        summary="Read the configuration again; 422 and its problems leave the old one in force",
        serve=writes.reload,
        answer=DONE,
    ),
)
