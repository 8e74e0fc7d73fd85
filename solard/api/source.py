"""What the API asks of the daemon, and nothing more of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import Override
from solard.core.job import JobSpec
from solard.core.learning import LearnedCurve
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import SiteView


class ApiSource(Protocol):
    """The running daemon. `site15`, `history` and `cycles` may block: the API threads them."""

    def view(self) -> SiteView | None:
        """Return the newest picture; None before the first tick."""
        ...

    async def wait_view(self, after_seq: int) -> SiteView:
        """Return the first picture whose `seq` is above `after_seq`."""
        ...

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return the quarter hours that start in `after..before`, oldest first."""
        ...

    def history(self, minutes: int) -> tuple[Sample, ...]:
        """Return the last minutes, oldest first."""
        ...

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        """Return the newest stored cycles, newest first."""
        ...

    def plan(self) -> Plan | None:
        """Return the plan in force."""
        ...

    def forecast(self) -> Forecast | None:
        """Return the newest forecast."""
        ...

    async def explore(self, view: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a view of the chain's explorer; raise SolardError with a sentence."""
        ...

    async def set_live(self, live: bool) -> None:
        """Let the rig obey, or only observe."""
        ...

    async def add_override(self, override: Override) -> None:
        """Take an operator's request."""
        ...

    def curves(self) -> tuple[LearnedCurve, ...]:
        """Return what was measured of each card."""
        ...

    async def start_sweep(self, index: int, until_at: datetime) -> None:
        """Measure a card in surplus; raise SolardError where there is none."""
        ...

    async def clear_overrides(self) -> None:
        """End all operator's requests."""
        ...

    def add_job(self, spec: JobSpec) -> str:
        """Add a job, return its id; raise SolardError where it makes no sense."""
        ...

    async def cancel_job(self, job_id: str) -> None:
        """End a job for good; raise SolardError where there is none to end."""
        ...

    def run_job(self, job_id: str) -> None:
        """Let a job run as soon as the rules allow it; raise SolardError where there is none."""
        ...

    async def start_work(self, name: str) -> None:
        """Let a workload run again; this and the next four raise SolardError with a sentence."""
        ...

    async def stop_work(self, name: str) -> None:
        """End a workload until it is started."""
        ...

    async def drain_work(self, name: str) -> None:
        """Let a workload finish within its grace."""
        ...

    async def freeze_work(self, name: str) -> None:
        """Stop a workload where it stands."""
        ...

    async def thaw_work(self, name: str) -> None:
        """Let a frozen workload go on."""
        ...

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return its problems, or nothing where it is in force."""
        ...
