"""Workloads kept running: real processes on real sockets, killed, frozen, and left behind."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.work.probe import Probe
from hardware.work.process import ProcessBackend
from solard.core.modes import WorkMode
from solard.core.view import WorkloadView
from solard.core.work import WorkSpec
from solard.core.work_energy import WorkEnergy
from solard.daemon import minding as timing
from solard.daemon.events import Events
from solard.daemon.supervisor import Supervisor
from solard.daemon.talking import read_status
from solard.daemon.work_holds import WorkHolds
from tests.daemon.stage import end_programs

PROGRAM = Path(__file__).with_name("fake_work.py")
ROOT = PROGRAM.parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory whose name is short enough for a socket; what runs in it ends."""
    with tempfile.TemporaryDirectory(prefix="work-") as directory:
        yield Path(directory)
        end_programs(Path(directory))


def bundled(home: Path, name: str = "miner", *options: str, role: str | None = None) -> WorkSpec:
    return WorkSpec(
        name=name,
        role=role or name,
        command=(sys.executable, str(PROGRAM), str(home / f"{name}.sock"), *options),
        env=(("PYTHONPATH", str(ROOT)),),
        bundled=True,
        grace_s=5.0,
    )


def other(
    name: str = "blender", code: str = "import time; time.sleep(60)", **kw: object
) -> WorkSpec:
    values: dict[str, object] = {"name": name, "role": "other", "grace_s": 5.0}
    return WorkSpec(**{**values, "command": (sys.executable, "-c", code), **kw})  # type: ignore[arg-type]


def hired(home: Path, events: Events, *specs: WorkSpec, **how: Any) -> Supervisor:
    backend = ProcessBackend(home)
    return Supervisor(
        backend,
        specs,
        lambda name: home / f"{name}.sock",
        events,
        Probe(backend.log),
        WorkHolds(home / "holds.json"),
        **how,
    )


async def look_until(
    supervisor: Supervisor, look: Callable[[WorkloadView], object], within_s: float = 60.0
) -> WorkloadView:
    """Look after the workloads until the first one is as wanted."""
    async with asyncio.timeout(within_s):
        while True:
            await supervisor.run_once()
            if look(supervisor.view()[0]):
                return supervisor.view()[0]
            await asyncio.sleep(0.05)


def told(events: Events) -> list[str]:
    return [event.text for event in reversed(events.newest())]


def modes_told(home: Path, name: str = "miner") -> list[str]:
    path = home / f"{name}.modes"
    return path.read_text().split() if path.exists() else []


async def test_workload_starts_answers_and_is_told_its_mode(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home))
    supervisor.want(WorkMode.ECO, cards_held=True)

    await supervisor.run_once()
    assert supervisor.view()[0].health == "starting"
    view = await look_until(supervisor, lambda view: view.mode is WorkMode.ECO)

    assert (view.health, view.rate, view.restarts) == ("ok", 2.5, 0)
    assert view.counters == (("requests", 3),)
    assert modes_told(home) == ["eco"]
    assert told(events) == [f"Started (pid {view.pid})."]
    assert supervisor.detail("miner")["name"] == "sun"
    status = supervisor.status("miner")
    assert status is not None
    assert status.earned_rao == 7
    await supervisor.stop_all()


async def test_mode_follows_the_decision(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home))
    for mode in (WorkMode.FULL, WorkMode.STANDBY, WorkMode.FULL):
        supervisor.want(mode, cards_held=True)
        await look_until(supervisor, lambda view, mode=mode: view.mode is mode)

    assert modes_told(home) == ["full", "standby", "full"]
    await supervisor.stop_all()


async def test_network_answers_in_every_mode(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home, "chain", role="network"))
    supervisor.want(WorkMode.OFF, cards_held=True)

    view = await look_until(supervisor, lambda view: view.mode is WorkMode.FULL)

    assert view.wanted is WorkMode.FULL
    await supervisor.stop_all()


