"""Faults of workloads, injected for real; `row_N` is a row of the fault catalogue."""

import asyncio
import json
import os
import resource
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hardware.work import shim
from hardware.work.cgroup import ControlGroups, find_groups
from hardware.work.logs import LogFiles
from hardware.work.process import ProcessBackend, WorkloadNotStarted, WorkloadStuck
from solard.core.work import WorkCaps, WorkSpec
from solard.system import processes
from solard.system.processes import read_all, read_stat

NAP = "import time; time.sleep(300)"


class Stage:
    def __init__(self, home: Path, groups: ControlGroups | None) -> None:
        self.home = home
        self.groups = groups
        self.backend = ProcessBackend(home, home / "log", groups)
        self.specs: list[WorkSpec] = []

    def spec(self, code: str, name: str = "m", **changes: object) -> WorkSpec:
        values: dict[str, object] = {"name": name, "role": "other", "grace_s": 5.0}
        values |= {"command": (sys.executable, "-c", code), **changes}
        self.specs.append(WorkSpec(**values))  # type: ignore[arg-type]
        return self.specs[-1]

    def needs(self, controller: str) -> None:
        if self.groups is None or controller not in self.groups.caps:
            pytest.skip(f"no cgroup with {controller} can be made here (root, or a delegated one)")

    def said(self, name: str = "m") -> list[str]:
        return [line.text for line in LogFiles(self.home / "log" / f"{name}.log").last(100_000)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="faults-") as home:
        stage = Stage(Path(home), find_groups())
        yield stage
        for spec in stage.specs:
            await stage.backend.kill(spec)


async def until(look: Callable[[], object], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not look():
            await asyncio.sleep(0.02)


async def test_row_35_fork_bomb_is_contained_and_ends_at_once(stage: Stage) -> None:
    stage.needs("pids")
    bomb = "import os\nwhile True:\n try: os.fork()\n except OSError: print('full', flush=True)"
    spec = stage.spec(bomb, caps=WorkCaps(tasks=40))
    stage.backend.start(spec)
    await until(stage.said)

    use = stage.backend.stats(spec)
    assert use is not None
    assert use.processes <= 40
    await stage.backend.kill(spec)

    assert stage.backend.adopt(spec) is None


async def test_row_36_memory_eater_is_ended_alone_and_its_end_says_why(stage: Stage) -> None:
    stage.needs("memory")
    other = stage.spec(NAP, name="other")
    eater = stage.spec(
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        caps=WorkCaps(memory_bytes=60_000_000),
    )
    pid = stage.backend.start(other)
    stage.backend.start(eater)

    await until(lambda: stage.backend.adopt(eater) is None and stage.backend.ending(eater))

    assert stage.backend.ending(eater) == "out of memory (oom-kill)"
    assert stage.backend.adopt(other) == pid


async def test_row_37_log_flood_stays_within_its_files_and_is_counted(stage: Stage) -> None:
    flood = "import os\nwhile True: os.write(1, b'shares: 17 accepted\\n' * 3000)"
    spec = stage.spec(flood)
    stage.backend.start(spec)
    await until(lambda: len(list((stage.home / "log").iterdir())) > 0)
    await asyncio.sleep(2.0)

    await stage.backend.kill(spec)

    kept = sum(path.stat().st_size for path in (stage.home / "log").iterdir())
    assert kept < 16 << 20
    assert kept < 5 << 20, "a burst of 1 MB and 64 kB a second, each line with its moment"
    assert any("[solard left out " in line for line in stage.said())


def test_flood_of_days_stays_within_sixteen_megabytes(tmp_path: Path) -> None:
    limits = {**shim.LOG_LIMITS, "rate": 1 << 40, "burst": 1 << 40}
    log = shim.Log(str(tmp_path / "m.log"), **limits)
    for _ in range(40):
        log.take((b"y" * 7999 + b"\n") * 80)
    log.close()

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"m.log", "m.log.1", "m.log.2", "m.log.3"}
    assert max(sizes.values()) <= 4 << 20


def test_row_4_full_disk_costs_lines_and_no_program(tmp_path: Path) -> None:
    log = shim.Log("/dev/full", **shim.LOG_LIMITS)

    log.take(b"one\ntwo\n")
    log.close()

    gone = shim.Log(str(tmp_path / "gone" / "m.log"), **shim.LOG_LIMITS)
    gone.take(b"one\n")
    (tmp_path / "gone").mkdir()
    gone.take(b"two\n")
    assert (tmp_path / "gone" / "m.log").read_text().endswith(" two\n"), "it recovers by itself"


def test_line_without_an_end_is_cut(tmp_path: Path) -> None:
    log = shim.Log(str(tmp_path / "m.log"), **shim.LOG_LIMITS)
    for _ in range(20):
        log.take(b"z" * 4096)
    log.close()

    assert max(len(line.text) for line in LogFiles(tmp_path / "m.log").last(100)) <= 8192


async def test_row_34_orphans_of_a_living_program_leave_no_zombies(stage: Stage) -> None:
    alone = ProcessBackend(stage.home, stage.home / "log")
    orphans = "import os, time\nfor _ in range(20):\n if os.fork() == 0:\n  "
    orphans += "if os.fork() == 0: time.sleep(0.1)\n  os._exit(0)\n os.wait()\n"
    spec = stage.spec(orphans + "print('done', flush=True)\ntime.sleep(300)")
    alone.start(spec)
    await until(stage.said)
    keeper = json.loads((stage.home / "m.process.json").read_text())["keeper"]

    def zombies() -> int:
        return sum(one.parent == keeper and one.state == "Z" for one in read_all())

    await until(lambda: zombies() == 0)
    await asyncio.sleep(0.3)
    await until(lambda: zombies() == 0)
    await alone.kill(spec)


