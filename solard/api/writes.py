"""Routes that change something; each is one call of the daemon."""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import datetime, timedelta

from aiohttp import web

from solard.api.asked import as_moment, as_number, read_body
from solard.api.desk import Desk, to_json
from solard.api.guard import guard_of
from solard.api.refusal import Refusal, json_answer
from solard.core.codec import CodecError
from solard.core.inputs import Override, OverrideKind
from solard.core.job import JobSpec
from solard.core.records import RECORD_CODEC

LONGEST_S = 7 * 86_400.0
"""An override ends by itself within a week."""
MOST_W = 100_000.0


async def live(desk: Desk, request: web.Request) -> web.Response:
    """Let the rig obey."""
    await read_body(request, (), desk.body_s)
    await desk.source.set_live(True)
    return _done()


async def observe(desk: Desk, request: web.Request) -> web.Response:
    """Only decide and explain."""
    await read_body(request, (), desk.body_s)
    await desk.source.set_live(False)
    return _done()


async def pause(desk: Desk, request: web.Request) -> web.Response:
    """Let the rig only answer for a while."""
    body = await read_body(request, ("until_at", "for_s"), desk.body_s)
    until_at = _until(desk, body.get("until_at"), body.get("for_s"))
    await desk.source.add_override(Override(kind=OverrideKind.PAUSE, until_at=until_at))
    return _done()


async def run(desk: Desk, request: web.Request) -> web.Response:
    """Let the rig draw a power for a while."""
    body = await read_body(request, ("power_w", "until_at", "for_s"), desk.body_s)
    if "power_w" not in body:
        raise Refusal(400, "power_w is missing: say how much the whole rig may draw, in W")
    power_w = as_number("power_w", body["power_w"], above=0.0, at_most=MOST_W)
    until_at = _until(desk, body.get("until_at"), body.get("for_s"))
    await desk.source.add_override(
        Override(kind=OverrideKind.RUN, until_at=until_at, power_w=power_w)
    )
    return _done()


async def sweep(desk: Desk, request: web.Request) -> web.Response:
    """Measure a card at one power after the other, in surplus only."""
    body = await read_body(request, ("gpu", "until_at", "for_s"), desk.body_s)
    index = as_number("gpu", body.get("gpu"), above=-1.0, at_most=63.0)
    until_at = _until(desk, body.get("until_at"), body.get("for_s"))
    await desk.source.start_sweep(int(index), until_at)
    return _done()


async def resume(desk: Desk, request: web.Request) -> web.Response:
    """End a pause or a run."""
    await read_body(request, (), desk.body_s)
    await desk.source.clear_overrides()
    return _done()


async def reload(desk: Desk, request: web.Request) -> web.Response:
    """Read the configuration again."""
    await read_body(request, (), desk.body_s)
    problems = await desk.source.reload()
    if problems:
        raise Refusal(422, f"the old configuration stays: {problems[0]}", problems)
    return _done()


async def add_job(desk: Desk, request: web.Request) -> web.Response:
    """Add a job: whoever may, runs a program here, so that a token over TCP is not enough."""
    guard = guard_of(request)
    if guard is None or not guard.is_local:
        raise Refusal(403, "jobs are added on the machine itself, with `solard job add`")
    body = await read_body(request, tuple(one.name for one in fields(JobSpec)), desk.body_s)
    try:
        spec: JobSpec = RECORD_CODEC.decode(JobSpec, body)
    except CodecError as err:
        raise Refusal(400, f"this is no job: {err}") from err
    return json_answer(to_json({"job_id": desk.source.add_job(spec)}))


async def cancel_job(desk: Desk, request: web.Request) -> web.Response:
    """End a job for good."""
    await desk.source.cancel_job(await _job_id(desk, request))
    return _done()


async def run_job(desk: Desk, request: web.Request) -> web.Response:
    """Let a job run as soon as the rules allow it."""
    desk.source.run_job(await _job_id(desk, request))
    return _done()


async def start_work(desk: Desk, request: web.Request) -> web.Response:
    """Let a workload run again."""
    return await _tell_work(desk, request, desk.source.start_work)


async def stop_work(desk: Desk, request: web.Request) -> web.Response:
    """End a workload."""
    return await _tell_work(desk, request, desk.source.stop_work)


async def drain_work(desk: Desk, request: web.Request) -> web.Response:
    """Let a workload finish."""
    return await _tell_work(desk, request, desk.source.drain_work)


async def freeze_work(desk: Desk, request: web.Request) -> web.Response:
    """Stop a workload where it stands."""
    return await _tell_work(desk, request, desk.source.freeze_work)


async def thaw_work(desk: Desk, request: web.Request) -> web.Response:
    """Let a frozen workload go on."""
    return await _tell_work(desk, request, desk.source.thaw_work)


async def _tell_work(
    desk: Desk, request: web.Request, tell: Callable[[str], Awaitable[None]]
) -> web.Response:
    body = await read_body(request, ("name",), desk.body_s)
    if not isinstance(body.get("name"), str):
        raise Refusal(400, "name is missing: GET /v1/workloads lists the workloads")
    await tell(str(body["name"]))
    return _done()


async def _job_id(desk: Desk, request: web.Request) -> str:
    body = await read_body(request, ("job_id",), desk.body_s)
    if not isinstance(body.get("job_id"), str):
        raise Refusal(400, "job_id is missing: GET /v1/jobs lists the jobs")
    return str(body["job_id"])


def _until(desk: Desk, until_at: object, for_s: object) -> datetime:
    """Return when a request ends, in the site's time: after now and within a week."""
    now = desk.view().state.taken_at
    if (until_at is None) == (for_s is None):
        raise Refusal(400, "say when it ends: either until_at or for_s")
    if for_s is not None:
        return now + timedelta(seconds=as_number("for_s", for_s, above=0.0, at_most=LONGEST_S))
    moment = as_moment("until_at", until_at)
    if not now < moment <= now + timedelta(seconds=LONGEST_S):
        raise Refusal(
            400,
            f"until_at={moment.isoformat()} is not within the week after now, {now.isoformat()}",
        )
    return moment


def _done() -> web.Response:
    return json_answer(to_json({"ok": True}))
