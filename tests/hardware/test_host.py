"""The machine itself, read through psutil."""

import os
import subprocess
import sys

from hardware.host import children_of, process_cpu_s, process_rss_bytes, read_host


def test_the_host_reads_within_sense():
    host = read_host()

    assert 0.0 <= host.cpu_share <= 1.0
    assert 0.0 < host.memory_share < 1.0


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
