"""Two hundred kills at random of a program, its children, its keeper and the daemon: no orphans."""

import asyncio
import json
import os
import random
import sys
import tempfile
from pathlib import Path

import pytest

from hardware.work.cgroup import find_groups
from hardware.work.process import ProcessBackend
from solard.core.work import WorkSpec
from solard.system.processes import read_stat

KILLS = 200
FAMILY = """
import os, subprocess, sys, time
say = "import os, time; open({mark!r}, 'a').write(f'{{os.getpid()}} '); time.sleep(300)"
for alone in (False, True):
    subprocess.Popen([sys.executable, "-c", say], start_new_session=alone)
exec(say)
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_row_1_two_hundred_random_kills_leave_no_orphan_and_never_two_programs() -> None:
    groups = find_groups()
    if groups is None:
        pytest.skip("no cgroup can be made here: who leaves his session is then found by descent")
    chance = random.Random(6)
    with tempfile.TemporaryDirectory(prefix="kills-") as directory:
        home, mark = Path(directory), Path(directory) / "pids"
        code = FAMILY.format(mark=str(mark))
        spec = WorkSpec(name="m", role="other", command=(sys.executable, "-c", code))
        backend = ProcessBackend(home, home, groups)
        generations = 0
        try:
            for _ in range(KILLS):
                if chance.random() < 0.25:
                    backend = ProcessBackend(
                        home, home, groups
                    )  # the daemon died, and its next one
                if backend.adopt(spec) is None:
                    earlier = set(_pids(mark))
                    backend.start(spec)
                    generations += 1
                    await asyncio.sleep(chance.random() * 0.3)
                    assert not [pid for pid in earlier if _lives(pid)], "of an earlier start"
                record = json.loads((home / "m.process.json").read_text())
                ours = [record["pid"], record["keeper"], *filter(_lives, _pids(mark))]
                _kill(chance.choice(ours))
                await asyncio.sleep(chance.random() * 0.1)
        finally:
            await backend.stop(spec)

        assert not [pid for pid in _pids(mark) if _lives(pid)]
        assert generations > 20


def _pids(mark: Path) -> list[int]:
    return [int(word) for word in mark.read_text().split()] if mark.exists() else []


def _lives(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and not stat.has_ended


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
