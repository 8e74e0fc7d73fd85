"""Looks at programs that know nothing of solard: ports, answers, logs, draw, rate."""

import asyncio
import contextlib
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hardware.host import listener_on
from hardware.http.document import NotJson, find, read_document, to_number
from hardware.http.door import HttpDoor, SourceError
from hardware.work.logs import Tail, WorkLog
from solard.core.errors import SolardError
from solard.core.work import HealthChecks, ModeAction, RateKind, RateSource, SelfQuery, WorkSpec
from solard.core.work_health import Health, HealthMemory, after_look, judge

LOOPBACK = "127.0.0.1"
PROGRAM_S = 10.0
"""Real seconds that the program of a signed question may take beside the question itself."""
ANSWERS = frozenset({200, 401, 403, 429})
"""What a working axon says to a stranger: it verifies, and refuses."""
BROKEN = 500
"""What an axon of bittensor 8 to 10 says to a question that lacks a field."""
_SAMPLE = re.compile(r"^([A-Za-z_:][A-Za-z0-9_:]*)(\{[^}]*\})?\s+(\S+)")

LogOf = Callable[[WorkSpec], WorkLog]


class PortTaken(SolardError):
    """Somebody else listens where a workload wants to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What looking at a program says."""

    health: Health
    rate: float | None = None


@dataclass(slots=True)
class _Watch:
    """One life of one program. Moments are real seconds."""

    pid: int
    began_s: float
    memory: HealthMemory = field(default_factory=HealthMemory)
    looked_s: float = float("-inf")
    rated_s: float = float("-inf")
    matched_s: float = 0.0
    drew_s: float = 0.0
    rate: float | None = None
    counted: tuple[float, float] | None = None
    """Moment and value of a growing number."""
    tail: Tail | None = None


class Probe:
    """Remembers, for each program, what its looks found."""

    def __init__(self, log_of: LogOf) -> None:
        self._log_of = log_of
        self._watches: dict[str, _Watch] = {}

    async def look(self, spec: WorkSpec, pid: int, draw_w: float | None) -> Finding:
        """Return how a program fares; looks as often as its description says.

        `draw_w` is what its cards draw together, None where that is unknown or does not count.
        """
        now_s = time.monotonic()
        watch = self._watches.get(spec.name)
        if watch is None or watch.pid != pid:
            self.forget(spec)
            watch = _Watch(pid, now_s, matched_s=now_s, drew_s=now_s)
            self._watches[spec.name] = watch
        await self._read_log(spec, watch, now_s)
        checks = spec.health
        if checks is None:
            health = Health(text="ok")
        else:
            if draw_w is None or checks.draw_above_w is None or draw_w >= checks.draw_above_w:
                watch.drew_s = now_s
            if now_s - watch.looked_s >= checks.every_s:
                watch.looked_s = now_s
                faults = await self._faults(spec, checks, watch, now_s)
                watch.memory = after_look(watch.memory, faults)
            health = judge(watch.memory, checks, lived_s=now_s - watch.began_s)
        if spec.rate is not None and now_s - watch.rated_s >= spec.rate.every_s:
            watch.rated_s = now_s
            await self._read_rate(spec.rate, watch, now_s)
        return Finding(health=health, rate=None if health.is_sick else watch.rate)

    def forget(self, spec: WorkSpec) -> None:
        """Begin anew with the next life of a program."""
        watch = self._watches.pop(spec.name, None)
        if watch is not None and watch.tail is not None:
            watch.tail.close()

    async def check_ports(self, spec: WorkSpec) -> None:
        """Raise PortTaken, naming who listens, where a program could not."""
        for port in spec.ports:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    _, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.close()
                who = await asyncio.to_thread(listener_on, port)
                raise PortTaken(
                    f"port {port} is taken{f' by {who}' if who else ''}; workload {spec.name!r} "
                    "waits until it is free"
                )

    async def tell(self, action: ModeAction) -> None:
        """Send a mode's HTTP call; raise SourceError where it is not taken."""
        door = HttpDoor(action.url, 5.0)
        try:
            await door.send(action.method, action.body)
        finally:
            await door.close()

    async def _faults(
        self, spec: WorkSpec, checks: HealthChecks, watch: _Watch, now_s: float
    ) -> tuple[str, ...]:
        found: list[str] = []
        if checks.port is not None and not await _accepts(checks.port, checks.timeout_s):
            found.append(f"port {checks.port} accepts nobody")
        if checks.url is not None:
            fault = await _answer_fault(checks.url, checks.timeout_s, spec.answer_within_s)
            found += [fault] if fault else []
        if checks.self_query is not None:
            fault = await _query_fault(checks.self_query, checks.timeout_s, spec.answer_within_s)
            found += [fault] if fault else []
        if checks.log is not None and now_s - watch.matched_s > checks.log_within_s:
            silent_s = now_s - watch.matched_s
            found.append(f'its log has not said "{checks.log}" for {silent_s:.0f} s')
        if checks.draw_above_w is not None and now_s - watch.drew_s > checks.draw_within_s:
            found.append(
                f"its cards have drawn less than {checks.draw_above_w:.0f} W for "
                f"{now_s - watch.drew_s:.0f} s"
            )
        return tuple(found)

    async def _read_log(self, spec: WorkSpec, watch: _Watch, now_s: float) -> None:
        health = re.compile(spec.health.log) if spec.health and spec.health.log else None
        rate = spec.rate if spec.rate and spec.rate.kind is RateKind.LOG else None
        if health is None and rate is None:
            return
        if watch.tail is None:
            watch.tail = await asyncio.to_thread(self._log_of(spec).follow)
        for line in await asyncio.to_thread(watch.tail.more):
            if health is not None and health.search(line.text):
                watch.matched_s = now_s
            if rate is not None:
                said = re.search(rate.pattern, line.text)
                number = to_number(said.group(1)) if said and said.re.groups else None
                if number is not None:
                    _take(watch, rate, number, now_s)

    async def _read_rate(self, source: RateSource, watch: _Watch, now_s: float) -> None:
        if source.kind is RateKind.LOG:
            return
        try:
            body = await _get(source.url, 5.0)
            if source.kind is RateKind.PROMETHEUS:
                number = read_metric(body.decode(errors="replace"), source.path)
            else:
                number = to_number(find(read_document(body), source.path))
        except (SourceError, NotJson):
            number = None
        if number is None:
            watch.rate = None
        else:
            _take(watch, source, number, now_s)


