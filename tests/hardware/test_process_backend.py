"""Workloads as plain processes: real ones, found again, and ended with all their kin."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.work.logs import LogFiles
from hardware.work.process import ProcessBackend, WorkloadNotStarted
from solard.core.work import WorkSpec

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(60)"
)
POLITE = (
    "import signal, sys, time;"
    "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)));"
    "print('up', flush=True); time.sleep(60)"
)
WITH_CHILD = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid, flush=True); time.sleep({seconds})"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "work"
    for record in (tmp_path / "work").glob("*.process.json"):
        kill_group(json.loads(record.read_text())["pid"])


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def spec_of(code: str, name: str = "miner", **changes: object) -> WorkSpec:
    values: dict[str, object] = {
        "name": name,
        "role": "other",
        "command": (sys.executable, "-c", code),
        "grace_s": 10.0,
    }
    return WorkSpec(**{**values, **changes})  # type: ignore[arg-type]


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def until(look: Callable[[], object], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not look():
            await asyncio.sleep(0.02)


def said(home: Path, name: str = "miner") -> str:
    lines = LogFiles(home / f"{name}.log").last(100)
    return "".join(f"{line.text}\n" for line in lines)


async def test_started_program_is_found_by_its_name(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(SLEEP)

    pid = backend.start(spec)

    assert backend.adopt(spec) == pid
    assert os.getsid(pid) == pid, "a session of its own"
    assert backend.adopt(spec_of(SLEEP, name="validator")) is None
    await backend.stop(spec)


async def test_program_gets_its_environment_but_not_the_daemon_s_supervisor(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("SOLARD_CLOCK", "shared")
    code = (
        "import os; print(*(os.environ.get(n) for n in "
        "('MODEL', 'SOLARD_CLOCK', 'NOTIFY_SOCKET', 'WATCHDOG_USEC')), flush=True)"
    )
    backend, spec = ProcessBackend(home), spec_of(code, env=(("MODEL", "small"),))

    backend.start(spec)
    await until(lambda: said(home))

    assert said(home) == "small shared None None\n"


async def test_next_daemon_finds_what_the_last_one_left(home: Path) -> None:
    spec = spec_of(SLEEP)
    pid = ProcessBackend(home).start(spec)
    next_daemon = ProcessBackend(home)

    assert next_daemon.adopt(spec) == pid

    await next_daemon.stop(spec)
    assert next_daemon.adopt(spec) is None
    assert not is_running(pid)


async def test_pid_that_was_used_again_is_somebody_else(home: Path) -> None:
    spec, backend = spec_of(SLEEP), ProcessBackend(home)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        home.mkdir()
        record = {"pid": stranger.pid, "start_ticks": 1, "command": []}
        (home / "miner.process.json").write_text(json.dumps(record))

        assert backend.adopt(spec) is None
        await backend.stop(spec)

        assert is_running(stranger.pid)
        stranger.kill()
        (home / "miner.process.json").unlink()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "start_ticks": null}'])
def test_broken_record_is_nobody(home: Path, text: str) -> None:
    home.mkdir()
    record = home / "miner.process.json"
    record.write_text(text)

    found = ProcessBackend(home).adopt(spec_of(SLEEP))
    record.unlink()

    assert found is None


async def test_ended_program_is_found_no_more_and_leaves_no_zombie(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of("pass")

    pid = backend.start(spec)
    await until(lambda: backend.adopt(spec) is None)

    await until(lambda: not Path(f"/proc/{pid}").exists())  # its keeper collects it a moment later


async def test_program_gone_before_it_was_looked_at_is_said_to_have_ended_as_it_did(
    home: Path,
) -> None:
    backend, spec = ProcessBackend(home), spec_of("raise SystemExit(3)")
    backend.start(spec)
    while backend.ending(spec) is None:
        await asyncio.sleep(0.01)
    path = home / "miner.process.json"
    unseen = json.loads(path.read_text()) | {"start_ticks": None, "keeper_ticks": None}
    path.write_text(json.dumps(unseen))

    assert backend.adopt(spec) is None
    assert backend.ending(spec) == "exit status 3"


async def test_program_is_asked_before_it_is_ended(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(POLITE)
    pid = backend.start(spec)
    await until(lambda: said(home))

    await backend.stop(spec)

    assert said(home) == "up\nbye\n"
    assert not is_running(pid)


async def test_program_that_ignores_sigterm_is_killed_after_its_grace(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(DEAF, grace_s=0.3)
    pid = backend.start(spec)
    await until(lambda: said(home))

    await backend.stop(spec)

    assert not is_running(pid)
    assert backend.adopt(spec) is None


async def test_frozen_program_is_killed_too(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(SLEEP, grace_s=0.3)
    pid = backend.start(spec)
    os.kill(pid, signal.SIGSTOP)

    await backend.stop(spec)

    assert not is_running(pid)


async def test_children_end_with_the_program(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(WITH_CHILD.format(seconds=60))
    backend.start(spec)
    await until(lambda: said(home))
    child = int(said(home))

    await backend.stop(spec)

    await until(lambda: not is_running(child))


async def test_children_end_when_the_program_does(home: Path) -> None:
    backend, spec = ProcessBackend(home), spec_of(WITH_CHILD.format(seconds=0))
    backend.start(spec)
    await until(lambda: said(home))
    orphan = int(said(home))

    await until(lambda: backend.adopt(spec) is None)

    await until(lambda: not is_running(orphan))


def test_program_that_is_not_there_is_a_sentence(home: Path) -> None:
    spec = spec_of("", command=("/nowhere/miner",))

    with pytest.raises(
        WorkloadNotStarted, match=r"workload 'miner' does not start: .*; check its `command`"
    ):
        ProcessBackend(home).start(spec)


def test_program_that_cannot_be_remembered_does_not_stay(home: Path) -> None:
    (home / "miner.process.new").mkdir(parents=True)
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"

    with pytest.raises(WorkloadNotStarted, match=r"'miner' does not start: .*Is a directory"):
        ProcessBackend(home).start(spec_of(code))

    (home / "miner.process.new").rmdir()
    pid = said(home).strip()
    assert not pid or not is_running(int(pid))


def test_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkloadNotStarted, match="'miner' does not start"):
        ProcessBackend(tmp_path / "file" / "work").start(spec_of(SLEEP))


async def test_programs_that_ended_are_collected_once_however_many_ask_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ProcessBackend(home)
    spec = spec_of("pass")
    backend.start(spec)
    await until(lambda: backend.ending(spec))
    poll = subprocess.Popen.poll

    def poll_slowly(process: "subprocess.Popen[bytes]") -> int | None:
        status = poll(process)
        time.sleep(0.05)  # long enough for another thread to see the same end
        return status

    monkeypatch.setattr(subprocess.Popen, "poll", poll_slowly)
    found = await asyncio.gather(*(asyncio.to_thread(backend.adopt, spec) for _ in range(4)))

    assert found == [None] * 4
