"""Every job, in memory and in the store; and the templates that make new ones."""

from collections.abc import Mapping
from datetime import datetime

from solard.core.errors import SolardError
from solard.core.job import Job, JobSpec
from solard.core.job_template import JobTemplate, made_spec, new_job
from solard.daemon.ports import JobStore, JobTimes

SHOWN_OVER = 20
"""Jobs that are over and still shown, the newest."""


class JobUnknown(SolardError):
    """There is no job of that name, or nothing can be done with it any more."""


class JobBook:
    """Reads the store once, at its start; then every change goes to both."""

    def __init__(
        self, store: JobStore, times: JobTimes, templates: tuple[JobTemplate, ...], now_at: datetime
    ) -> None:
        self._store = store
        self._times = times
        self._templates = templates
        self._jobs = {job.job_id: job for job in store.jobs()}
        self._fired_at = dict(store.templates())
        self.use(templates, now_at)

    def use(self, templates: tuple[JobTemplate, ...], now_at: datetime) -> None:
        """Go on with other templates; one that is new waits for its first time from now on."""
        self._templates = templates
        for template in templates:
            if template.spec.name not in self._fired_at:
                self._fired_at[template.spec.name] = now_at
                self._store.put_template(template.spec.name, now_at)

    @property
    def open(self) -> tuple[Job, ...]:
        """Return the jobs of which something may still come, oldest first."""
        return tuple(job for job in self._jobs.values() if not job.state.is_over)

    @property
    def shown(self) -> tuple[Job, ...]:
        """Return the open jobs, then the newest of those that are over."""
        over = [job for job in self._jobs.values() if job.state.is_over]
        over.sort(key=lambda job: job.ended_at or job.added_at, reverse=True)
        return (*self.open, *over[:SHOWN_OVER])

    def get(self, job_id: str) -> Job:
        """Return a job by its id; raise JobUnknown."""
        job = self._jobs.get(job_id)
        if job is None:
            known = ", ".join(one.job_id for one in self.open) or "none is open"
            raise JobUnknown(f"there is no job {job_id!r}; open jobs: {known}")
        return job

    def add(self, spec: JobSpec, now_at: datetime, template: str | None = None) -> Job:
        """Add a job, under its name and the next number."""
        job = new_job(spec, self._next_number(spec.name), now_at)
        self._jobs[job.job_id] = job
        self._store.put_job(job, template)
        return job

    def put(self, job: Job) -> None:
        """Keep a job as it is now; one that is over stays over."""
        if not self.get(job.job_id).state.is_over:
            self._jobs[job.job_id] = job
            self._store.put_job(job)

    def note(self, job: Job) -> None:
        """Change what is shown of a job; its progress is stored with its next change."""
        if not self.get(job.job_id).state.is_over:
            self._jobs[job.job_id] = job

    def fire_due(self, now_at: datetime) -> tuple[Job, ...]:
        """Make the jobs whose time has come since their template last made one, one of each."""
        made = []
        for template in self._templates:
            name = template.spec.name
            due_at = self._times.next_due(template, self._fired_at[name])
            if due_at > now_at:
                continue
            self._fired_at[name] = now_at
            deadline_at = self._times.deadline(template, now_at)
            made.append(self.add(made_spec(template, deadline_at), now_at, template=name))
        return tuple(made)

    def next_due(self) -> Mapping[str, datetime]:
        """Return when each template makes its next job."""
        return {
            one.spec.name: self._times.next_due(one, self._fired_at[one.spec.name])
            for one in self._templates
        }

    def _next_number(self, name: str) -> int:
        numbers = [
            int(number)
            for job_id in self._jobs
            for stem, _, number in [job_id.rpartition("-")]
            if stem == name and number.isdecimal()
        ]
        return max(numbers, default=0) + 1
