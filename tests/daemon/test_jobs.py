"""Jobs from template to exit status: real programs, a real store, a clock moved by hand."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hardware.work.process import ProcessBackend
from scheduler.job_times import JobCalendar
from solard.core.decide import decide
from solard.core.inputs import DecideInputs
from solard.core.job import Job, JobSpec, JobState
from solard.core.job_template import JobTemplate
from solard.core.records import CycleRecord
from solard.core.rig import Rig
from solard.core.state import BatteryState, SiteState, Supply
from solard.core.work import WorkSpec
from solard.daemon.events import Events
from solard.daemon.job_book import JobBook, JobUnknown
from solard.daemon.job_runner import JobRunner
from solard.daemon.jobs import JobRefused, Jobs
from solard.store.store import Store
from solard.system.places import places_at
from tests.daemon.stage import (
    CARDS,
    NOON,
    HandClock,
    card_state,
    end_programs,
    opened_store,
    setup_of,
    until,
)

SAVES = "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: exit(0))\ntime.sleep(60)"


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory with the programs of one test; what still runs at its end is killed."""
    with tempfile.TemporaryDirectory(prefix="jobs-") as directory:
        yield Path(directory)
        end_programs(Path(directory))


def python(code: str, **changes: object) -> JobSpec:
    values: dict[str, object] = {
        "name": "retrain",
        "command": (sys.executable, "-c", code),
        "duration_s": 3600.0,
        "power_w": 300.0,
        "cards": 1,
        "grace_s": 5.0,
    }
    return JobSpec(**{**values, **changes})  # type: ignore[arg-type]


def record(clock: HandClock, *, pv_w: float = 3000.0, soc: float = 0.7) -> CycleRecord:
    """A tick of an idle home with so much sun."""
    state = SiteState(
        taken_at=clock.now(),
        taken_s=clock.monotonic_s(),
        utc_offset_s=7200,
        supply=Supply.GRID,
        pv_w=pv_w,
        load_w=500.0,
        grid_w=500.0 - pv_w,
        generator_w=None,
        battery=BatteryState(soc=soc, power_w=0.0),
        rig_w=150.0,
        gpus=(card_state(0), card_state(1)),
        good_polls=5,
    )
    rig = Rig(host_w=100.0, cards=CARDS)
    inputs = DecideInputs(state=state, rig=rig, rules=setup_of().rules)
    decision, memory = decide(inputs)
    return CycleRecord(inputs=inputs, decision=decision, memory=memory)


def living_in(group: int) -> list[str]:
    """Return what still runs of a process group; what only waits to be collected is dead."""
    stats = [path.read_text().rpartition(")") for path in Path("/proc").glob("[0-9]*/stat")]
    fields = [(name, rest.split()) for name, _, rest in stats]
    return [name for name, rest in fields if int(rest[2]) == group and rest[0] != "Z"]


class Stage:
    """The jobs of one daemon, looked after by hand."""

    def __init__(self, home: Path, store: Store, clock: HandClock, *templates: JobTemplate) -> None:
        self.clock = clock
        self.events = Events(clock, store)
        self.book = JobBook(store, JobCalendar("Europe/Paris"), templates, clock.now())
        places = places_at(home)
        places.make()
        self.runner = JobRunner(ProcessBackend(home), places)
        self.jobs = Jobs(self.book, self.runner, clock, self.events)

    async def look(self, *, live: bool = True, **sun: float) -> None:
        self.jobs.fire_due()
        async with asyncio.TaskGroup() as tasks:
            self.jobs.look(record(self.clock, **sun), tasks, live=live)

    async def look_until(self, state: JobState, job_id: str = "retrain-1", **sun: float) -> Job:
        async with asyncio.timeout(20.0):
            while self.job(job_id).state is not state:
                await self.look(**sun)
                await asyncio.sleep(0.05)
        return self.job(job_id)

    def job(self, job_id: str = "retrain-1") -> Job:
        return self.book.get(job_id)


@asynccontextmanager
async def stage(home: Path, *templates: JobTemplate) -> AsyncIterator[Stage]:
    with opened_store(home) as store:
        yield Stage(home, store, HandClock(), *templates)
        store.flush()


async def test_a_job_runs_in_the_sun_and_its_status_is_kept(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("print('trained', flush=True)"))

        done = await one.look_until(JobState.DONE)

    assert (done.exit_status, done.note, done.gpu_ids) == (0, "Done.", ())
    assert "trained" in (home / "job-retrain-1.log").read_text()
    with opened_store(home) as store:
        assert store.jobs() == (done,)


async def test_a_job_is_told_its_cards(home: Path) -> None:
    async with stage(home) as one:
        code = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], os.environ['SOLARD_JOB'])"
        one.jobs.add(python(code, cards=2, power_w=500.0))

        await one.look_until(JobState.DONE)

    assert "GPU-1,GPU-0 retrain-1" in (home / "job-retrain-1.log").read_text()


async def test_a_job_without_sun_waits_and_says_why(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("pass"))

        await one.look(pv_w=0.0)

        assert one.job().state is JobState.WAITING
        assert one.job().note == "It needs 300 W of sun; there are 0 W."