async def test_killed_keeper_leaves_a_program_that_is_found_and_ended(stage: Stage) -> None:
    spec = stage.spec(NAP)
    pid = stage.backend.start(spec)
    keeper = json.loads((stage.home / "m.process.json").read_text())["keeper"]
    os.kill(keeper, 9)

    assert stage.backend.adopt(spec) == pid
    await stage.backend.stop(spec)

    stat = read_stat(pid)
    assert stat is None or stat.has_ended


async def test_row_1_killed_daemon_leaves_program_and_log_alive(stage: Stage) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from hardware.work.process import ProcessBackend\n"
        "from solard.core.work import WorkSpec\n"
        "home = Path(sys.argv[2])\n"
        "say = 'import time\\nwhile True: print(time.time(), flush=True); time.sleep(0.05)'\n"
        "spec = WorkSpec(name='m', role='other', command=(sys.executable, '-c', say))\n"
        "print(ProcessBackend(home, home / 'log').start(spec), flush=True)\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    root = str(Path(__file__).parents[2])
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, root, str(stage.home)), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await daemon.communicate()
    assert daemon.returncode == -9
    spec = stage.spec(NAP)

    assert stage.backend.adopt(spec) == int(said)
    before = len(stage.said())
    await until(lambda: len(stage.said()) > before + 3)


async def test_row_38_program_of_another_user_reads_no_secrets(stage: Stage) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: it runs a program as another user")
    secret = stage.home / "hotkey"
    secret.write_text("seed")
    secret.chmod(0o600)
    stage.home.chmod(0o755)
    code = f"import os; print(os.getuid() > 0); open({str(secret)!r})"
    # An interpreter that this user may run: ours may lie in root's home.
    command = ("/bin/sh", "-c", f"id -u; cat {secret}")
    spec = stage.spec(code, user="nobody", command=command)
    stage.backend.start(spec)

    await until(lambda: len(stage.said()) >= 2)
    await until(lambda: stage.backend.ending(spec))

    assert int(stage.said()[0]) > 0
    assert "Permission denied" in stage.said()[1]
    assert stage.backend.ending(spec) == "exit status 1"


async def test_unknown_user_is_a_sentence(stage: Stage) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: it runs a program as another user")
    with pytest.raises(WorkloadNotStarted, match=r"'m' does not start: .*no-such-user"):
        stage.backend.start(stage.spec(NAP, user="no-such-user"))


async def test_row_57_no_free_descriptor_is_a_sentence_and_no_crash(stage: Stage) -> None:
    spec = stage.spec(NAP)
    (stage.home / "log").mkdir()
    low, high = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = os.dup(0)
    os.close(taken)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 2, high))
    try:
        with pytest.raises(WorkloadNotStarted, match="Too many open files"):
            stage.backend.start(spec)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, high))

    assert stage.backend.start(spec) > 0


async def test_program_in_state_d_is_named_as_what_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process that waits for a driver stays; the kernel's view of one is written here."""
    proc = stage.home / "proc"
    (proc / "4000000").mkdir(parents=True)
    fields = " ".join(["D", "1", "4000000", "4000000", *["0"] * 15, "77", *["0"] * 10])
    (proc / "4000000" / "stat").write_text(f"4000000 (miner) {fields}\n")
    record = {"pid": 4_000_000, "start_ticks": 77, "keeper": 0, "keeper_ticks": 0, "group": []}
    (stage.home / "d.process.json").write_text(json.dumps(record))
    spec = WorkSpec(name="d", role="other", command=("d",), grace_s=0.1)

    with monkeypatch.context() as patched:
        patched.setattr(processes, "PROC", proc)
        patched.setattr("hardware.work.process.DYING_S", 0.2)
        with pytest.raises(WorkloadStuck, match=r"pid 4000000\) does not end, .* \(state D\)"):
            await stage.backend.kill(spec)


def test_caps_that_cannot_be_had_are_said_in_one_line(tmp_path: Path) -> None:
    backend = ProcessBackend(tmp_path)
    spec = WorkSpec(name="m", role="other", command=("m",), caps=WorkCaps(tasks=5))

    note = backend.note(spec)

    assert note is not None
    assert note.startswith("its caps (tasks) are not enforced here: run solard under systemd")
    assert "\n" not in note


@pytest.mark.parametrize(
    ("mounts", "own", "base"),
    [
        ("", "0::/x\n", None),
        ("cgroup2 {root}/two cgroup2 rw 0 0\n", "0::/nowhere\n", None),
        ("cgroup2 {root}/two cgroup2 rw 0 0\n", "1:name=systemd:/\n", None),
        ("cgroup2 {root}/two cgroup2 rw 0 0\n", "0::/mine\n", "two/mine"),
    ],
)
def test_groups_are_made_where_the_kernel_lets_us(
    tmp_path: Path, mounts: str, own: str, base: str | None
) -> None:
    (tmp_path / "two" / "mine").mkdir(parents=True)
    for name in ("cgroup.procs", "cgroup.controllers", "cgroup.subtree_control"):
        (tmp_path / "two" / "mine" / name).write_text("")
    (tmp_path / "mounts").write_text(mounts.format(root=tmp_path))
    (tmp_path / "own").write_text(own)

    found = find_groups(tmp_path / "mounts", tmp_path / "own")

    assert (None if found is None else str(found.base.relative_to(tmp_path))) == base