async def test_observing_starts_nothing_and_tells_no_mode(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home))
    supervisor.want(None, cards_held=True)
    for _ in range(3):
        await supervisor.run_once()

    view = supervisor.view()[0]
    assert (view.pid, view.mode) == (None, None)
    assert view.health == "not running (observing)"
    assert list(home.iterdir()) == []


async def test_next_daemon_adopts_what_the_last_one_left(home: Path, events: Events) -> None:
    first = hired(home, events, bundled(home))
    first.want(WorkMode.FULL, cards_held=True)
    before = await look_until(first, lambda view: view.mode is WorkMode.FULL)

    second = hired(home, events, bundled(home))
    second.want(WorkMode.FULL, cards_held=True)
    after = await look_until(second, lambda view: view.mode is WorkMode.FULL)

    assert after.pid == before.pid
    assert told(events)[-1] == f"Adopted: it was already running (pid {before.pid})."
    assert after.restarts == 0
    await second.stop_all()


async def test_killed_workload_comes_back_with_a_new_pid(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home))
    supervisor.want(WorkMode.FULL, cards_held=True)
    before = await look_until(supervisor, lambda view: view.mode is WorkMode.FULL)
    assert before.pid is not None

    os.kill(before.pid, signal.SIGKILL)
    gone = await look_until(supervisor, lambda view: view.pid is None)
    assert (gone.mode, gone.rate, gone.health) == (None, None, "died; starts again in 1 s")
    after = await look_until(supervisor, lambda view: view.mode is WorkMode.FULL)

    assert after.pid != before.pid
    assert after.restarts == 1
    assert (
        f"Died (pid {before.pid}, killed by SIGKILL), see `solard logs {before.name}`; "
        "starts again in 1 s."
    ) in told(events)
    await supervisor.stop_all()


async def test_program_that_ends_at_once_is_started_ever_more_rarely(
    home: Path, events: Events
) -> None:
    supervisor = hired(home, events, other(code="pass"))
    supervisor.want(WorkMode.FULL, cards_held=True)

    await look_until(supervisor, lambda view: view.restarts == 2)

    waits = [text.partition("again in ")[2] for text in told(events) if text.startswith("Died")]
    assert waits == ["1 s.", "2 s."]


async def test_program_that_cannot_start_is_tried_ever_more_rarely_and_said_once(
    home: Path, events: Events
) -> None:
    supervisor = hired(home, events, other(command=("/nowhere/blender",)))
    supervisor.want(WorkMode.FULL, cards_held=True)
    for _ in range(30):
        await supervisor.run_once()
        await asyncio.sleep(0.05)

    assert len(told(events)) == 1
    assert "'blender' does not start" in told(events)[0]
    assert "'blender' does not start" in supervisor.view()[0].health


async def test_frozen_workload_is_ended_and_started_again(home: Path, events: Events) -> None:
    spec = bundled(home)
    supervisor = hired(home, events, WorkSpec(**{**fields(spec), "grace_s": 0.3}), hung_after_s=0.5)
    supervisor.want(WorkMode.FULL, cards_held=True)
    before = await look_until(supervisor, lambda view: view.mode is WorkMode.FULL)
    assert before.pid is not None

    os.kill(before.pid, signal.SIGSTOP)
    after = await look_until(
        supervisor, lambda view: view.mode is WorkMode.FULL and view.pid != before.pid, 30.0
    )

    # On a busy machine the next one may be late to answer as well.
    assert after.restarts >= 1
    assert any(text.startswith("Hung (silent for ") for text in told(events))
    assert not Path(f"/proc/{before.pid}").exists()
    await supervisor.stop_all()


