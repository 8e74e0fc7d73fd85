"""What the API asks of a running daemon, answered from its parts."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hardware.modbus.profile import profile_names
from solard.app.planner import SitePlanner
from solard.app.setup import make_setup
from solard.config.load import Settings, load_settings
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import Override
from solard.core.job import JobSpec
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import SiteView
from solard.daemon.daemon import Daemon
from solard.daemon.parts import Parts
from solard.store.store import Store
from solard.system.places import Places

AT_START = ("devices", "network", "workloads", "api", "store", "hooks")
"""Sections that a reload leaves as they are: connections and programs are made once."""


class Desk:
    """Serves the API; see `solard.api.source.ApiSource`."""

    def __init__(
        self,
        daemon: Daemon,
        parts: Parts,
        store: Store,
        planner: SitePlanner,
        settings: Settings,
        config: Path,
        places: Places,
    ) -> None:
        self._daemon = daemon
        self._parts = parts
        self._store = store
        self._planner = planner
        self._started_with = settings
        self._config = config
        self._places = places

    def view(self) -> SiteView | None:
        """Return the newest picture; None before the first tick."""
        return self._daemon.pictures.view

    async def wait_view(self, after_seq: int) -> SiteView:
        """Return the first picture newer than `after_seq`."""
        return await self._daemon.pictures.wait(after_seq)

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return quarter hours from the store; blocks."""
        return self._store.site15(after, before)

    def history(self, minutes: int) -> tuple[Sample, ...]:
        """Return the last minutes from the store; blocks."""
        return self._store.samples(self._parts.clock.now() - timedelta(minutes=minutes))

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        """Return the newest stored cycles; blocks."""
        return self._store.cycles(limit)

    def plan(self) -> Plan | None:
        """Return the plan in force."""
        return self._parts.planning.plan

    def forecast(self) -> Forecast | None:
        """Return the newest forecast."""
        return self._parts.planning.forecast

    async def explore(self, view: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a view of the chain's explorer."""
        return await self._parts.chain.explore(view, query)

    async def set_live(self, live: bool) -> None:
        """Start or stop acting."""
        await self._daemon.set_live(live)

    async def add_override(self, override: Override) -> None:
        """Take an operator's request."""
        await self._daemon.add_override(override)

    def curves(self) -> tuple[LearnedCurve, ...]:
        """Return what was measured of each card."""
        return self._parts.ticker.learned

    async def start_sweep(self, index: int, until_at: datetime) -> None:
        """Measure a card in surplus."""
        await self._daemon.start_sweep(index, until_at)

    async def clear_overrides(self) -> None:
        """End the operator's request."""
        await self._daemon.clear_overrides()

    def add_job(self, spec: JobSpec) -> str:
        """Add a job, return its id."""
        return self._parts.jobs.add(spec).job_id

    async def cancel_job(self, job_id: str) -> None:
        """End a job for good."""
        await self._parts.jobs.cancel(job_id)

    def run_job(self, job_id: str) -> None:
        """Let a job run as soon as the rules allow it."""
        self._parts.jobs.run_now(job_id)

    async def start_work(self, name: str) -> None:
        """Let a workload run again."""
        await self._parts.supervisor.start(name)

    async def stop_work(self, name: str) -> None:
        """End a workload until it is started."""
        await self._parts.supervisor.stop(name)

    async def drain_work(self, name: str) -> None:
        """Let a workload finish within its grace."""
        await self._parts.supervisor.drain(name)

    async def freeze_work(self, name: str) -> None:
        """Stop a workload where it stands."""
        await self._parts.supervisor.freeze(name)

    async def thaw_work(self, name: str) -> None:
        """Let a frozen workload go on."""
        await self._parts.supervisor.thaw(name)

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; a bad one changes nothing, and its problems are told."""
        first = self._started_with
        try:
            settings = await asyncio.to_thread(load_settings, self._config, profile_names())
            work = replace(settings, workloads=first.workloads, network=first.network)
            setup = make_setup(work, self._places)
        except (SolardError, OSError) as err:
            self._daemon.refuse_config(str(err))
            return str(err).splitlines()
        later = tuple(name for name in AT_START if getattr(settings, name) != getattr(first, name))
        self._planner.use(settings)
        self._daemon.use(replace(setup, essential=first.essential), later)
        return ()