def read_metric(text: str, wanted: str) -> float | None:
    """Return the sum of a metric's samples in Prometheus text; None where it has none.

    `wanted` is a name, or a name with labels of which each must be there.
    """
    name, _, labels = wanted.partition("{")
    needed = {part.strip() for part in labels.rstrip("}").split(",") if part.strip()}
    total: float | None = None
    for line in text.splitlines():
        sample = _SAMPLE.match(line)
        if sample is None or sample[1] != name:
            continue
        have = {part.strip() for part in (sample[2] or "{}")[1:-1].split(",")}
        number = to_number(sample[3])
        if number is not None and needed <= have:
            total = number if total is None else total + number
    return total


def _take(watch: _Watch, source: RateSource, number: float, now_s: float) -> None:
    """Keep a rate, or make one of a growing number; a counter that fell has begun anew."""
    if not source.is_counter:
        watch.rate = number
        return
    before, watch.counted = watch.counted, (now_s, number)
    if before is not None and number >= before[1] and now_s > before[0]:
        watch.rate = (number - before[1]) / (now_s - before[0])


async def _accepts(port: int, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _answer_fault(url: str, within_s: float, answer_s: float | None) -> str | None:
    """Return what is wrong with an answer, its lateness too; None where nothing is."""
    started_s = time.monotonic()
    try:
        await _get(url, max(within_s, answer_s or 0.0))
    except SourceError as err:
        return str(err)
    took_s = time.monotonic() - started_s
    if answer_s is not None and took_s > answer_s:
        return f"answers in {took_s:.1f} s, later than {answer_s:g} s: that is no work"
    return None


async def _query_fault(query: SelfQuery, within_s: float, answer_s: float | None) -> str | None:
    """Ask a program's own axon, signed, by a process of its own; return what is wrong."""
    longest_s = max(within_s, answer_s or 0.0)
    words = (str(query.port), query.hotkey, query.protocol, f"{longest_s:g}", query.synapse)
    question = json.dumps({"fields": dict(query.fields), "hash_fields": query.hash_fields})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "miner.self_query", *words, question),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(longest_s + PROGRAM_S):
            said, _ = await process.communicate()
        answer = json.loads(said)
        status, took_s = int(answer["status"]), float(answer["took_s"])
    except (TimeoutError, ValueError, KeyError, TypeError):
        return "the signed question to its axon could not be asked"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status not in ANSWERS:
        fault = f"its axon answers a signed {query.synapse} with {status}: {answer['reason']}"
        hint = "; name the fields that it wants in health.self_query.fields"
        return fault + hint if status == BROKEN else fault
    if answer_s is not None and took_s > answer_s:
        return f"answers in {took_s:.1f} s, later than {answer_s:g} s: that is no work"
    return None


async def _get(url: str, within_s: float) -> bytes:
    door = HttpDoor(url, within_s)
    try:
        return await door.get()
    finally:
        await door.close()
