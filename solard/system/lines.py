"""JSON lines over unix sockets: one object asks, one object answers."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from solard.core.errors import SolardError

MAX_LINE_BYTES = 1 << 20

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Gets one request, `{"verb": …}`; returns the answer's fields."""


class NoAnswer(SolardError):
    """Nobody answered on a socket, or not in time, or not in JSON."""


class Denied(SolardError):
    """The other side answered, and refused; the message is its own."""


async def ask(path: Path, request: dict[str, Any], timeout_s: float = 2.0) -> dict[str, Any]:
    """Send one request, return the answer; raise NoAnswer or Denied. Real seconds."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_LINE_BYTES)
            try:
                writer.write(_line(request))
                await writer.drain()
                return _answer(path, await reader.readline())
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError, RecursionError) as err:
        raise NoAnswer(f"no answer on {path}{_reason(err, timeout_s)}") from err


def ask_now(path: Path, request: dict[str, Any], timeout_s: float = 2.0) -> dict[str, Any]:
    """Send one request from code that is not asynchronous; see `ask`."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout_s)
            link.connect(str(path))
            link.sendall(_line(request))
            with link.makefile("rb") as stream:
                return _answer(path, stream.readline(MAX_LINE_BYTES))
    except (OSError, ValueError, RecursionError) as err:
        raise NoAnswer(f"no answer on {path}{_reason(err, timeout_s)}") from err


async def serve_lines(path: Path, handler: Handler, mode: int = 0o660) -> asyncio.Server:
    """Answer requests on `path` until the returned server is closed.

    A SolardError of the handler becomes `{"ok": false, "error": its message}`. A socket file that
    a killed process left behind is replaced; whether its owner lives is the caller's question.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(_line(await _handle(handler, line)))
                await writer.drain()
        except (OSError, ValueError):
            pass  # the other side went away, or sent a line without end
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, str(path), limit=MAX_LINE_BYTES)
    path.chmod(mode)
    return server


async def _handle(handler: Handler, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise TypeError("a request is an object")
    except (ValueError, TypeError, RecursionError) as err:
        return {"ok": False, "error": f"not a request: {err}"}
    try:
        return {"ok": True, **await handler(request)}
    except SolardError as err:
        return {"ok": False, "error": str(err)}


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def _answer(path: Path, line: bytes) -> dict[str, Any]:
    answer = json.loads(line) if line else None
    if not isinstance(answer, dict):
        raise NoAnswer(f"{path} closed without an answer")
    if not answer.get("ok"):
        raise Denied(str(answer.get("error", "refused without a reason")))
    return answer


def _reason(err: Exception, timeout_s: float) -> str:
    if isinstance(err, FileNotFoundError | ConnectionRefusedError):
        return ": nobody listens there"
    said = err.strerror if isinstance(err, OSError) else str(err)
    return f" in {timeout_s:g} s: {said or 'nothing came'}"
