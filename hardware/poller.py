"""Poll every device for ever: each at its own pace, each failure on its own."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from solard.core.errors import SolardError
from solard.core.readings import DeviceReading, PointReading
from solard.system.clock import Clock, real_period_s

_log = logging.getLogger(__name__)

_LONGEST_POLL_S = 60.0
"""No poll may hang for longer, whatever its device and our code do."""
_LONGEST_PAUSE_S = 60.0
"""Many gateways hang up on who is silent for two minutes."""
_TELL_AGAIN_S = 600.0
"""A device whose troubles change all the time is no more than one line in ten minutes."""
_STUCK_S = 15.0
"""How long a poll may outlive its limit before it is given up for dead."""


class Device(Protocol):
    """Something that can be polled."""

    device_id: str
    period_s: float
    """Wanted time between two polls, in site seconds."""
    min_interval_s: float
    """Shortest time between two polls that it stands, in real seconds."""

    async def poll(self) -> tuple[PointReading, ...]:
        """Return its values; raise SolardError with a sentence."""
        ...

    async def close(self) -> None:
        """Let go of its connection."""
        ...

    def reset(self) -> None:
        """Begin anew, even where a poll that nobody can end still goes on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait after a failed poll: longer each time, never in step. Real seconds."""

    first_s: float = 0.5
    soon_s: float = 4.0
    """The longest wait while a device may be restarting: it is read again within 5 s."""
    soon_failures: int = 150
    """So many are ten minutes; a device away for longer is away."""
    longest_s: float = 60.0

    def delay_s(self, failures: int) -> float:
        """Return the wait after the n-th failure in a row, up to a quarter shorter by chance."""
        wait_s = min(self.first_s * 2.0 ** min(failures - 1, 30), self.soon_s)
        if failures > self.soon_failures:
            wait_s *= 2.0 ** min(failures - self.soon_failures, 30)
        return min(wait_s, self.longest_s) * random.uniform(0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollHealth:
    """How one device answers."""

    device_id: str
    polls_ok: int
    polls_failed: int
    period_s: float
    """Effective poll period in site seconds."""
    last_duration_s: float | None
    """Of the last good poll, real seconds."""
    error: str | None
    """A sentence while it does not answer."""
    retry_in_s: float | None
    """Real seconds; None while it answers."""


@dataclass(slots=True)
class _Record:
    device: Device
    polls_ok: int = 0
    polls_failed: int = 0
    failures: int = 0
    period_s: float = 0.0
    last_duration_s: float | None = None
    error: str | None = None
    retry_at_s: float = 0.0
    told_s: float = 0.0
    """When its trouble was last logged."""
    alive_until_s: float = 0.0
    """Its task is stuck where this moment passes without a new one."""
    task: "asyncio.Task[None] | None" = None


class Poller:
    """One task for each device, and one DeviceReading for each poll, good or failed."""

    def __init__(
        self,
        devices: Iterable[Device],
        clock: Clock,
        on_reading: Callable[[DeviceReading], None],
        backoff: Backoff | None = None,
        *,
        longest_poll_s: float = _LONGEST_POLL_S,
        stuck_s: float = _STUCK_S,
    ) -> None:
        """Hand every reading to `on_reading`, which must not wait; times are real seconds."""
        self._longest_poll_s = longest_poll_s
        self._stuck_s = stuck_s
        self._clock = clock
        self._on_reading = on_reading
        self._backoff = backoff or Backoff()
        self._records = [_Record(device) for device in devices]
        for record in self._records:
            record.period_s = self._real_period_s(record) * clock.speed

    async def run(self) -> None:
        """Poll until cancelled, then close the devices."""
        try:
            async with asyncio.TaskGroup() as group:
                for record in self._records:
                    record.task = group.create_task(self._poll_for_ever(record))
                group.create_task(self._watch(group))
        finally:
            for record in self._records:
                await record.device.close()

    def health(self) -> tuple[PollHealth, ...]:
        """Return how each device answers, in the order of the devices."""
        return tuple(
            PollHealth(
                device_id=record.device.device_id,
                polls_ok=record.polls_ok,
                polls_failed=record.polls_failed,
                period_s=record.period_s,
                last_duration_s=record.last_duration_s,
                error=record.error,
                retry_in_s=None if record.error is None else _left_s(record.retry_at_s),
            )
            for record in self._records
        )

    async def _watch(self, group: asyncio.TaskGroup) -> None:
        """Replace a task that is stuck beyond every limit: code of others may swallow a cancel."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._stuck_s / 3)
            for record in self._records:
                if record.task is None or not 0 < record.alive_until_s < loop.time():
                    continue
                _log.error("poll is stuck and begins anew: device=%s", record.device.device_id)
                record.task.cancel()
                record.device.reset()
                record.alive_until_s = 0.0
                record.task = group.create_task(self._poll_for_ever(record))

    async def _poll_for_ever(self, record: _Record) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started_s = loop.time()
            record.alive_until_s = started_s + self._longest_poll_s + self._stuck_s
            reading = await self._poll(record, started_s)
            if reading.error is None:
                wait_s = started_s + self._real_period_s(record) - loop.time()
            else:
                wait_s = self._backoff.delay_s(record.failures)
                wait_s = max(wait_s, record.device.min_interval_s)
                record.retry_at_s = loop.time() + wait_s
            if asyncio.current_task() is not record.task:
                return  # the watch has given this task up; another polls
            self._on_reading(reading)
            record.alive_until_s = loop.time() + max(wait_s, 0.0) + self._stuck_s
            await asyncio.sleep(max(wait_s, 0.0))

    async def _poll(self, record: _Record, started_s: float) -> DeviceReading:
        points: tuple[PointReading, ...] = ()
        try:
            async with asyncio.timeout(self._longest_poll_s):
                points = await record.device.poll()
        except TimeoutError:
            self._note_failure(record, f"a poll took longer than {self._longest_poll_s:g} s")
        except SolardError as err:
            self._note_failure(record, str(err))
        except Exception as err:
            _log.exception("poll broke: device=%s", record.device.device_id)
            self._note_failure(record, f"solard itself failed: {type(err).__name__}: {err}")
        else:
            self._note_success(record, asyncio.get_running_loop().time() - started_s)
        return DeviceReading(
            device_id=record.device.device_id,
            measured_at=self._clock.now(),
            measured_s=self._clock.monotonic_s(),
            period_s=record.period_s,
            points=points,
            error=record.error,
        )

    def _note_success(self, record: _Record, duration_s: float) -> None:
        if record.error is not None:
            _log.info(
                "device is back: device=%s failed_polls=%d",
                record.device.device_id,
                record.failures,
            )
        record.polls_ok += 1
        record.failures = 0
        record.error = None
        record.last_duration_s = duration_s
        record.period_s = self._real_period_s(record) * self._clock.speed

    def _note_failure(self, record: _Record, said: str) -> None:
        error = said.removeprefix(f'device "{record.device.device_id}": ')
        now_s = asyncio.get_running_loop().time()
        is_news = record.error is None or now_s - record.told_s >= _TELL_AGAIN_S
        if error != record.error and is_news:
            record.told_s = now_s
            _log.warning(
                "device does not answer: device=%s error=%s", record.device.device_id, error
            )
        record.polls_failed += 1
        record.failures += 1
        record.error = error

    def _real_period_s(self, record: _Record) -> float:
        """Return the pace that site time asks for and the device keeps up with, real seconds."""
        # A device that needs half of its period for an answer is being polled too fast.
        slowest_s = 2.0 * (record.last_duration_s or 0.0)
        wanted_s = real_period_s(self._clock, record.device.period_s, record.device.min_interval_s)
        return min(max(wanted_s, slowest_s), _LONGEST_PAUSE_S)


def _left_s(at_s: float) -> float:
    return max(0.0, at_s - asyncio.get_running_loop().time())
