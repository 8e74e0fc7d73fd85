"""A miner that knows nothing of solard: described in YAML, run, looked at, told modes, ended."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hardware.work.backend import RigBackend
from hardware.work.cgroup import find_groups
from hardware.work.probe import Probe
from hardware.work.process import ProcessBackend
from solard.app.workloads import make_specs
from solard.core.modes import WorkMode
from solard.core.view import WorkloadView
from solard.daemon.events import Events
from solard.daemon.supervisor import Supervisor, WorkloadUnknown
from solard.daemon.work_holds import WorkHolds
from solard.system.places import places_at
from solard.system.processes import read_stat
from tests.config.yamls import ISLAND, read

MINER = Path(__file__).with_name("script_miner.py")


class Rig:
    """One workload of a YAML file, run as the daemon runs it."""

    def __init__(self, home: Path, events: Events, port: int) -> None:
        self.home, self.events, self.port = home, events, port
        self.backend = RigBackend(ProcessBackend(home / "run", home / "log", find_groups()))
        self.supervisor: Supervisor

    def describe(self, keys: str = "", *words: str) -> None:
        """Read `workloads: {m: …}` with these keys; `PORT` stands for the miner's port."""
        command = ", ".join((sys.executable, str(MINER), f'"{self.port}"', *words))
        text = f"{ISLAND}workloads:\n  m:\n    command: [{command}]\n    grace: 3 s\n"
        for line in keys.strip().splitlines():
            text += f"    {line.strip().replace('PORT', str(self.port))}\n"
        self.read(text)

    def read(self, text: str) -> None:
        places = places_at(self.home)
        places.make()
        self.supervisor = Supervisor(
            self.backend,
            make_specs(read(text), places),
            places.work_socket,
            self.events,
            Probe(self.backend.log),
            WorkHolds(self.home / "holds.json"),
        )

    async def until(
        self, look: Callable[[WorkloadView], object], within_s: float = 60.0
    ) -> WorkloadView:
        async with asyncio.timeout(within_s):
            while True:
                await self.supervisor.run_once()
                view = self.supervisor.view()[0]
                if look(view):
                    return view
                await asyncio.sleep(0.05)

    def want(self, mode: WorkMode | None) -> None:
        self.supervisor.want(mode, cards_held=True)

    def said(self) -> list[str]:
        log = ProcessBackend(self.home / "run", self.home / "log")
        spec = next(iter(self.supervisor._minders.values())).spec
        return [line.text for line in log.log(spec).last(1000)]

    def told(self) -> str:
        return "\n".join(event.text for event in reversed(self.events.newest()))


@pytest.fixture
async def rig(events: Events) -> AsyncIterator[Rig]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="rig-") as home:
        rig = Rig(Path(home), events, port)
        yield rig
        for minder in rig.supervisor._minders.values():
            with contextlib.suppress(Exception):
                await rig.backend.thaw(minder.spec)  # type: ignore[func-returns-value]
            await rig.backend.kill(minder.spec)


async def test_miner_is_well_once_it_answers_and_its_log_says_its_rate(rig: Rig) -> None:
    rig.describe(
        """
        health: {http: "http://127.0.0.1:PORT/health", every: 1 s}
        rate: {log: "rate: ([0-9.]+) answers", unit: answers/min, every: 1 s}
        """
    )
    rig.want(WorkMode.FULL)

    view = await rig.until(lambda view: view.health == "ok" and view.rate)

    assert (view.mode, view.rate, view.rate_unit) == (WorkMode.FULL, 2.5, "answers/min")


async def test_modes_are_signals(rig: Rig) -> None:
    rig.describe("modes: {full: {signal: SIGUSR1}, standby: {signal: SIGUSR2}, off: stop}")
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: view.mode is WorkMode.FULL and "mode full" in rig.said())
    rig.want(WorkMode.STANDBY)
    await rig.until(lambda _: "mode small" in rig.said())
    rig.want(WorkMode.ECO)
    view = await rig.until(lambda _: rig.said().count("mode full") == 2)

    assert view.pid == first.pid
    rig.want(WorkMode.OFF)
    off = await rig.until(lambda view: view.pid is None)
    assert off.restarts == 0


async def test_modes_are_calls(rig: Rig) -> None:
    rig.describe(
        """
        health: {port: PORT, every: 1 s}
        modes: {standby: {http: "http://127.0.0.1:PORT/mode", method: POST, body: tiny}}
        """
    )
    rig.want(WorkMode.FULL)
    await rig.until(lambda view: view.health == "ok")
    rig.want(WorkMode.STANDBY)

    await rig.until(lambda _: "told tiny" in rig.said())


async def test_modes_are_other_commands(rig: Rig) -> None:
    small = f'[{sys.executable}, {MINER}, "PORT", --small]'
    rig.describe(f"modes: {{full: limit, standby: {{command: {small}}}}}")
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: "rate: 2.5 answers/min" in rig.said())
    rig.want(WorkMode.STANDBY)
    second = await rig.until(lambda view: "rate: 0.5 answers/min" in rig.said())

    assert second.pid != first.pid
    assert second.restarts == 0, "that was no death"


