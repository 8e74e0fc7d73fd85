"""Forecast and plan in processes of their own: a deadline, and nothing left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import TypeVar

from solard.core.calibration import Calibration
from solard.core.codec import CodecError
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.plan import Plan
from solard.core.planning import ForecastRequest, PlanRequest
from solard.core.records import RECORD_CODEC

T = TypeVar("T")

DEADLINE_S = 60.0
"""Real seconds, imports included; a small computer under load takes a while."""
CALIBRATION_DEADLINE_S = 300.0
"""Three years of quarter hours."""


class WorkerFailed(SolardError):
    """A forecast or plan was not made."""


async def run_forecast(request: ForecastRequest, deadline_s: float = DEADLINE_S) -> Forecast:
    """Return a forecast; raise WorkerFailed with a sentence."""
    return await _run("forecast", request, Forecast, deadline_s)


async def run_calibration(
    request: ForecastRequest, deadline_s: float = CALIBRATION_DEADLINE_S
) -> Calibration:
    """Return what the request's history teaches; raise WorkerFailed with a sentence."""
    return await _run("forecast", request, Calibration, deadline_s, "--calibrate")


async def run_plan(request: PlanRequest, deadline_s: float = DEADLINE_S) -> Plan:
    """Return a plan; raise WorkerFailed with a sentence."""
    return await _run("plan", request, Plan, deadline_s)


async def _run(name: str, request: object, kind: type[T], deadline_s: float, *arguments: str) -> T:
    codec = RECORD_CODEC
    # Months of history are megabytes: the loop must not wait for them.
    question = (await asyncio.to_thread(codec.dumps, request)).encode()
    process = await _start(name, arguments)
    try:
        async with asyncio.timeout(deadline_s):
            answer, said = await process.communicate(question)
    except TimeoutError as err:
        raise WorkerFailed(
            f"the {name} worker gave no answer in {deadline_s:g} s and was ended; "
            "the last one stays in force"
        ) from err
    finally:
        await _end(process)
    if process.returncode != 0:
        raise WorkerFailed(f"the {name} worker failed: {_last_words(said, process.returncode)}")
    try:
        made: T = codec.loads(kind, answer.decode(errors="replace"))
    except CodecError as err:
        raise WorkerFailed(f"the {name} worker answered nonsense: {err}") from err
    return made


async def _start(name: str, arguments: tuple[str, ...]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", f"scheduler.{name}_worker", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as err:
        raise WorkerFailed(f"the {name} worker does not start: {err}") from err


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the worker's whole process group where it still runs: late, or nobody wants it."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _last_words(said: bytes, status: int | None) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    if lines:
        return lines[-1]
    if status is not None and status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it said nothing (exit status {status})"
