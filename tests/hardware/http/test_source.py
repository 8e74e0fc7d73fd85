"""Sources over HTTP, asked on a real socket: what they say, and everything they may say wrong."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from hardware.http.door import SourceError
from hardware.http.source import HttpSource, SourcePoint, SourceSpec
from solard.core.readings import Quality

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def say(body: object, *, status: str = "200 OK", kind: str = "application/json") -> Answer:
    """Answer with a document, or with bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)

    return answer


async def pour(writer: asyncio.StreamWriter) -> None:
    """Send 50 MB, as a wrong address behind a reverse proxy would."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
    for _ in range(800):
        writer.write(b"[" * 62500)
        await writer.drain()


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, for longer than anybody should wait."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def stay_silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def greet(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


@contextlib.asynccontextmanager
async def served(*script: Answer) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer for each request, the last for ever; yield the URL and the requests."""
    asked: list[bytes] = []
    open_tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                await script[min(len(asked), len(script)) - 1](writer)
                await writer.drain()
        writer.close()
        open_tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/state", asked
    finally:
        server.close()
        for task in tuple(open_tasks):
            task.cancel()
        await server.wait_closed()


PV = SourcePoint(name="pv_power", path="result.pvPower", unit="W")
GRID = SourcePoint(name="grid_power", path="result.grid.power", unit="W")


@contextlib.asynccontextmanager
async def source(url: str, *points: SourcePoint, **options: object) -> AsyncIterator[HttpSource]:
    spec = SourceSpec(device_id="evcc", url=url, points=points or (PV,), timeout_s=0.5, **options)
    one = HttpSource(spec, lambda: NOON)
    try:
        yield one
    finally:
        await one.close()


async def values(one: HttpSource) -> dict[str, tuple[object, Quality]]:
    return {point.name: (point.value, point.quality) for point in await one.poll()}


async def test_values_come_from_their_paths_in_our_units_and_signs():
    answer = {"result": {"pvPower": 4.2, "grid": {"power": 150}, "list": [{"soc": 0.87}]}}
    points = (
        SourcePoint(name="pv_power", path="result.pvPower", unit="W", scale=1000),
        SourcePoint(name="battery_power", path="result.grid.power", unit="W", scale=-1),
        SourcePoint(name="battery_soc", path="result.list.0.soc", unit="%", scale=100),
    )
    async with served(say(answer)) as (url, _), source(url, *points) as one:
        assert await values(one) == {
            "pv_power": (4200, Quality.GOOD),
            "battery_power": (-150, Quality.GOOD),
            "battery_soc": (87, Quality.GOOD),
        }


async def test_home_assistant_writes_numbers_in_quotes():
    point = SourcePoint(name="load_power", path="state", unit="W")
    async with (
        served(say({"state": "812.5"})) as (url, asked),
        source(url, point, token="long-lived") as one,
    ):
        assert await values(one) == {"load_power": (812.5, Quality.GOOD)}

    assert b"Authorization: Bearer long-lived" in asked[0]


async def test_load_is_what_sun_and_grid_bring_where_nobody_measures_it():
    answer = {"result": {"pvPower": 3000, "grid": {"power": -1200}}}
    async with served(say(answer)) as (url, _), source(url, PV, GRID) as one:
        assert (await values(one))["load_power"] == (1800, Quality.GOOD)


async def test_number_that_is_not_there_is_missing_and_never_0():
    answer = {"result": {"pvPower": None, "grid": {"power": "unavailable"}, "soc": True}}
    soc = SourcePoint(name="battery_soc", path="result.soc", unit="%")
    volts = SourcePoint(name="battery_voltage", path="result.volts", unit="V")
    home = SourcePoint(name="load_power", path="result.home", unit="W")
    known = {**answer["result"], "home": 400}
    async with (
        served(say({"result": known})) as (url, _),
        source(url, PV, GRID, soc, volts, home) as one,
    ):
        found = await values(one)

    assert found.pop("load_power") == (400, Quality.GOOD)
    assert set(found.values()) == {(None, Quality.MISSING)}


