"""What systemd hears, on a real datagram socket."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from solard.system.notify import notify, reloading, watchdog_period_s


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(path))
        link.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield link


def test_messages_arrive_together(supervisor: socket.socket) -> None:
    assert notify("READY=1", "STATUS=12 % battery: the rig waits.") is True

    assert supervisor.recv(4096).decode() == "READY=1\nSTATUS=12 % battery: the rig waits."


def test_abstract_address_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"solard-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(f"\0{name}")
        link.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")

        assert notify("WATCHDOG=1") is True

        assert link.recv(4096) == b"WATCHDOG=1"


def test_nobody_to_hear_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is False

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert notify("READY=1") is False


def test_supervisor_that_reads_nothing_does_not_stop_us(
    supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    while notify("STATUS=waiting") and taken < 10_000:
        taken += 1

    assert 0 < taken < 10_000
    assert supervisor.recv(4096) == b"STATUS=waiting"
    assert notify("READY=1") is True


def test_reload_says_when_it_began() -> None:
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", reloading())


def test_watchdog_wants_a_sign_in_half_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert watchdog_period_s() == 15.0

    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert watchdog_period_s() == 15.0


def test_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_period_s() is None

    monkeypatch.delenv("WATCHDOG_USEC")
    assert watchdog_period_s() is None
