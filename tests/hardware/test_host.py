"""The machine itself, read through psutil."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from hardware.host import HostReader, children_of, listener_on, process_cpu_s, process_rss_bytes


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


def test_a_process_has_memory_and_time():
    rss_bytes = process_rss_bytes(os.getpid())
    cpu_s = process_cpu_s(os.getpid())

    assert rss_bytes is not None
    assert rss_bytes > 1e6
    assert cpu_s is not None
    assert cpu_s > 0.0


def test_a_process_that_is_gone_is_unknown():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert process_rss_bytes(process.pid) is None
    assert process_cpu_s(process.pid) is None
    assert children_of(process.pid) == ()


def test_children_are_found():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = children_of(os.getpid())
        child.communicate(b"\n")

    assert child.pid in found
