"""What every workload backend promises: the same tests for each, on real processes."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hardware.work.cgroup import find_groups
from hardware.work.external import ExternalBackend
from hardware.work.process import ProcessBackend
from hardware.work.systemd import SystemdBackend
from solard.core.work import External, Keeper, WorkSpec, WorkUse
from solard.daemon.ports import WorkBackend
from solard.system.processes import read_stat

FAKES = Path(__file__).parents[1] / "fakes"

PROGRAM = """
import os, signal, subprocess, sys, time
if "polite" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
beat = sys.argv[1]
SLEEPER = "import os, time; open(%r, 'a').write(f'{os.getpid()} '); time.sleep(300)"
if "family" in sys.argv:
    # A child, and a grandchild in a session of its own whose parent is gone.
    sleeper = SLEEPER % (beat + ".family")
    code = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    subprocess.run([sys.executable, "-c", code, sys.executable, "-c", sleeper])
    subprocess.Popen([sys.executable, "-c", sleeper])
while True:
    with open(beat, "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(0.02)
"""


@dataclass(slots=True)
class Stage:
    """One backend and how a program is made for it."""

    backend: WorkBackend
    home: Path
    again: Callable[[], WorkBackend]
    """A backend as the next daemon makes it."""
    external: External | None = None
    pid_file: Path | None = None
    escapes: bool = False
    """Whether an orphan in a session of its own gets away: its supervisor has no cgroup."""

    def spec(self, *words: str, grace_s: float = 5.0) -> WorkSpec:
        script = self.home / "program.py"
        script.write_text(PROGRAM, encoding="utf-8")
        script.chmod(0o755)
        command = (sys.executable, str(script), str(self.beat), *words)
        external = self.external
        if external is not None and external.keeper is Keeper.PID_FILE:
            start = (sys.executable, str(self.home / "owner.py"), external.name, *command)
            (self.home / "owner.py").write_text(OWNER, encoding="utf-8")
            external = replace(external, start=start)
        if external is not None and external.keeper is Keeper.PM2:
            start = ("pm2", "start", "contract", "--", *command)
            external = replace(external, start=start)
        if external is not None and external.keeper is Keeper.DOCKER:
            containers = self.home / "docker.json"
            if not containers.exists():
                containers.write_text(json.dumps({"contract": {"command": command}}))
        return WorkSpec(
            name="contract",
            role="other",
            command=() if external else command,
            grace_s=grace_s,
            external=external,
        )

    @property
    def beat(self) -> Path:
        return self.home / "beat"

    def family(self) -> list[int]:
        path = self.beat.with_suffix(".family")
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    def beats(self) -> int:
        return len(self.beat.read_text().split()) if self.beat.exists() else 0


OWNER = """
import subprocess, sys
child = subprocess.Popen(sys.argv[2:], start_new_session=True, stdout=subprocess.DEVNULL)
open(sys.argv[1], "w").write(str(child.pid))
"""


def as_process(home: Path) -> Stage:
    return Stage(ProcessBackend(home), home, lambda: ProcessBackend(home))


def as_process_with_cgroup(home: Path) -> Stage:
    groups = find_groups()
    if groups is None:
        pytest.skip("no cgroup can be made here (needs version 2, writable for this user)")
    return Stage(
        ProcessBackend(home, groups=groups), home, lambda: ProcessBackend(home, groups=groups)
    )


def as_pid_file(home: Path) -> Stage:
    external = External(keeper=Keeper.PID_FILE, name=str(home / "pid"))
    return Stage(ExternalBackend(), home, ExternalBackend, external=external, escapes=True)


def as_pm2(home: Path) -> Stage:
    put_on_path(home, "pm2")
    external = External(keeper=Keeper.PM2, name="contract")
    return Stage(ExternalBackend(), home, ExternalBackend, external=external, escapes=True)


def as_docker(home: Path) -> Stage:
    put_on_path(home, "docker")
    external = External(keeper=Keeper.DOCKER, name="contract")
    return Stage(ExternalBackend(), home, ExternalBackend, external=external)


def put_on_path(home: Path, name: str) -> None:
    program = home / name
    fake = FAKES / f"{name}.py"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} {home} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    os.environ["PATH"] = f"{home}:{os.environ['PATH']}"


def as_systemd(home: Path) -> Stage:
    if not Path("/run/systemd/system").is_dir() or os.geteuid() != 0:
        pytest.skip("this machine is not run by systemd; tests/systemd/boot.sh does this one")
    return Stage(SystemdBackend(home), home, lambda: SystemdBackend(home))


KINDS = {
    "process": as_process,
    "process with a cgroup": as_process_with_cgroup,
    "pid file": as_pid_file,
    "pm2": as_pm2,
    "docker": as_docker,
    "systemd": as_systemd,
}


@pytest.fixture(params=KINDS)
async def stage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setenv("PATH", os.environ["PATH"])
    where = "/run/solard/work" if request.param == "systemd" else None
    with tempfile.TemporaryDirectory(prefix="contract-") as directory:
        stage = KINDS[request.param](Path(where or directory))
        for left in (stage.beat, stage.beat.with_suffix(".family")):
            left.unlink(missing_ok=True)
        yield stage
        await stage.backend.kill(stage.spec())
        for pid in filter(lives, stage.family()):
            os.kill(pid, signal.SIGKILL)


def lives(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and not stat.has_ended


async def until(look: Callable[[], object], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not look():
            await asyncio.sleep(0.02)


async def start(stage: Stage, spec: WorkSpec) -> int:
    pid = stage.backend.start(spec)
    await until(stage.beats)
    return pid


async def test_started_program_runs_and_is_found(stage: Stage) -> None:
    spec = stage.spec()

    pid = await start(stage, spec)

    assert stage.backend.adopt(spec) == pid
    assert lives(pid)


async def test_next_daemon_adopts_it(stage: Stage) -> None:
    spec = stage.spec()
    pid = await start(stage, spec)

    assert stage.again().adopt(spec) == pid


async def test_nobody_is_found_before_the_first_start(stage: Stage) -> None:
    assert stage.backend.adopt(stage.spec()) is None
    assert stage.backend.stats(stage.spec()) is None


async def test_program_that_does_not_run_is_stopped_killed_frozen_without_an_error(
    stage: Stage,
) -> None:
    spec = stage.spec()

    assert await stage.backend.drain(spec)
    await stage.backend.kill(spec)
    stage.backend.freeze(spec)
    stage.backend.thaw(spec)

    assert stage.backend.adopt(spec) is None


async def test_drained_program_ends_by_itself(stage: Stage) -> None:
    spec = stage.spec("polite")
    pid = await start(stage, spec)

    assert await stage.backend.drain(spec)

    assert not lives(pid)
    assert stage.backend.adopt(spec) is None


async def test_program_that_ignores_a_stop_is_killed_after_its_grace(stage: Stage) -> None:
    spec = stage.spec("deaf", grace_s=0.3)
    pid = await start(stage, spec)

    await stage.backend.stop(spec)

    assert not lives(pid)
    assert stage.backend.adopt(spec) is None


async def test_frozen_program_does_nothing_until_it_is_thawed(stage: Stage) -> None:
    spec = stage.spec("family")
    await start(stage, spec)

    stage.backend.freeze(spec)
    await asyncio.sleep(0.1)
    before = stage.beats()
    await asyncio.sleep(0.2)
    use = stage.backend.stats(spec)
    assert stage.beats() == before
    assert use is not None
    assert use.frozen

    stage.backend.thaw(spec)
    await until(lambda: stage.beats() > before)
    use = stage.backend.stats(spec)
    assert use is not None
    assert not use.frozen


async def test_program_that_is_frozen_twice_goes_on_after_one_thaw(stage: Stage) -> None:
    spec = stage.spec()
    await start(stage, spec)
    stage.backend.freeze(spec)
    stage.again().freeze(spec)
    before = stage.beats()

    stage.again().thaw(spec)

    await until(lambda: stage.beats() > before)


async def test_frozen_program_stops_cleanly(stage: Stage) -> None:
    spec = stage.spec("polite")
    pid = await start(stage, spec)
    stage.backend.freeze(spec)

    await stage.backend.stop(spec)

    assert not lives(pid)


async def test_frozen_program_is_killed(stage: Stage) -> None:
    spec = stage.spec()
    pid = await start(stage, spec)
    stage.backend.freeze(spec)

    await stage.backend.kill(spec)

    await until(lambda: not lives(pid))


async def test_row_34_nobody_escapes_a_kill_by_a_double_fork_and_a_session_of_its_own(
    stage: Stage,
) -> None:
    if stage.escapes:
        pytest.skip("its own supervisor runs it without a cgroup: an orphan is nobody's child")
    spec = stage.spec("family")
    await start(stage, spec)
    await until(lambda: len(stage.family()) == 2)

    await stage.backend.kill(spec)

    await until(lambda: not any(map(lives, stage.family())))


async def test_use_counts_processes_memory_and_processor(stage: Stage) -> None:
    spec = stage.spec()
    await start(stage, spec)

    def use() -> WorkUse:
        found = stage.backend.stats(spec)
        assert found is not None
        return found

    assert use().processes >= 1
    assert (use().memory_bytes or 0) > 1_000_000
    await until(lambda: (use().cpu_s or 0.0) > 0.0)


async def test_started_again_after_a_kill(stage: Stage) -> None:
    spec = stage.spec()
    first = await start(stage, spec)
    await stage.backend.kill(spec)
    before = stage.beats()

    second = stage.backend.start(spec)

    await until(lambda: stage.beats() > before)
    assert second != first