async def test_clouds_pause_a_job_and_the_sun_lets_it_go_on(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        await one.look_until(JobState.RUNNING)
        one.clock.pass_s(1200.0)

        paused = await one.look_until(JobState.PAUSED, pv_w=200.0)

        assert paused.ran_s == pytest.approx(1200.0, abs=1.0)
        assert not one.runner.is_alive(paused)
        again = await one.look_until(JobState.RUNNING)
        assert one.events.newest()[0].text == "Goes on on 1 card: The sun feeds it."
        assert again.ran_s == paused.ran_s


async def test_a_job_of_its_own_signal_saves_before_it_ends(home: Path) -> None:
    code = (
        "import signal, pathlib, time\n"
        "def save(*_): pathlib.Path('saved').write_text('yes'); raise SystemExit\n"
        "signal.signal(signal.SIGUSR1, save)\n"
        "pathlib.Path('ready').write_text('yes')\n"
        "time.sleep(60)"
    )
    async with stage(home) as one:
        one.jobs.add(python(code, checkpoint_signal="SIGUSR1"))
        await one.look_until(JobState.RUNNING)
        await until((home / "state" / "jobs" / "retrain-1" / "ready").exists)
        one.clock.pass_s(1200.0)

        await one.look_until(JobState.PAUSED, pv_w=0.0)

    assert (home / "state" / "jobs" / "retrain-1" / "saved").read_text() == "yes"


async def test_an_empty_battery_pauses_at_once(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        await one.look_until(JobState.RUNNING)

        paused = await one.look_until(JobState.PAUSED, soc=0.2)

    assert "20 %" in paused.note


async def test_a_job_that_fails_is_tried_again_after_a_wait(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("exit(3)", retries=1))
        once = await one.look_until(JobState.RUNNING)
        once = await one.look_until(JobState.WAITING)
        assert once.note == "It ended with status 3; again in 1 min, 1 tries left."

        await one.look()
        assert one.job().note == "Not before 12:01."
        one.clock.pass_s(61.0)
        gone = await one.look_until(JobState.FAILED)

    assert (gone.failures, gone.exit_status) == (2, 3)


async def test_a_program_that_does_not_exist_is_a_failure(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("", command=("/opt/nothing",)))

        gone = await one.look_until(JobState.FAILED)

    assert gone.exit_status == 127
    assert "/opt/nothing does not start" in (home / "job-retrain-1.log").read_text()


async def test_a_killed_job_is_a_failure_and_leaves_nothing(home: Path) -> None:
    spawns = "import subprocess, time; subprocess.Popen(['sleep', '61']); time.sleep(61)"
    async with stage(home) as one:
        one.jobs.add(python(spawns))
        job = await one.look_until(JobState.RUNNING)
        pid = ProcessBackend(home).adopt(WorkSpec(name="job-retrain-1", role="job", command=()))
        assert pid is not None
        await asyncio.sleep(0.3)
        os.kill(pid, signal.SIGKILL)

        gone = await one.look_until(JobState.FAILED)

        assert gone.note == "It vanished; no tries are left."
        assert living_in(pid) == []
    assert job.gpu_ids == ("GPU-1",)


async def test_an_operators_job_runs_without_sun(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("pass"))
        await one.look(pv_w=0.0)

        one.jobs.run_now("retrain-1")

        await one.look_until(JobState.DONE, pv_w=0.0)


async def test_a_cancelled_job_is_ended_for_good(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        running = await one.look_until(JobState.RUNNING)

        await one.jobs.cancel("retrain-1")
        await one.look()

        assert one.job().state is JobState.CANCELLED
        assert not one.runner.is_alive(running)
        with pytest.raises(JobUnknown, match="retrain-1 is over: cancelled"):
            await one.jobs.cancel("retrain-1")
    with opened_store(home) as store:
        assert store.jobs()[0].state is JobState.CANCELLED


async def test_a_job_that_nobody_knows_is_refused_with_those_that_are(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("pass"))

        with pytest.raises(JobUnknown, match="no job 'render-1'; open jobs: retrain-1"):
            one.jobs.run_now("render-1")
        with pytest.raises(JobRefused, match="job retrain has no command"):
            one.jobs.add(python("", command=()))


async def test_observe_mode_starts_nothing_and_leaves_what_runs(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        await one.look(live=False)
        assert one.job().state is JobState.WAITING
        await one.look_until(JobState.RUNNING)

        await one.look(live=False, pv_w=0.0, soc=0.1)

        assert one.job().state is JobState.RUNNING


async def test_a_new_daemon_adopts_a_job_that_runs(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        await one.look_until(JobState.RUNNING)
    async with stage(home) as two:
        two.jobs.adopt()
        await two.look()

        assert two.job().state is JobState.RUNNING
        assert two.events.newest()[0].text == "Adopted: it was already running."


async def test_a_job_that_ended_while_nobody_looked_is_done(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python("pass"))
        running = await one.look_until(JobState.RUNNING)
        await until(lambda: not one.runner.is_alive(running))
    async with stage(home) as two:
        two.jobs.adopt()
        await two.look()

        assert two.job().state is JobState.DONE


async def test_after_a_power_cut_a_job_goes_on_and_a_block_starts_afresh(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        one.jobs.add(python(SAVES, name="render", interruptible=False))
        jobs = [
            await one.look_until(JobState.RUNNING),
            await one.look_until(JobState.RUNNING, "render-1"),
        ]
        one.clock.pass_s(600.0)
        await one.look()
        for name in ("job-retrain-1", "job-render-1"):
            pid = ProcessBackend(home).adopt(WorkSpec(name=name, role="job", command=()))
            assert pid is not None
            os.killpg(pid, signal.SIGKILL)
        await until(lambda: not any(map(one.runner.is_alive, jobs)))
    async with stage(home) as two:
        two.jobs.adopt()

        assert (two.job().state, two.job().ran_s) == (JobState.PAUSED, 600.0)
        assert (two.job("render-1").state, two.job("render-1").ran_s) == (JobState.WAITING, 0.0)
        assert two.job().failures == 0


async def test_a_clean_stop_pauses_what_can_be_paused(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        running = await one.look_until(JobState.RUNNING)

        await one.jobs.stop_all()

        assert one.job().state is JobState.PAUSED
        assert not one.runner.is_alive(running)


async def test_two_jobs_never_share_a_card(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        one.jobs.add(python(SAVES, name="render"))
        one.jobs.add(python(SAVES, name="third"))

        for _ in range(5):
            await one.look()

        assert {job.gpu_ids for job in one.jobs.running} == {("GPU-0",), ("GPU-1",)}


async def test_a_due_mandatory_job_has_the_card_of_one_that_saves_and_goes(home: Path) -> None:
    async with stage(home) as one:
        one.jobs.add(python(SAVES))
        await one.look_until(JobState.RUNNING)
        one.clock.pass_s(60.0)
        deadline_at = one.clock.now() + timedelta(seconds=4000)
        must = python(SAVES, name="report", cards=2, mandatory=True, deadline_at=deadline_at)
        one.jobs.add(must)

        due = await one.look_until(JobState.RUNNING, "report-1", pv_w=0.0)

        assert sorted(due.gpu_ids) == ["GPU-0", "GPU-1"]
        paused = one.job()
        assert (paused.state, paused.gpu_ids) == (JobState.PAUSED, ())
        assert paused.ran_s == pytest.approx(60.0, abs=1.0)
        assert not one.runner.is_alive(paused)
        assert "It gives way to report-1, which cannot wait." in one.events.newest()[1].text


DAILY = JobTemplate(spec=python("pass", name="daily"), cron="0 6 * * *", within_s=7200.0)


async def test_a_template_makes_one_job_at_its_time_with_its_deadline(home: Path) -> None:
    async with stage(home, DAILY) as one:
        one.jobs.fire_due()
        assert one.book.open == ()
        one.clock.pass_s(18.5 * 3600.0)
        one.jobs.fire_due()
        one.jobs.fire_due()

        (made,) = one.book.open

    assert made.job_id == "daily-1"
    assert made.spec.deadline_at == NOON + timedelta(hours=20.5)


async def test_times_that_were_missed_are_made_up_for_once_and_none_twice(home: Path) -> None:
    async with stage(home, DAILY):
        pass
    with opened_store(home) as store:
        later = HandClock(at=NOON + timedelta(days=4))
        off = Stage(home, store, later, DAILY)
        off.jobs.fire_due()
        assert [job.job_id for job in off.book.open] == ["daily-1"]
        store.flush()
    with opened_store(home) as store:
        again = Stage(home, store, later, DAILY)
        again.jobs.fire_due()
        assert [job.job_id for job in again.book.open] == ["daily-1"]


async def test_a_new_template_waits_for_its_first_time(home: Path) -> None:
    weekly = replace(DAILY, cron="0 0 * * mon")
    async with stage(home) as one:
        one.jobs.use((weekly,))
        one.jobs.fire_due()

        assert one.book.open == ()
        assert one.book.next_due()["daily"] == NOON + timedelta(days=5, hours=12)


async def test_the_plan_is_asked_again_when_jobs_change(home: Path) -> None:
    async with stage(home) as one:
        assert not one.jobs.changed.is_set()

        one.jobs.add(python("pass"))

        assert one.jobs.changed.is_set()
        (demand,) = one.jobs.demands()
        assert (demand.job_id, demand.cards, demand.remaining_s) == ("retrain-1", 1, 3600.0)


async def test_a_job_finds_the_solard_that_runs_it(home: Path) -> None:
    async with stage(home) as one:
        script = "command -v solard; echo $SOLARD_HOME"
        one.jobs.add(replace(python(""), command=("sh", "-c", script)))
        await one.look_until(JobState.DONE)

    lines = (home / "job-retrain-1.log").read_text().splitlines()
    said = [line.split()[-1] for line in lines]
    assert said == [str(Path(sys.executable).with_name("solard")), str(home)]
