"""Forecast and plan in processes of their own: a deadline, and nothing left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import TypeVar

from solard.core.codec import Codec
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.plan import Plan
from solard.core.planning import ForecastRequest, PlanRequest

T = TypeVar("T")

DEADLINE_S = 60.0
"""Real seconds, imports included; a small computer under load takes a while."""


class WorkerFailed(SolardError):
    """A forecast or plan was not made."""


async def run_forecast(request: ForecastRequest, deadline_s: float = DEADLINE_S) -> Forecast:
    """Return a forecast; raise WorkerFailed with a sentence."""
    return await _run("forecast", request, Forecast, deadline_s)


async def run_plan(request: PlanRequest, deadline_s: float = DEADLINE_S) -> Plan:
    """Return a plan; raise WorkerFailed with a sentence."""
    return await _run("plan", request, Plan, deadline_s)


async def _run(name: str, request: object, kind: type[T], deadline_s: float) -> T:
    codec = Codec()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"scheduler.{name}_worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(deadline_s):
            out, err = await process.communicate(codec.dumps(request).encode())
    except TimeoutError as late:
        raise WorkerFailed(f"the {name} took longer than {deadline_s:g} s") from late
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise WorkerFailed(f"the {name} failed ({process.returncode}): {last[0]}")
    answer: T = codec.loads(kind, out.decode())
    return answer