async def test_frozen_workload_keeps_no_other_waiting(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home), bundled(home, "validator"))
    supervisor.want(WorkMode.FULL, cards_held=True)
    await look_until(
        supervisor, lambda _: all(view.mode is WorkMode.FULL for view in supervisor.view())
    )
    frozen = supervisor.view()[0]
    assert frozen.pid is not None
    os.kill(frozen.pid, signal.SIGSTOP)

    supervisor.want(WorkMode.STANDBY, cards_held=True)
    looking = asyncio.create_task(supervisor.run_once())
    async with asyncio.timeout(timing.ANSWER_WITHIN_S - 0.5):
        while modes_told(home, "validator") != ["full", "standby"]:
            await asyncio.sleep(0.02)

    await looking
    assert supervisor.view()[0].health.startswith("silent for ")
    os.kill(frozen.pid, signal.SIGKILL)
    await supervisor.stop_all()


async def test_nonsense_on_a_work_socket_harms_nobody(home: Path, events: Events) -> None:
    supervisor = hired(home, events, bundled(home, "miner", "--odd"))
    supervisor.want(WorkMode.FULL, cards_held=True)

    view = await look_until(supervisor, lambda view: view.mode is not None)

    assert (view.mode, view.health, view.rate) == (WorkMode.OFF, "says nothing", None)
    assert view.counters == ()
    await supervisor.stop_all()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"mode": {}, "pid": [], "rate": "fast", "earned_rao": "all", "detail": "much", "health": 1},
        {"mode": 3, "pid": True, "rate": None, "earned_rao": 1.5, "detail": {"n": 1.5}},
    ],
)
def test_status_of_any_shape_is_read(answer: dict[str, object]) -> None:
    status = read_status(answer)

    assert (status.pid, status.mode, status.rate) == (0, WorkMode.OFF, None)
    assert (status.earned_rao, status.counters) == (0, ())


async def test_work_on_cards_waits_for_the_keeper(home: Path, events: Events) -> None:
    supervisor = hired(home, events, other(uses_cards=True))
    supervisor.want(WorkMode.FULL, cards_held=False)
    await supervisor.run_once()
    assert supervisor.view()[0].health == "waiting: the GPU keeper does not hold its cards yet"

    supervisor.want(WorkMode.FULL, cards_held=True)
    view = await look_until(supervisor, lambda view: view.health == "ok")

    assert view.pid is not None
    await supervisor.stop_all()


async def test_program_without_modes_is_stopped_below_its_mode_and_comes_back(
    home: Path, events: Events
) -> None:
    supervisor = hired(home, events, other(stop_below=WorkMode.ECO))
    supervisor.want(WorkMode.FULL, cards_held=True)
    await look_until(supervisor, lambda view: view.health == "ok")

    supervisor.want(WorkMode.STANDBY, cards_held=True)
    rested = await look_until(supervisor, lambda view: view.pid is None)
    assert rested.restarts == 0

    supervisor.want(WorkMode.ECO, cards_held=True)
    back = await look_until(supervisor, lambda view: view.health == "ok" and view.pid)
    assert back.restarts == 0
    await supervisor.stop_all()


async def test_clean_stop_ends_the_network_last(home: Path, events: Events) -> None:
    supervisor = hired(
        home,
        events,
        bundled(home, "chain", role="network"),
        bundled(home, "miner"),
        bundled(home, "validator"),
    )
    supervisor.want(WorkMode.FULL, cards_held=True)
    await look_until(
        supervisor, lambda _: all(view.mode is WorkMode.FULL for view in supervisor.view())
    )

    await supervisor.stop_all()

    assert (home / "ended").read_text().split() == ["miner", "validator", "chain"]


def fields(spec: WorkSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in WorkSpec.__dataclass_fields__}


def test_energy_goes_on_from_what_the_last_daemon_counted(home: Path, events: Events) -> None:
    counted = WorkEnergy(name="blender", since="2026-06-01", energy_j=1000.0)
    supervisor = hired(home, events, other(), energy=(counted,))

    supervisor.count({"blender": 150.0}, 2.0, "2026-06-12")

    (view,) = supervisor.view()
    assert (view.energy_j, view.energy_since) == (1300.0, "2026-06-01")
