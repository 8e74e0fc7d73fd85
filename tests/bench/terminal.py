"""A program on a terminal of its own, whose output is read as it comes."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

COLUMNS, ROWS = 120, 36
KEPT_BYTES = 400_000


class Terminal:
    """Starts a program on a pseudo terminal and reads what it draws."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._ours = ours
        self._drawn = b""
        self._more = threading.Condition()
        self._over = False
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def seconds_until(self, *texts: str, within_s: float) -> float | None:
        """Return how long after its start all texts had been drawn; None when they never were."""
        wanted = [text.encode() for text in texts]
        with self._more:
            seen = self._more.wait_for(
                lambda: self._over or all(text in self._drawn for text in wanted),
                max(0.0, self.started_s + within_s - time.monotonic()),
            )
            if not seen or not all(text in self._drawn for text in wanted):
                return None
            return time.monotonic() - self.started_s

    def drawn(self) -> str:
        """Return the newest of what was drawn, escape sequences included."""
        with self._more:
            return self._drawn.decode(errors="replace")

    def end(self, grace_s: float = 40.0) -> int:
        """End the program and return its exit status."""
        self.process.terminate()
        try:
            status = self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._reader.join(1.0)
        return status

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._ours, 65536)
            except OSError:  # EIO: the last holder of the other side is gone
                chunk = b""
            with self._more:
                self._over = not chunk
                self._drawn = (self._drawn + chunk)[-KEPT_BYTES:]
                self._more.notify_all()
            if not chunk:
                os.close(self._ours)
                return