async def test_frozen_mode_keeps_the_process_and_ends(rig: Rig) -> None:
    rig.describe("modes: {full: limit, standby: freeze}")
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: rig.said())
    rig.want(WorkMode.STANDBY)
    await rig.until(lambda view: view.mode is WorkMode.STANDBY)
    assert first.pid is not None
    before = len(rig.said())
    await asyncio.sleep(0.4)
    assert len(rig.said()) <= before + 1

    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: len(rig.said()) > before + 2)
    assert view.pid == first.pid


async def test_program_that_a_killed_daemon_left_frozen_goes_on_under_the_next_one(
    rig: Rig,
) -> None:
    rig.describe("modes: {full: limit, standby: freeze}")
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: rig.said())
    rig.want(WorkMode.STANDBY)
    await rig.until(lambda view: view.mode is WorkMode.STANDBY)
    before = len(rig.said())

    rig.describe("modes: {full: limit, standby: freeze}")  # the next daemon
    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: len(rig.said()) > before + 2)

    assert view.pid == first.pid


async def test_going_back_to_observe_gives_a_frozen_program_back(rig: Rig) -> None:
    rig.describe("modes: {full: limit, standby: freeze}")
    rig.want(WorkMode.STANDBY)
    await rig.until(lambda view: view.mode is WorkMode.STANDBY)

    rig.want(None)
    await rig.supervisor.give_back()

    before = len(rig.said())
    await rig.until(lambda _: len(rig.said()) > before + 2)


async def test_row_32_miner_that_answers_no_more_is_started_again(rig: Rig) -> None:
    rig.describe(
        'health: {http: "http://127.0.0.1:PORT/health", every: 1 s, fails: 2}',
        "--deaf-after",
        '"1"',
    )
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: view.health == "ok")

    again = await rig.until(lambda view: view.pid not in {None, first.pid})

    assert again.restarts >= 1
    assert "Sick (http://127.0.0.1:" in rig.told()
    assert "answers 500 instead of 200); ended." in rig.told()


async def test_row_32_stopped_miner_is_started_again(rig: Rig) -> None:
    rig.describe(
        """
        health: {http: "http://127.0.0.1:PORT/health", every: 1 s, timeout: 1 s, fails: 2}
        """
    )
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: view.health == "ok")
    assert first.pid is not None

    os.kill(first.pid, signal.SIGSTOP)

    again = await rig.until(lambda view: view.pid not in {None, first.pid})
    assert again.restarts >= 1
    assert "has not answered in full in 1 s); ended." in rig.told()


async def test_log_that_says_no_more_what_it_should_is_sick(rig: Rig) -> None:
    rig.describe('health: {log: "block [0-9]+", log_within: 1 s, every: 1 s, starts_within: 1 s}')
    rig.want(WorkMode.FULL)

    view = await rig.until(lambda view: "its log has not said" in view.health)

    assert view.health.startswith('its log has not said "block [0-9]+" for ')


async def test_cards_that_draw_too_little_are_sick_while_it_works(rig: Rig) -> None:
    rig.describe(
        "gpus: [0]\nhealth: {draw_above: 80 W, draw_within: 1 s, every: 1 s, starts_within: 1 s}"
    )
    rig.supervisor.count({"m": 20.0}, 1.0, "2026-06-12")
    rig.want(WorkMode.STANDBY)
    await rig.until(lambda view: view.health == "ok")
    rig.want(WorkMode.FULL)

    view = await rig.until(lambda view: "its cards have drawn" in view.health)

    assert view.health.startswith("its cards have drawn less than 80 W for ")


async def test_drained_program_stays_down_and_one_that_goes_on_is_told_of(rig: Rig) -> None:
    rig.describe()
    rig.want(WorkMode.FULL)
    await rig.until(lambda view: rig.said())
    await rig.supervisor.drain("m")
    assert (await rig.until(lambda view: view.pid is None)).hold == "stopped"

    rig.read(
        f"{ISLAND}workloads:\n  m:\n    grace: 0.3 s\n"
        "    command: [sh, -c, \"trap '' TERM; while :; do sleep 0.1; done\"]\n"
    )
    await rig.supervisor.start("m")
    rig.want(WorkMode.FULL)
    await rig.until(lambda view: view.pid)
    with pytest.raises(WorkloadUnknown, match=r"has not finished within its grace of 0.3 s and g"):
        await rig.supervisor.drain("m")
    await rig.supervisor.run_once()
    assert rig.supervisor.view()[0].pid is not None


async def test_late_answer_is_no_work(rig: Rig) -> None:
    rig.describe(
        """
        answer_within: 0.1 s
        health: {http: "http://127.0.0.1:PORT/health", every: 1 s, starts_within: 1 s}
        rate: {http: "http://127.0.0.1:PORT/stats", path: gpus.0.rate}
        """,
        "--slow",
        '"0.3"',
    )
    rig.want(WorkMode.FULL)

    await rig.until(lambda view: "later than 0.1 s: that is no work" in view.health)


