"""A job's exit status is known, whoever was there when it ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from solard.system.run_job import read_result

ROOT = Path(__file__).parents[2]


def command(tmp_path: Path, *job: str) -> list[str]:
    module = [sys.executable, "-m", "solard.system.run_job"]
    return [*module, str(tmp_path / "result.json"), str(tmp_path / "home"), *job]


def run(tmp_path: Path, *job: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(tmp_path, *job), cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )


def test_the_status_is_written_down_and_never_our_own(tmp_path: Path) -> None:
    ran = run(tmp_path, "sh", "-c", "exit 3")

    assert (ran.returncode, read_result(tmp_path / "result.json")) == (0, 3)


def test_a_job_works_in_a_directory_of_its_own(tmp_path: Path) -> None:
    run(tmp_path, "sh", "-c", "pwd > where")

    assert (tmp_path / "home" / "where").read_text().strip() == str(tmp_path / "home")


def test_a_signal_to_the_group_lets_the_job_save_and_is_survived_here(tmp_path: Path) -> None:
    saves = "trap 'touch saved; exit 0' USR1; touch ready; while :; do sleep 0.05; done"
    child = subprocess.Popen(command(tmp_path, "sh", "-c", saves), cwd=ROOT, start_new_session=True)
    deadline = time.monotonic() + 20.0
    while not (tmp_path / "home" / "ready").exists():
        assert time.monotonic() < deadline, "the job did not start"
        time.sleep(0.02)

    os.killpg(child.pid, signal.SIGUSR1)

    assert child.wait(timeout=20) == 0
    assert (tmp_path / "home" / "saved").exists()
    assert read_result(tmp_path / "result.json") == 0


def test_a_program_that_does_not_exist_is_status_127_with_a_sentence(tmp_path: Path) -> None:
    ran = run(tmp_path, "/opt/train.sh")

    assert read_result(tmp_path / "result.json") == 127
    assert ran.stderr == (
        "solard: /opt/train.sh does not start: No such file or directory; check the job\n"
    )


def test_no_result_and_nonsense_are_no_status(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"status": "fine"}')

    assert read_result(tmp_path / "none.json") is None
    assert read_result(tmp_path / "bad.json") is None
