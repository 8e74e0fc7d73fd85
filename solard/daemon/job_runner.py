"""Programs of jobs: started beside workloads, told to save, and asked how they ended."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from solard.core.job import Job
from solard.core.work import WorkSpec
from solard.daemon.ports import WorkBackend
from solard.system.places import Places
from solard.system.run_job import read_result

PREFIX = "job-"
"""Keeps jobs and workloads of the same name apart."""
LOOK_EVERY_S = 0.1
"""Real seconds."""


class JobRunner:
    """Runs one program for each job that runs; they outlive this process and are found again."""

    def __init__(self, backend: WorkBackend, places: Places) -> None:
        self._backend = backend
        self._places = places

    def start(self, job: Job) -> None:
        """Start the job's program on its cards; raises SolardError where it cannot be started."""
        with contextlib.suppress(FileNotFoundError):
            self._result(job).unlink()
        self._backend.start(self._spec(job))

    def is_alive(self, job: Job) -> bool:
        """Say whether the job's program runs, started by whomever."""
        return self._backend.adopt(self._spec(job)) is not None

    def exit_status(self, job: Job) -> int | None:
        """Return how the job's last run ended by itself; None where it did not, or said nothing."""
        return read_result(self._result(job))

    async def stop(self, job: Job) -> None:
        """Let an interruptible job save what it has done; end what is left of it."""
        spec = self._spec(job)
        number = signal.Signals[job.spec.checkpoint_signal]
        if job.spec.interruptible and number is not signal.SIGTERM:
            self._backend.signal(spec, number)
            await self._wait(job, job.spec.grace_s)
        await self._backend.stop(spec)

    async def _wait(self, job: Job, longest_s: float) -> None:
        for _ in range(round(longest_s / LOOK_EVERY_S)):
            if not self.is_alive(job):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _spec(self, job: Job) -> WorkSpec:
        result, home = self._result(job), self._places.state / "jobs" / job.job_id
        runner = (sys.executable, "-m", "solard.system.run_job", str(result), str(home))
        cards = (("CUDA_VISIBLE_DEVICES", ",".join(job.gpu_ids)),) if job.spec.cards else ()
        return WorkSpec(
            name=PREFIX + job.job_id,
            role="job",
            command=(*runner, *job.spec.command),
            env=(("SOLARD_JOB", job.job_id), *self._places.variables, *cards, *job.spec.env),
            uses_cards=job.spec.cards > 0,
            grace_s=job.spec.grace_s if job.spec.interruptible else 10.0,
        )

    def _result(self, job: Job) -> Path:
        return self._places.work / f"{PREFIX}{job.job_id}.result.json"
