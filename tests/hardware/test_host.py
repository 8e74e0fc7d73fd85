"""The machine itself, read through psutil."""

import os
import socket
import time
from pathlib import Path

from hardware.host import HostReader, listener_on


def test_the_host_reads_within_sense(tmp_path: Path):
    reader = HostReader(tmp_path)
    first = reader.read()
    assert (first.cpu_share, first.received_bytes_per_s) == (None, None), "nothing to compare with"

    time.sleep(0.05)
    host = reader.read()

    assert host.cpu_share is not None
    assert 0.0 <= host.cpu_share <= 1.0
    assert 0.0 < host.memory_share < 1.0
    assert host.disk_share is not None
    assert 0.0 < host.disk_share < 1.0
    assert host.received_bytes_per_s is not None
    assert host.received_bytes_per_s >= 0.0


def test_disk_that_is_not_there_is_unknown(tmp_path: Path):
    assert HostReader(tmp_path / "gone").read().disk_share is None


def test_listener_is_named_by_its_pid():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        who = listener_on(port)

    assert who is not None
    assert who.startswith(f"pid {os.getpid()} (")
    assert listener_on(port) is None
