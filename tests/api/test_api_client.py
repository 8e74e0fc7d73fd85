"""Our own client on our own server, over a real unix socket."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from api_values import NOON, RECORD, SLOT, VIEW, Desk, in_hours, serving

from solard.client import Client, DaemonAway, RequestRefused
from solard.client.events import ServerEvent, read_events
from solard.client.now import ask, ask_view
from solard.core.inputs import Override, OverrideKind


async def test_the_client_reads_what_the_daemon_shows(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk):
        client = Client(tmp_path / "run" / "api.sock")
        view = await client.view()
        slots = await client.site15(NOON, in_hours(24))
        cycles = await client.cycles(3)
        plan, forecast = await client.plan(), await client.forecast()
        await client.close()

    assert (view, slots, cycles) == (VIEW, (SLOT,), (RECORD,))
    assert desk.asked == [(NOON, in_hours(24)), 3]
    assert plan is not None
    assert plan.solve_s == 0.5
    assert forecast is None


async def test_the_client_tells_the_daemon_what_to_do(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk):
        client = Client(tmp_path / "run" / "api.sock")
        await client.set_live(True)
        await client.set_live(False)
        await client.pause(in_hours(2))
        await client.run(600.0, in_hours(3))
        await client.resume()

    assert desk.asked == [
        True,
        False,
        Override(kind=OverrideKind.PAUSE, until_at=in_hours(2)),
        Override(kind=OverrideKind.RUN, until_at=in_hours(3), power_w=600.0),
        "cleared",
    ]


async def test_a_reload_returns_the_problems(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk):
        client = Client(tmp_path / "run" / "api.sock")
        assert await client.reload() == ()
        desk.problems = ("solard.yaml:3: a", "solard.yaml:9: b")
        assert await client.reload() == desk.problems


async def test_the_stream_yields_each_picture_until_the_daemon_goes(tmp_path: Path) -> None:
    desk, seen = Desk(), []

    async def listen() -> None:
        async for view in Client(tmp_path / "run" / "api.sock").stream():
            seen.append(view.seq)
            await desk.publish(view.seq + 1)

    async with serving(tmp_path, desk):
        listening = asyncio.create_task(listen())
        async with asyncio.timeout(10):
            while len(seen) < 3:
                await asyncio.sleep(0.01)
    with pytest.raises(DaemonAway):
        await listening

    assert seen[:3] == [7, 8, 9]


async def test_a_stream_that_is_left_early_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()):
        stream = Client(tmp_path / "run" / "api.sock").stream()
        assert (await anext(stream)).seq == 7
        await stream.aclose()  # type: ignore[attr-defined]


async def test_no_daemon_is_said_in_a_sentence_with_the_next_step(tmp_path: Path) -> None:
    sentence = rf"solard is not running here \(no answer on {tmp_path}/api.sock\); start it with"

    with pytest.raises(DaemonAway, match=sentence):
        await Client(tmp_path / "api.sock").view()
    with pytest.raises(DaemonAway, match=sentence):
        await anext(Client(tmp_path / "api.sock").stream())


async def test_a_daemon_that_hangs_is_away(tmp_path: Path) -> None:
    server = await asyncio.start_unix_server(lambda _r, _w: None, tmp_path / "api.sock")
    with pytest.raises(DaemonAway):
        await Client(tmp_path / "api.sock", answer_s=0.1).view()
    server.close()


async def test_a_refusal_keeps_the_daemons_words(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()):
        client = Client(tmp_path / "run" / "api.sock")
        with pytest.raises(RequestRefused, match="is not within the week after now"):
            await client.pause(NOON - timedelta(hours=1))


async def test_a_daemon_without_a_picture_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(newest=None)):
        with pytest.raises(RequestRefused, match="just started"):
            await Client(tmp_path / "run" / "api.sock").view()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"seq": "seven"}'])
async def test_an_answer_of_something_else_is_said_in_a_sentence(
    tmp_path: Path, body: bytes
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    server = await asyncio.start_unix_server(answer, tmp_path / "api.sock")
    with pytest.raises(RequestRefused, match=r"no JSON|another version"):
        await Client(tmp_path / "api.sock").view()
    server.close()


async def test_the_client_for_plain_code_asks_the_same(tmp_path: Path) -> None:
    desk, path = Desk(), tmp_path / "run" / "api.sock"
    async with serving(tmp_path, desk):
        view = await asyncio.to_thread(ask_view, path)
        await asyncio.to_thread(ask, path, lambda client: client.resume())

    assert (view, desk.asked) == (VIEW, ["cleared"])


async def test_events_are_cut_wherever_the_bytes_are() -> None:
    async def drip() -> object:
        for byte in b": hi\n\nevent: status\nid: 1\ndata: a\ndata: b\n\ndata: half":
            yield bytes([byte])

    events = [event async for event in read_events(drip())]  # type: ignore[arg-type]

    assert events == [ServerEvent("status", "a\nb")]


def test_importing_the_client_loads_no_http_library() -> None:
    program = (
        "import sys, solard.client; print(sorted({'aiohttp', 'sqlalchemy'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True
    )

    assert done.stdout == "[]\n"
