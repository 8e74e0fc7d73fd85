"""What the three programs share: run until SIGTERM, work in loops that outlive failures."""

import asyncio
import gc
import logging
import random
import resource
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from solard.core.errors import SolardError

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 10.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Health:
    """What does not work right now, by part."""

    problems: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Return `ok`, or the oldest problem."""
        return next(iter(self.problems.values()), "ok")

    def report(self, part: str, problem: str | None) -> None:
        """Note or clear a part's problem; log each change once."""
        before = self.problems.get(part)
        if problem is None:
            self.problems.pop(part, None)
            if before is not None:
                log.info("works again part=%s", part)
        elif before != problem:
            self.problems[part] = problem
            log.warning("does not work part=%s problem=%s", part, problem)


def leave_no_core() -> None:
    """Let the kernel write no core dump of this process: its memory holds a key."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def keep_what_is_loaded() -> None:
    """Take modules and classes out of the collector's sight: a look at all took 20 to 40 ms.

    In that time an axon answered nobody, and a flood's garbage brought it about.
    """
    gc.collect()
    gc.freeze()


async def repeat(
    part: str, health: Health, period_s: Callable[[], float], work: Callable[[], Awaitable[None]]
) -> None:
    """Run `work` for ever, every `period_s()` real seconds; after an error back off 0.5 → 10 s."""
    retry_s = FIRST_RETRY_S
    while True:
        try:
            await work()
        except SolardError as err:
            health.report(part, str(err))
            # Jitter, so that neurons do not all come back to a restarted node at once.
            await asyncio.sleep(retry_s * random.uniform(0.8, 1.2))
            retry_s = min(2 * retry_s, LAST_RETRY_S)
            continue
        health.report(part, None)
        retry_s = FIRST_RETRY_S
        await asyncio.sleep(period_s())


async def until_stopped(*loops: Awaitable[None]) -> None:
    """Run loops until SIGTERM or SIGINT, then cancel them; raise what one of them raises."""
    keep_what_is_loaded()
    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    tasks = [asyncio.ensure_future(one) for one in (*loops, stop.wait())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