async def test_rate_from_json_and_from_a_growing_metric(rig: Rig) -> None:
    rig.describe('rate: {http: "http://127.0.0.1:PORT/stats", path: gpus.0.rate, every: 1 s}')
    rig.want(WorkMode.FULL)
    assert (await rig.until(lambda view: view.rate)).rate == 41.5

    rig.describe(
        """
        health: {http: "http://127.0.0.1:PORT/health", every: 1 s}
        rate: {prometheus: "http://127.0.0.1:PORT/metrics", metric: 'hashes_total{gpu="0"}', \
counter: true, every: 1 s}
        """
    )
    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: view.rate)
    assert view.rate is not None
    assert 0.5 < view.rate < 10.0


async def test_row_31_program_that_ends_at_once_is_parked_with_an_alert(rig: Rig) -> None:
    rig.read(
        f"{ISLAND}workloads:\n  m:\n    command: [sh, -c, exit 3]\n"
        "    restart: {first: 0.1 s, last: 1 s, park_after: 3}\n"
    )
    rig.want(WorkMode.FULL)

    view = await rig.until(lambda view: view.parked)

    assert view.health == (
        "parked after 3 early deaths in an hour (exit status 3); `solard workload start m` "
        "tries again"
    )
    assert rig.events.newest()[0].level == "alert"
    await rig.supervisor.start("m")
    assert (await rig.until(lambda view: view.restarts == 4)).parked is False


async def test_row_33_miner_that_ignores_sigterm_is_killed_after_its_grace(rig: Rig) -> None:
    rig.read(
        f"{ISLAND}workloads:\n  m:\n    grace: 0.3 s\n"
        "    command: [sh, -c, \"trap '' TERM; while :; do sleep 0.1; done\"]\n"
    )
    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: view.pid)
    assert view.pid is not None

    await rig.supervisor.stop_all()

    stat = read_stat(view.pid)
    assert stat is None or stat.has_ended


async def test_row_39_port_of_a_child_that_stays_is_waited_for_and_its_pid_is_named(
    rig: Rig,
) -> None:
    rig.describe("ports: [PORT]\nrestart: {first: 0.2 s}")
    with subprocess.Popen((sys.executable, str(MINER), str(rig.port))) as stranger:
        try:
            async with asyncio.timeout(10.0):
                while socket.socket().connect_ex(("127.0.0.1", rig.port)):
                    await asyncio.sleep(0.05)
            rig.want(WorkMode.FULL)
            view = await rig.until(lambda view: "is taken" in view.health)
            assert f"port {rig.port} is taken by pid {stranger.pid} (" in view.health
        finally:
            stranger.send_signal(signal.SIGKILL)
    assert (await rig.until(lambda view: view.pid)).pid is not None


async def test_operator_stops_it_and_a_restart_does_not_undo_that(rig: Rig) -> None:
    rig.describe()
    rig.want(WorkMode.FULL)
    await rig.until(lambda view: view.pid)

    await rig.supervisor.stop("m")
    rig.describe()
    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: view.hold == "stopped")
    assert (view.pid, view.health) == (None, "stopped by the operator; `solard workload start m`")

    await rig.supervisor.start("m")
    assert (await rig.until(lambda view: view.pid)).hold is None


async def test_operator_freezes_and_thaws_it(rig: Rig) -> None:
    rig.describe()
    rig.want(WorkMode.FULL)
    first = await rig.until(lambda view: rig.said())

    await rig.supervisor.freeze("m")
    assert (await rig.until(lambda view: view.hold)).health == "frozen by the operator"
    await rig.supervisor.thaw("m")

    before = len(rig.said())
    assert (await rig.until(lambda _: len(rig.said()) > before + 1)).pid == first.pid


async def test_unknown_workload_is_named_with_those_that_are_there(rig: Rig) -> None:
    rig.describe()

    with pytest.raises(WorkloadUnknown, match=r"there is no workload 'x'; there are: m"):
        await rig.supervisor.stop("x")


async def test_external_miner_is_watched_and_never_ended(rig: Rig) -> None:
    with subprocess.Popen((sys.executable, str(MINER), str(rig.port))) as owned:
        try:
            (rig.home / "pid").write_text(str(owned.pid))
            rig.read(
                f"{ISLAND}workloads:\n  m:\n    external: {{pid_file: {rig.home}/pid}}\n"
                f"    health: {{port: {rig.port}, every: 1 s}}\n"
            )
            for mode in (WorkMode.FULL, WorkMode.OFF):
                rig.want(mode)
                view = await rig.until(lambda view: view.health == "ok")
                assert (view.pid, view.keeper) == (owned.pid, "pid_file")
            await rig.supervisor.stop_all()
            assert owned.poll() is None
        finally:
            owned.kill()
    rig.want(WorkMode.FULL)
    view = await rig.until(lambda view: view.pid is None)
    assert view.health == "not running; pid_file runs it, solard only watches"
