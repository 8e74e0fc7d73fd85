"""The keeper's socket: JSON lines for its own user, root and the socket's group, and nobody else.

A thread per connection instead of asyncio: the keeper is the process with privileges, and this
keeps it a third smaller.
"""

import grp
import json
import os
import pwd
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from solard.core.errors import SolardError

MAX_LINE_BYTES = 1 << 16
MAX_CONNECTIONS = 16
IDLE_S = 60.0
"""A connection that says nothing for so long is closed, real seconds."""
ACCEPT_PAUSE_S = 0.05
CLOSE_WITHIN_S = 0.1
"""Whoever stops the keeper waits so long at most until the door has noticed."""
MAX_PATH_BYTES = 107
"""sun_path of unix(7), less its end."""

Answerer = Callable[[dict[str, Any]], dict[str, Any]]


class DoorTaken(SolardError):
    """Somebody already answers on this socket."""


class Door:
    """A listening socket that hands each request to `answer`."""

    def __init__(self, path: Path, answer: Answerer) -> None:
        self._path = path
        _make_way(path)
        self._server = _Server(path, answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="door", kwargs={"poll_interval": CLOSE_WITHIN_S}
        )

    @property
    def is_open(self) -> bool:
        """Return whether the door still answers."""
        return self._thread.is_alive()

    def open(self) -> None:
        """Start to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop to answer and remove the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path, answer: Answerer) -> None:
        self.answer = answer
        self.places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        before = os.umask(0o117)
        try:
            super().__init__(str(path), _Conversation)
        except OSError as err:
            raise SolardError(f"cannot listen on {path}: {err.strerror or err}") from err
        finally:
            os.umask(before)
        self.group_id = path.stat().st_gid

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take the next connection; without a free descriptor wait a little, not at full speed."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(ACCEPT_PAUSE_S)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the other side went away in the middle of a line."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server
    timeout = IDLE_S

    def handle(self) -> None:
        if not self.server.places.acquire(blocking=False):
            self._send({"ok": False, "error": f"more than {MAX_CONNECTIONS} connections at once"})
            return
        try:
            self._converse()
        finally:
            self.server.places.release()

    def _converse(self) -> None:
        if not _is_welcome(self.connection, self.server.group_id):
            self._send({"ok": False, "error": "this socket is for its own user and group"})
            return
        while line := self.rfile.readline(MAX_LINE_BYTES):
            self._send(self._reply(line))

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as err:
            return {"ok": False, "error": f"not a request: {err}"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "not a request: it is no object"}
        try:
            return {"ok": True, **self.server.answer(request)}
        except SolardError as err:
            return {"ok": False, "error": str(err)}

    def _send(self, data: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(data, separators=(",", ":")).encode() + b"\n")


def _make_way(path: Path) -> None:
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        raise SolardError(
            f"socket path {path} is longer than {MAX_PATH_BYTES} bytes; use a shorter"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        try:
            link.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)  # a killed keeper's
            return
    raise DoorTaken(f"another keeper answers on {path}; stop it, or use another --socket")


def _is_welcome(connection: socket.socket, group_id: int) -> bool:
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, user_id, own_group_id = struct.unpack("3i", credentials)
    if user_id in (0, os.geteuid()) or own_group_id == group_id:
        return True
    try:
        name = pwd.getpwuid(user_id).pw_name
        return name in grp.getgrgid(group_id).gr_mem
    except KeyError:
        return False
