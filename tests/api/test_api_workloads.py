"""A workload's process may read the API and not command it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from api_values import Desk

from solard.api.server import ApiServer

WORKLOAD_GID = 54321
PROGRAM = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
os.setgroups([0])
os.setgid(int(sys.argv[2]))
from solard.client import Client
client = Client(Path(sys.argv[1]))
print(asyncio.run(client.view()).site)
asyncio.run(client.pause(datetime(2030, 1, 1, tzinfo=UTC)))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a workload")
async def test_a_workload_reads_and_may_not_command(tmp_path: Path) -> None:
    desk, socket = Desk(), tmp_path / "api.sock"
    async with ApiServer(desk, socket, workload_gids=frozenset({WORKLOAD_GID})):
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PROGRAM, str(socket), str(WORKLOAD_GID)],
            capture_output=True,
            text=True,
            check=False,
        )

    assert ended.stdout.strip() != ""
    assert "workloads may read this API, not command it" in ended.stderr
    assert desk.asked == []
