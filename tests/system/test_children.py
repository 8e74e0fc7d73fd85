"""Real children: reaped, found, adopted when orphaned, and ended whatever they do.

Each scene runs in a process of its own: pytest must not become a subreaper.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from solard.system.children import NotStarted, spawn

HEAD = """
import json, os, sys, time
from pathlib import Path
from solard.system.children import become_subreaper, end_all, reap, spawn
from solard.system.processes import descendants

def script(code):
    return [sys.executable, "-c", code]

def begin(code, name="child"):
    return spawn(script(code), env={"SCENE": "on"}, log=Path(sys.argv[1]) / f"{name}.log")

def until(look):
    ends = time.monotonic() + 15.0
    while not (seen := look()) and time.monotonic() < ends:
        time.sleep(0.02)
    return seen

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True);"
    "time.sleep(60)"
)
ORPHANS = (
    "import subprocess, sys;"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
    " start_new_session=True, stdout=subprocess.DEVNULL).pid, flush=True)"
)
def log(name="child"):
    path = Path(sys.argv[1]) / f"{name}.log"
    return path.read_text() if path.exists() else ""
"""


def play(scene: str, tmp_path: Path) -> Any:
    ran = subprocess.run(
        [sys.executable, "-c", HEAD + scene, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_ended_child_is_reaped_once(tmp_path: Path) -> None:
    seen = play(
        """
child = begin("print('hello')")
ended = until(reap)
print(json.dumps([ended == {child}, list(reap()), log()]))
""",
        tmp_path,
    )

    assert seen == [True, [], "hello\n"]


def test_child_has_its_own_session_and_the_environment_given(tmp_path: Path) -> None:
    seen = play(
        """
child = begin("import os; print(os.getsid(0) == os.getpid(), os.environ['SCENE'])")
until(reap)
print(json.dumps(log()))
""",
        tmp_path,
    )

    assert seen == "True on\n"


def test_all_generations_are_found(tmp_path: Path) -> None:
    seen = play(
        """
child = begin(
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(child.pid, flush=True); time.sleep(60)"
)
grandchild = int(until(log))
found = descendants(os.getpid())
killed = end_all(10.0)
print(json.dumps([found == {child, grandchild}, sorted(killed), sorted(descendants(os.getpid()))]))
""",
        tmp_path,
    )

    assert seen == [True, [], []]


def test_orphan_in_a_session_of_its_own_is_adopted_and_ended(tmp_path: Path) -> None:
    seen = play(
        """
become_subreaper()
begin(ORPHANS)
orphan = int(until(log))
until(reap)
adopted = orphan in descendants(os.getpid())
killed = end_all(10.0)
print(json.dumps([adopted, sorted(killed), Path(f"/proc/{orphan}").exists()]))
""",
        tmp_path,
    )

    assert seen == [True, [], False]


def test_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    seen = play(
        """
deaf = begin(STUBBORN, "deaf")
polite = begin(SLEEP, "polite")
until(lambda: log("deaf"))
killed = end_all(0.5)
print(json.dumps([killed == {deaf}, sorted(descendants(os.getpid()))]))
""",
        tmp_path,
    )

    assert seen == [True, []]


def test_stopped_child_is_ended_too(tmp_path: Path) -> None:
    seen = play(
        """
import signal
child = begin(SLEEP)
os.kill(child, signal.SIGSTOP)
while open(f"/proc/{child}/stat").read().rpartition(")")[2].split()[0] != "T":
    pass  # a SIGTERM before the stop has taken hold would be delivered first
killed = end_all(0.3)
print(json.dumps([child in killed, sorted(descendants(os.getpid()))]))
""",
        tmp_path,
    )

    assert seen == [True, []]


def test_child_ends_with_a_killed_parent(tmp_path: Path) -> None:
    scene = HEAD + "print(begin(SLEEP), flush=True)\ntime.sleep(60)\n"
    with subprocess.Popen(
        [sys.executable, "-c", scene, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    assert is_gone(child)


def is_gone(pid: int) -> bool:
    """Wait for a process that is not ours to end; whoever adopted it may not have reaped it."""
    import time

    ends = time.monotonic() + 10.0
    while time.monotonic() < ends:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_program_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match=r"/nowhere/miner does not start: .*No such file"):
        spawn(["/nowhere/miner"], env={}, log=tmp_path / "log")
    with pytest.raises(NotStarted, match=r"does not start: .*No such file"):
        spawn([sys.executable], env={}, log=tmp_path / "no" / "directory" / "log")