@pytest.mark.parametrize(
    "body", [b'{"result": {"pvPower": NaN}}', b'{"result": {"pvPower": 1e999}}']
)
async def test_nan_and_infinity_are_no_numbers(body):
    async with served(say(body)) as (url, _), source(url) as one:
        with pytest.raises(SourceError, match=r"has no number at result\.pvPower"):
            await one.poll()


async def test_share_above_100_percent_is_suspect():
    soc = SourcePoint(name="battery_soc", path="soc", unit="%", minimum=0, maximum=100)
    async with served(say({"soc": 655.35})) as (url, _), source(url, soc) as one:
        assert await values(one) == {"battery_soc": (655.35, Quality.SUSPECT)}


async def test_old_time_in_the_answer_makes_values_stale():
    fresh = {"result": {"pvPower": 5}, "at": "2026-06-21T11:59:30Z"}
    old = {"result": {"pvPower": 5}, "at": 1782043000}
    script = (say(fresh), say(old), say({"result": {"pvPower": 6}}))
    async with served(*script) as (url, _), source(url, time_path="at", max_age_s=60.0) as one:
        seen = [(await values(one))["pv_power"] for _ in range(3)]

    assert seen == [(5, Quality.GOOD), (5, Quality.STALE), (6, Quality.STALE)]


async def test_answer_that_never_changes_a_letter_is_stale_after_its_age():
    answer = say({"result": {"pvPower": 5}})
    async with served(answer) as (url, _), source(url, max_age_s=0.05) as one:
        first = (await values(one))["pv_power"]
        await asyncio.sleep(0.06)
        second = (await values(one))["pv_power"]

    assert (first, second) == ((5, Quality.GOOD), (5, Quality.STALE))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (say(b"<!DOCTYPE html><html>login</html>", kind="text/html"), "sent a page for people"),
        (say(b""), "sent nothing"),
        (say(b"pong"), "sent something that is not JSON"),
        (say(b"\xff\xfe\x00"), "sent something that is not JSON"),
        (say(b"[" * 100_000), "nested too deeply"),
        (say({}, status="401 Unauthorized"), r"does not let us in \(401\); is `token` there"),
        (say({}, status="403 Forbidden"), r"does not let us in \(403\)"),
        (say({}, status="404 Not Found"), r"answers 404 instead of 200; is its path right\?"),
        (say({}, status="500 Internal Server Error"), "answers 500 instead of 200"),
        (say([1, 2]), "has no number at result.pvPower"),
        (pour, "sends more than 2 MB"),
        (drip, "has not answered in full in 0.5 s"),
        (stay_silent, "has not answered in full in 0.5 s"),
        (greet, "cannot be read"),
    ],
)
async def test_bad_answer_is_a_sentence_and_the_next_good_one_is_read(answer, sentence):
    async with served(answer, say({"result": {"pvPower": 7}})) as (url, _), source(url) as one:
        with pytest.raises(SourceError, match=f'device "evcc": .*{sentence}'):
            await one.poll()
        await one.close()
        assert (await values(one))["pv_power"] == (7, Quality.GOOD)


async def test_redirect_is_told_and_not_followed():
    async def move(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\n"
            b"Content-Length: 0\r\n\r\n"
        )

    async with served(move) as (url, asked), source(url, token="secret-of-mine") as one:
        with pytest.raises(SourceError, match=r"sends us on to http://elsewhere\.invalid/") as said:
            await one.poll()

    assert len(asked) == 1
    assert "secret-of-mine" not in str(said.value)


async def test_line_that_is_hung_up_every_time_is_a_sentence():
    async with served(hang_up) as (url, _), source(url) as one:
        with pytest.raises(SourceError, match="cannot be read"):
            await one.poll()


async def test_nobody_at_the_address_is_a_sentence():
    async with served(say({})) as (url, _):
        pass
    async with source(url) as one:
        with pytest.raises(SourceError, match=r"cannot be read: connection refused$"):
            await one.poll()
