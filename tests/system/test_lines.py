"""JSON lines over real unix sockets: answers, refusals, silence, and nonsense."""

import asyncio
import contextlib
import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from solard.core.errors import SolardError
from solard.system.lines import MAX_LINE_BYTES, Denied, Handler, NoAnswer, ask, ask_now, serve_lines


async def echo(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("verb") == "refuse":
        raise SolardError("card 2 takes no limit; check its driver")
    if request.get("verb") == "sleep":
        await asyncio.sleep(0.3)
    return {"heard": request}


@asynccontextmanager
async def serving(path: Path, handler: Handler = echo, mode: int = 0o660) -> AsyncIterator[Path]:
    server = await serve_lines(path, handler, mode)
    try:
        yield path
    finally:
        server.close()


@asynccontextmanager
async def saying(path: Path, answer: bytes) -> AsyncIterator[Path]:
    """A server that reads one line and answers with these very bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield path
    finally:
        server.close()


async def test_request_comes_back_answered(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        answer = await ask(path, {"verb": "list", "name": "grün"})

    assert answer == {"ok": True, "heard": {"verb": "list", "name": "grün"}}


async def test_code_without_a_loop_asks_too(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        answer = await asyncio.to_thread(ask_now, path, {"verb": "list"})

    assert answer == {"ok": True, "heard": {"verb": "list"}}


async def test_refusal_keeps_its_own_words(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        with pytest.raises(Denied, match=r"^card 2 takes no limit; check its driver$"):
            await ask(path, {"verb": "refuse"})
        with pytest.raises(Denied, match=r"^card 2 takes no limit; check its driver$"):
            await asyncio.to_thread(ask_now, path, {"verb": "refuse"})


async def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match=r"no answer on .*gone: nobody listens there"):
        await ask(tmp_path / "gone", {"verb": "list"})
    with pytest.raises(NoAnswer, match=r"no answer on .*gone: nobody listens there"):
        ask_now(tmp_path / "gone", {"verb": "list"})


async def test_silence_ends_after_the_time_given(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        with pytest.raises(NoAnswer, match=r"in 0.1 s: nothing came"):
            await ask(path, {"verb": "sleep"}, timeout_s=0.1)
        with pytest.raises(NoAnswer, match=r"in 0.1 s: nothing came"):
            await asyncio.to_thread(ask_now, path, {"verb": "sleep"}, 0.1)


@pytest.mark.parametrize("answer", [b"", b"hello\n", b"[1]\n", b"\xff\xfe\n"])
async def test_nonsense_is_no_answer(tmp_path: Path, answer: bytes) -> None:
    async with saying(tmp_path / "s", answer) as path:
        with pytest.raises(NoAnswer, match=str(path)):
            await ask(path, {"verb": "list"})
        with pytest.raises(NoAnswer, match=str(path)):
            await asyncio.to_thread(ask_now, path, {"verb": "list"})


async def test_answer_without_ok_is_a_refusal(tmp_path: Path) -> None:
    async with saying(tmp_path / "s", b"{}\n") as path:
        with pytest.raises(Denied, match="refused without a reason"):
            await ask(path, {"verb": "list"})


async def test_answer_without_end_is_no_answer(tmp_path: Path) -> None:
    async with saying(tmp_path / "s", b"x" * (MAX_LINE_BYTES + 4096)) as path:
        with pytest.raises(NoAnswer):
            await ask(path, {"verb": "list"})
        with pytest.raises(NoAnswer):
            await asyncio.to_thread(ask_now, path, {"verb": "list"})


@pytest.mark.parametrize("line", [b"hello\n", b"[]\n", b"\xff\n", b"[" * 100_000 + b"\n"])
async def test_server_tells_what_is_no_request_and_goes_on(tmp_path: Path, line: bytes) -> None:
    async with serving(tmp_path / "s") as path:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line + b'{"verb":"list"}\n')
        first = json.loads(await reader.readline())
        second = json.loads(await reader.readline())
        writer.close()

    assert first["ok"] is False
    assert first["error"].startswith("not a request")
    assert second["ok"] is True


async def test_server_hangs_up_on_a_line_without_end(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"x" * (3 * MAX_LINE_BYTES))
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()

        assert (await ask(path, {"verb": "list"}))["ok"] is True


async def test_socket_file_of_a_killed_owner_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run" / "s"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(NoAnswer):
        await ask(path, {"verb": "list"})

    async with serving(path):
        assert (await ask(path, {"verb": "list"}))["ok"] is True


async def test_directory_is_made_and_strangers_are_kept_out(tmp_path: Path) -> None:
    async with serving(tmp_path / "new" / "s") as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


async def test_many_ask_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        answers = await asyncio.gather(*(ask(path, {"n": n}) for n in range(50)))

    assert [answer["heard"]["n"] for answer in answers] == list(range(50))
