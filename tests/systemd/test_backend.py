"""Workloads through `systemctl`: here a script that starts and ends real processes as it would.

The real one is asked in boot.sh.
"""

import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.work.systemd import SystemdBackend, UnitRefused, runs_as_our_unit, unit_of
from solard.core.work import WorkSpec

SYSTEMCTL = """\
#!/bin/sh
# systemctl --no-ask-password VERB [--property=MainPID --value] UNIT, for one unit
shift; verb=$1; home=$(dirname "$0")
echo "$@" >>"$home/asked"
for unit; do :; done
name=${unit#solard-miner@}; name=${name%.service}
case $verb in
  start)
    [ ! -e "$home/deny" ] || { echo "Failed to start $unit: Access denied" >&2; exit 4; }
    setsid PYTHON -m solard.system.exec_work "$name" </dev/null >/dev/null 2>&1 &
    echo $! >"$home/pid" ;;
  show)
    case "$*" in
      *MainPID*) cat "$home/pid" 2>/dev/null || echo 0 ;;
      *FreezerState*) echo FreezerState=running ;;
      *) echo ;;
    esac ;;
  kill) signal=${2#--signal=SIG}; kill -"$signal" "$(cat "$home/pid")" ;;
  stop) kill "$(cat "$home/pid")" 2>/dev/null; rm -f "$home/pid" ;;
esac
"""


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that is first on PATH, and the workloads' directory below it."""
    (tmp_path / "run/work").mkdir(parents=True)
    script = tmp_path / "systemctl"
    script.write_text(SYSTEMCTL.replace("PYTHON", sys.executable), encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SOLARD_HOME", str(tmp_path))
    yield tmp_path
    pid = tmp_path / "pid"
    if pid.exists():
        os.kill(int(pid.read_text(encoding="ascii")), signal.SIGKILL)


def spec(name: str = "nap") -> WorkSpec:
    return WorkSpec(name=name, role="other", command=("sleep", "60"))


def asked(home: Path) -> list[str]:
    return (home / "asked").read_text(encoding="utf-8").splitlines()


async def test_started_workload_is_found_until_it_is_stopped(systemctl: Path) -> None:
    backend = SystemdBackend(systemctl / "run/work")

    pid = backend.start(spec())

    assert backend.adopt(spec()) == pid
    await backend.stop(spec())
    assert backend.adopt(spec()) is None


def test_killed_workload_is_not_found_any_more(systemctl: Path) -> None:
    backend = SystemdBackend(systemctl / "run/work")
    pid = backend.start(spec())

    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([descriptor], [], [])
    os.close(descriptor)
    (systemctl / "pid").unlink()

    assert backend.adopt(spec()) is None


def test_another_backend_adopts_what_runs(systemctl: Path) -> None:
    pid = SystemdBackend(systemctl / "run/work").start(spec())

    assert SystemdBackend(systemctl / "run/work").adopt(spec()) == pid


def test_looking_after_a_running_workload_starts_no_process(systemctl: Path) -> None:
    backend = SystemdBackend(systemctl / "run/work")
    backend.start(spec())
    before = len(asked(systemctl))

    for _ in range(10):
        backend.adopt(spec())

    assert len(asked(systemctl)) == before


def test_workload_that_does_not_run_is_not_asked_for_at_every_look(systemctl: Path) -> None:
    backend = SystemdBackend(systemctl / "run/work")

    for _ in range(10):
        assert backend.adopt(spec()) is None

    assert len(asked(systemctl)) == 1


def test_refusal_says_what_is_missing(systemctl: Path) -> None:
    (systemctl / "deny").touch()

    with pytest.raises(UnitRefused, match="polkit"):
        SystemdBackend(systemctl / "run/work").start(spec())


@pytest.mark.parametrize("name", ["", "Evil", "a b", "../x", "a" * 27, "x.service"])
def test_name_that_the_rules_do_not_allow_is_refused(name: str) -> None:
    with pytest.raises(UnitRefused, match="cannot be a unit"):
        unit_of(name)


def test_tests_do_not_run_as_the_installed_daemon() -> None:
    assert not runs_as_our_unit()
