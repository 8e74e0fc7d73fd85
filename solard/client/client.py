"""Ask the running daemon, and tell it what to do, over its unix socket."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solard.client.errors import RequestRefused, away
from solard.client.events import read_events
from solard.core.codec import CodecError
from solard.core.forecast import Forecast
from solard.core.job import JobSpec
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.records import RECORD_CODEC, CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import SiteView

if TYPE_CHECKING:
    import aiohttp

ANSWER_S = 10.0
"""Real seconds until an answer must be complete."""
LONGEST_GRACE_S = 3700.0
"""The longest grace that a workload may have, and a margin."""
QUIET_S = 45.0
"""A stream that says nothing for three keepalives is dead."""


class Client:
    """The daemon's API as methods. Holds nothing open between two calls."""

    def __init__(self, socket_path: Path, *, answer_s: float = ANSWER_S) -> None:
        self._socket_path = socket_path
        self._answer_s = answer_s

    async def view(self) -> SiteView:
        """Return the newest picture.

        Raises:
            DaemonAway: nobody answers on the socket.
            RequestRefused: the daemon has no picture yet.
        """
        view: SiteView = self._decode(SiteView, await self._ask("GET", "/v1/status"))
        return view

    async def stream(self) -> AsyncIterator[SiteView]:
        """Yield each new picture until the daemon goes away; start with the newest."""
        async with self._asking("GET", "/v1/stream", QUIET_S) as response:
            if response.status != 200:
                raise _refused(await response.text())
            async for event in read_events(response.content.iter_any()):
                if event.name == "status":
                    yield self._decode(SiteView, json.loads(event.data))

    async def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return the site's quarter hours, oldest first."""
        query = {"after": after.isoformat(), "before": before.isoformat()}
        data = await self._ask("GET", "/v1/site15", query=query)
        return tuple(self._decode(SiteSlot, one) for one in data["slots"])

    async def cycles(self, limit: int = 20) -> tuple[CycleRecord, ...]:
        """Return the newest stored decisions, newest first."""
        data = await self._ask("GET", "/v1/cycles", query={"limit": str(limit)})
        return tuple(self._decode(CycleRecord, one) for one in data["cycles"])

    async def plan(self) -> Plan | None:
        """Return the plan in force."""
        data = await self._ask("GET", "/v1/plan")
        plan: Plan | None = self._decode(Plan | None, data["plan"])
        return plan

    async def forecast(self) -> Forecast | None:
        """Return the newest forecast."""
        data = await self._ask("GET", "/v1/forecast")
        forecast: Forecast | None = self._decode(Forecast | None, data["forecast"])
        return forecast

    async def chain(self, view: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a view of the explorer of the rig's chain."""
        found: dict[str, Any] = await self._ask("GET", "/v1/chain", query={"view": view, **query})
        return found

    async def set_live(self, live: bool) -> None:
        """Let the rig obey, or only observe."""
        await self._ask("POST", "/v1/live" if live else "/v1/observe")

    async def pause(self, until: datetime) -> None:
        """Let the rig only answer until a moment of the site's time."""
        await self._ask("POST", "/v1/pause", body={"until_at": until.isoformat()})

    async def run(self, power_w: float, until: datetime) -> None:
        """Let the whole rig draw `power_w` until a moment of the site's time."""
        body = {"power_w": power_w, "until_at": until.isoformat()}
        await self._ask("POST", "/v1/run", body=body)

    async def curves(self) -> tuple[LearnedCurve, ...]:
        """Return what was measured of each card."""
        data = await self._ask("GET", "/v1/curves")
        curves: tuple[LearnedCurve, ...] = self._decode(tuple[LearnedCurve, ...], data["curves"])
        return curves

    async def sweep(self, index: int, until: datetime) -> None:
        """Measure a card in surplus, until a moment of the site's time at most."""
        body = {"gpu": index, "until_at": until.isoformat()}
        await self._ask("POST", "/v1/sweep", body=body)

    async def resume(self) -> None:
        """End a pause or a run now."""
        await self._ask("POST", "/v1/resume")

    async def add_job(self, spec: JobSpec) -> str:
        """Add a job; return its id."""
        data = await self._ask("POST", "/v1/jobs", body=RECORD_CODEC.encode(spec))
        return str(data["job_id"])

    async def cancel_job(self, job_id: str) -> None:
        """End a job for good."""
        await self._ask("POST", "/v1/jobs/cancel", body={"job_id": job_id})

    async def run_job(self, job_id: str) -> None:
        """Let a job run as soon as the rules allow it."""
        await self._ask("POST", "/v1/jobs/run", body={"job_id": job_id})

    async def tell_workload(self, name: str, verb: str) -> None:
        """Let a workload `start`, `stop`, `drain`, `freeze` or `thaw`."""
        patient = Client(self._socket_path, answer_s=LONGEST_GRACE_S)
        await patient._ask("POST", f"/v1/workloads/{verb}", body={"name": name})

    async def reload(self) -> tuple[str, ...]:
        """Let the daemon read its configuration again; return the problems that kept the old."""
        try:
            await self._ask("POST", "/v1/reload")
        except RequestRefused as err:
            if err.problems:
                return err.problems
            raise
        return ()

    async def close(self) -> None:
        """Let go of everything: nothing is held."""

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        sent = None if method == "GET" else dict(body or {})
        async with self._asking(method, path, self._answer_s, query, sent) as response:
            text = await response.text()
        if response.status != 200:
            raise _refused(text)
        try:
            return json.loads(text)
        except ValueError as err:
            raise RequestRefused(f"{path} answered with something that is no JSON") from err

    @asynccontextmanager
    async def _asking(
        self,
        method: str,
        path: str,
        longest_s: float,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> "AsyncIterator[aiohttp.ClientResponse]":
        import aiohttp  # 0.2 s and 12 MB that `import solard.client` does not pay

        timeout = aiohttp.ClientTimeout(total=None, sock_read=longest_s, sock_connect=longest_s)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.UnixConnector(path=str(self._socket_path)), timeout=timeout
                ) as session,
                session.request(method, f"http://solard{path}", params=query, json=body) as answer,
            ):
                yield answer
        except (TimeoutError, aiohttp.ClientError, OSError) as err:
            raise away(self._socket_path) from err

    def _decode(self, kind: Any, data: Any) -> Any:
        try:
            return RECORD_CODEC.decode(kind, data)
        except CodecError as err:
            raise RequestRefused(
                f"the daemon on {self._socket_path} speaks another version: {err}; restart it"
            ) from err


def _refused(text: str) -> RequestRefused:
    try:
        data = json.loads(text)
        return RequestRefused(str(data["error"]), tuple(map(str, data.get("problems", ()))))
    except (ValueError, TypeError, KeyError):
        return RequestRefused(f"the daemon answered: {text[:200]}")
