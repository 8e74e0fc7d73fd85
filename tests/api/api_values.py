"""A daemon's side of the API for tests: real values, remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from solard.api.server import ApiServer
from solard.core.decide import decide
from solard.core.decision import Applied
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import DecideInputs, Override
from solard.core.job import JobSpec
from solard.core.learning import CurveBin, LearnedCurve
from solard.core.modes import WorkMode
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.rig import GpuCard, Rig
from solard.core.site_slot import SiteSlot
from solard.core.state import BatteryState, GpuState, SiteState, Supply
from solard.core.view import (
    DeviceView,
    EarningsDay,
    EnergyTotals,
    Event,
    KeeperView,
    SiteView,
    SourceEnergy,
    WorkloadView,
)

NOON = datetime(2024, 5, 14, 12, 0, tzinfo=UTC)
CARD = GpuCard(
    gpu_id="GPU-0", index=0, name="RTX 3090", min_w=100, default_w=350, max_w=350, parked_w=14
)
RIG = Rig(host_w=90.0, cards=(CARD,))
STATE = SiteState(
    taken_at=NOON,
    taken_s=1000.0,
    utc_offset_s=7200,
    supply=Supply.GRID,
    pv_w=3200.0,
    load_w=900.0,
    grid_w=-2300.0,
    generator_w=None,
    battery=BatteryState(soc=0.71, power_w=0.0),
    rig_w=440.0,
    gpus=(
        GpuState(
            gpu_id="GPU-0",
            limit_w=300.0,
            enforced_w=300.0,
            power_w=298.7,
            temperature_c=61.0,
            utilization=0.99,
            parked=False,
        ),
    ),
)
DECISION, MEMORY = decide(DecideInputs(state=STATE, rig=RIG))
RECORD = CycleRecord(
    inputs=DecideInputs(state=STATE, rig=RIG),
    decision=DECISION,
    memory=MEMORY,
    results=(Applied(gpu_id="GPU-0", limit_w=300.0),),
)
VIEW = SiteView(
    seq=7,
    site="cabin",
    version="0.1.0",
    live=True,
    speed=1.0,
    currency="CHF",
    state=STATE,
    rig=RIG,
    decision=DECISION,
    results=(Applied(gpu_id="GPU-0", limit_w=300.0),),
    devices=(
        DeviceView(
            device_id='roof "south"',
            profile="victron-gx",
            age_s=0.8,
            period_s=2.0,
            polls_ok=100,
            polls_failed=3,
            error=None,
            retry_in_s=None,
        ),
    ),
    keeper=KeeperView(backend="simulated", pid=42, note=None, error=None),
    workloads=(
        WorkloadView(
            name="miner",
            role="miner",
            pid=43,
            wanted=WorkMode.FULL,
            mode=WorkMode.FULL,
            health="ok",
            rate=61.7,
            restarts=1,
        ),
    ),
    network=None,
    today=EnergyTotals(pv_wh=4100.5),
    rest_of_day=None,
    earnings=(
        EarningsDay(
            day="2024-05-14",
            miner_rao=410_000_000,
            validator_rao=5,
            sources=SourceEnergy(sun_wh=6200.0),
            idle_wh=1900.0,
            cost=0.0,
            lost_feed_in=None,
        ),
    ),
    policies=(),
    overrides=(),
    forecast=(),
    plan=(),
    plan_made_at=None,
    trace=(),
    events=tuple(
        Event(happened_at=NOON, source="rig", level="info", text=f"event {n}") for n in range(3)
    ),
)
SLOT = SiteSlot(
    starts_at=NOON,
    pv_wh=750.1,
    house_wh=100.0,
    rig_wh=None,
    grid_in_wh=0.0,
    grid_out_wh=0.0,
    battery_in_wh=540.0,
    battery_out_wh=0.0,
    generator_wh=None,
    throttled_s=0.0,
    good_s=900.0,
)
SAMPLE = Sample(
    seq=0,
    starts_at=NOON,
    pv_w=3000.0,
    house_w=400.0,
    rig_w=440.0,
    grid_w=0.0,
    battery_w=-2160.0,
    generator_w=None,
    soc=0.7,
    good_s=60.0,
)


LEARNED = LearnedCurve(
    gpu_id="gpu-0",
    workload="llm",
    bins=(CurveBin(power_w=200.0, rate=83.0, weight_s=600.0),),
)


@dataclass
class Desk:
    """A daemon that publishes what a test tells it to."""

    newest: SiteView | None = VIEW
    asked: list[object] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    failure: Exception | None = None
    published: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def publish(self, seq: int, **changes: Any) -> None:
        self.newest = replace(VIEW, seq=seq, **changes)
        async with self.published:
            self.published.notify_all()

    def view(self) -> SiteView | None:
        return self.newest

    async def wait_view(self, after_seq: int) -> SiteView:
        async with self.published:
            while self.newest is None or self.newest.seq <= after_seq:
                await self.published.wait()
            return self.newest

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        self.asked.append((after, before))
        return (SLOT,)

    def history(self, minutes: int) -> tuple[Sample, ...]:
        self.asked.append(minutes)
        return (SAMPLE,)

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        self.asked.append(limit)
        return (RECORD,)

    def plan(self) -> Plan | None:
        return Plan(made_at=NOON, solve_s=0.5, gap=0.0, slots=())

    def forecast(self) -> Forecast | None:
        return None

    async def explore(self, view: str, query: Mapping[str, str]) -> dict[str, Any]:
        if self.failure:
            raise self.failure
        self.asked.append((view, query))
        return {"subnets": [], "is_simulator": True}

    async def set_live(self, live: bool) -> None:
        if self.failure:
            raise self.failure
        self.asked.append(live)

    async def add_override(self, override: Override) -> None:
        self.asked.append(override)

    async def clear_overrides(self) -> None:
        self.asked.append("cleared")

    def curves(self) -> tuple[LearnedCurve, ...]:
        return (LEARNED,)

    async def start_sweep(self, index: int, until_at: datetime) -> None:
        self.asked.append((index, until_at))

    def add_job(self, spec: JobSpec) -> str:
        if self.failure:
            raise self.failure
        self.asked.append(spec)
        return f"{spec.name}-1"

    async def cancel_job(self, job_id: str) -> None:
        self.asked.append(("cancel", job_id))

    def run_job(self, job_id: str) -> None:
        self.asked.append(("run", job_id))

    async def start_work(self, name: str) -> None:
        self.asked.append(("start", name))

    async def stop_work(self, name: str) -> None:
        self.asked.append(("stop", name))

    async def drain_work(self, name: str) -> None:
        self.asked.append(("drain", name))

    async def freeze_work(self, name: str) -> None:
        self.asked.append(("freeze", name))

    async def thaw_work(self, name: str) -> None:
        self.asked.append(("thaw", name))

    async def reload(self) -> Sequence[str]:
        return self.problems


@dataclass
class Answer:
    """What a request got."""

    status: int
    text: str
    kind: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> str:
        return str(self.json["error"])


@dataclass
class Caller:
    """Asks the API over its unix socket, or over TCP."""

    socket_path: Path | None = None
    port: int | None = None

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        connector = aiohttp.UnixConnector(str(self.socket_path)) if self.socket_path else None
        base = "http://solard" if self.socket_path else f"http://127.0.0.1:{self.port}"
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, base + path, **more) as answer,
        ):
            return Answer(answer.status, await answer.text(), answer.content_type)

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **body: Any) -> Answer:
        return await self.ask("POST", path, json=body)


@asynccontextmanager
async def serving(tmp_path: Path, desk: Desk, **more: Any) -> AsyncIterator[Caller]:
    """Serve the API on a unix socket."""
    async with ApiServer(desk, tmp_path / "run" / "api.sock", version="0.1.0", **more):
        yield Caller(socket_path=tmp_path / "run" / "api.sock")


class KeeperGone(SolardError):
    """Something that the daemon could not do."""


def in_hours(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)
