"""Routes that only look."""

import asyncio
from datetime import datetime, timedelta

from aiohttp import web

from solard.api.asked import asked_int, asked_moment
from solard.api.desk import Desk, to_json
from solard.api.metrics import metrics_text
from solard.api.refusal import Refusal, json_answer
from solard.core.records import RECORD_CODEC

ONE_DAY = timedelta(days=1)


async def status(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the newest picture."""
    return json_answer(desk.text.of(desk.view()))


async def stream(desk: Desk, request: web.Request) -> web.StreamResponse:
    """Answer with every new picture."""
    return await desk.streams.serve(request)


async def site15(desk: Desk, request: web.Request) -> web.Response:
    """Answer with quarter hours; the database is read in a thread."""
    before = asked_moment(request, "before") or _now(desk)
    after = asked_moment(request, "after") or before - ONE_DAY

    def read() -> str:
        return to_json({"slots": RECORD_CODEC.encode(desk.source.site15(after, before))})

    return json_answer(await asyncio.to_thread(read))


async def history(desk: Desk, request: web.Request) -> web.Response:
    """Answer with minutes; the database is read in a thread."""
    minutes = asked_int(request, "minutes", default=180, at_most=43_200)

    def read() -> str:
        return to_json({"samples": RECORD_CODEC.encode(desk.source.history(minutes))})

    return json_answer(await asyncio.to_thread(read))


async def cycles(desk: Desk, request: web.Request) -> web.Response:
    """Answer with stored decisions; the database is read in a thread."""
    limit = asked_int(request, "limit", default=20, at_most=500)

    def read() -> str:
        return to_json({"cycles": RECORD_CODEC.encode(desk.source.cycles(limit))})

    return json_answer(await asyncio.to_thread(read))


async def jobs(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the jobs."""
    return _answer(jobs=desk.view().jobs)


async def plan(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the plan in force."""
    return _answer(plan=desk.source.plan())


async def forecast(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the newest forecast."""
    return _answer(forecast=desk.source.forecast())


async def curves(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with what was measured of each card."""
    return _answer(curves=desk.source.curves())


async def policies(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the policies as they stand."""
    return _answer(policies=desk.view().policies)


async def workloads(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with every workload."""
    return _answer(workloads=desk.view().workloads)


async def events(desk: Desk, request: web.Request) -> web.Response:
    """Answer with the newest events."""
    limit = asked_int(request, "limit", default=50, at_most=200)
    return _answer(events=desk.view().events[:limit])


async def neurons(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the network and our hotkeys."""
    return _answer(network=desk.view().network)


async def chain(desk: Desk, request: web.Request) -> web.Response:
    """Answer with a view of the chain's explorer."""
    query = dict(request.query)
    view = query.pop("view", "subnets")
    return json_answer(to_json(await desk.source.explore(view, query)))


async def earnings(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with what each day earned."""
    view = desk.view()
    return _answer(days=view.earnings, currency=view.currency)


async def metrics(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with Prometheus text; before the first picture there is nothing to scrape."""
    text = metrics_text(desk.view())
    return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4"})


async def description(desk: Desk, _request: web.Request) -> web.Response:
    """Answer with the OpenAPI document."""
    return json_answer(to_json(desk.description))


def _answer(**named: object) -> web.Response:
    return json_answer(to_json({name: RECORD_CODEC.encode(one) for name, one in named.items()}))


def _now(desk: Desk) -> datetime:
    """Return the site's time just past the newest picture, for questions without an end."""
    view = desk.source.view()
    if view is None:
        raise Refusal(503, "solard has just started: say `before` until it has a picture")
    return view.state.taken_at + timedelta(seconds=1)
