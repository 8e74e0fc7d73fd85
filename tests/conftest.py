"""What holds for the whole suite: no test leaves a process behind, none is judged by the clock."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

MARK = "SOLARD_TEST_RUN"

settings.register_profile("solard", deadline=None)  # a busy machine is no failure
settings.load_profile("solard")


@pytest.fixture(scope="session", autouse=True)
def no_process_left() -> Iterator[None]:
    """Mark every child by its environment, and look for the mark when all is over."""
    os.environ[MARK] = str(os.getpid())
    yield
    left = marked(f"{MARK}={os.getpid()}".encode())
    assert not left, f"tests left processes behind: {left}"


def marked(mark: bytes) -> dict[int, str]:
    """Return pid and command line of every other living process with this in its environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(entry.name)] = command
        except OSError:
            continue  # gone meanwhile, or not ours
    return found
