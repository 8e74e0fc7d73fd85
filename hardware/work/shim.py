"""The keeper of one program: starts it, keeps its log, notes how it ended. Outlives the daemon.

Run by path with `python -I -S`, order as JSON on stdin, the program's pid or an error as one line
on stdout. Standard library only and few modules of it: one of these runs beside each workload.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # `typing` is 2 MB
if TYPE_CHECKING:
    from typing import Any

PR_SET_CHILD_SUBREAPER = 36
CHUNK_BYTES = 65536
LINE_BYTES = 8192
"""Longer lines are cut."""
NOTICE_EVERY_S = 10.0
LAST_WORDS_S = 1.0
"""Real seconds to read what is left in the pipe once all writers are killed."""
LOG_LIMITS = {
    "file_bytes": 4 << 20,
    "files": 4,
    "rate": 64 << 10,
    "burst": 1 << 20,
    "hold_rate": 16 << 20,
}
"""Of each workload: 16 MB on the disk, 64 kB a second for long, a start may say 1 MB at once."""
NICE = 5
LOOK_S = 1.0
"""How often orphans that became our children are collected, real seconds."""


class Log:
    """Lines with a time in front, in files that rotate; a flood is cut off and counted.

    A program that writes faster than `hold_rate` bytes a second waits for us, so that reading and
    dropping its flood costs next to nothing.
    """

    def __init__(
        self, path: str, *, file_bytes: int, files: int, rate: int, burst: int, hold_rate: int
    ) -> None:
        self._path = path
        self._file_bytes = file_bytes
        self._files = files
        self._rate = rate
        self._burst = burst
        self._hold_rate = hold_rate
        self._tokens = float(burst)
        self._refilled_s = time.monotonic()
        self._noticed_s = -NOTICE_EVERY_S
        self._rest = b""
        self._lost_lines = 0
        self._lost_bytes = 0
        self._file = -1
        self._size = 0

    def take(self, chunk: bytes) -> None:
        """Write the whole lines of what has been read; keep the rest for the next call."""
        self._refill()
        if self._tokens <= 0:
            self._lose(chunk)
            time.sleep(len(chunk) / self._hold_rate)
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) >= LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        for position, line in enumerate(lines):
            if self._tokens <= 0:
                self._lose(b"\n".join(lines[position:]) + b"\n")
                break
            self._tokens -= len(line) + 1
            self._write(line[:LINE_BYTES])

    def close(self) -> None:
        """Write what is left, and how much was lost."""
        if self._rest:
            self._write(self._rest)
        self._rest = b""
        self._tell_losses()

    def _refill(self) -> None:
        now_s = time.monotonic()
        self._tokens = min(
            float(self._burst), self._tokens + (now_s - self._refilled_s) * self._rate
        )
        self._refilled_s = now_s
        if self._lost_lines and now_s - self._noticed_s >= NOTICE_EVERY_S:
            self._tell_losses()

    def _lose(self, chunk: bytes) -> None:
        self._lost_bytes += len(chunk)
        self._lost_lines += max(1, chunk.count(b"\n"))
        self._rest = b""

    def _tell_losses(self) -> None:
        if not self._lost_lines:
            return
        said = (
            f"[solard left out {self._lost_lines} lines, {self._lost_bytes} bytes: more than "
            f"{self._rate} bytes a second]"
        )
        self._lost_lines = self._lost_bytes = 0
        self._noticed_s = time.monotonic()
        self._write(said.encode())

    def _write(self, line: bytes) -> None:
        now = time.time()
        label = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        data = f"{label}.{int(now * 1000) % 1000:03d}Z ".encode() + line + b"\n"
        # A full disk costs log lines, never the program.
        with contextlib.suppress(OSError):
            if self._file < 0 or self._size + len(data) > self._file_bytes:
                self._rotate()
            self._size += os.write(self._file, data)

    def _rotate(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            for number in range(self._files - 1, 0, -1):
                older = f"{self._path}.{number - 1}" if number > 1 else self._path
                with contextlib.suppress(FileNotFoundError):
                    os.replace(older, f"{self._path}.{number}")  # noqa: PTH105
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, 0o640)
        self._size = os.fstat(self._file).st_size


def main() -> int:
    """Run one program to its end."""
    order = json.load(sys.stdin)
    # Whoever ends the daemon's session must not end the log of a program that goes on.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    adopts = not order["groups"]
    if adopts:
        _adopt_orphans()
    reading, writing = os.pipe()
    try:
        pid = _start(order, writing)
    except OSError as err:
        _say(f"!{err.strerror or err}")
        return 1
    os.close(writing)
    _say(str(pid))
    _detach()
    log = Log(order["log"], **order["log_limits"])
    status = _mind(pid, reading, log, adopts=adopts)
    _note_end(order["ending"], pid, status)
    _end_the_rest(order["groups"])
    _read_last_words(reading, log)
    log.close()
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _adopt_orphans() -> None:
    import ctypes  # 1.5 MB that a program with a cgroup of its own does not need

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _start(order: "dict[str, Any]", output: int) -> int:
    """Fork and exec; raise OSError with the child's own reason."""
    failed, failing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(failing)
        with os.fdopen(failed, "rb") as reason:
            said = reason.read()
        if said:
            os.waitpid(pid, 0)
            raise OSError(0, said.decode(errors="replace"))
        return pid
    try:
        _become(order, output)
    except (OSError, KeyError, ValueError) as err:
        reason_text = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        os.write(failing, (reason_text or "it fails without a reason").encode())
    finally:
        os._exit(127)


def _become(order: "dict[str, Any]", output: int) -> None:
    """Turn this child into the program: session, cgroup, user, directory, output."""
    os.setsid()
    for group in order["groups"]:
        with open(group + "/cgroup.procs", "w", encoding="ascii") as procs:  # noqa: PTH123
            procs.write("0")
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123
        score.write("500")
    os.nice(NICE)  # minding the rig comes before working on it
    user = order["user"]
    if user:
        import pwd

        account = pwd.getpwnam(str(user))
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    os.chdir(str(order["cwd"]))
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    command = [str(part) for part in order["command"]]
    os.execvp(command[0], command)


def _detach() -> None:
    """Let go of the daemon's pipes: it reads them to their end."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def _mind(pid: int, reading: int, log: Log, *, adopts: bool) -> int:
    """Keep the log until the program ends; return its wait status."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    poll.register(ended, select.POLLIN)
    while True:
        ready = {number for number, _ in poll.poll(LOOK_S * 1000 if adopts else None)}
        if reading in ready:
            chunk = os.read(reading, CHUNK_BYTES)
            if chunk:
                log.take(chunk)
            else:
                poll.unregister(reading)
        if ended in ready:
            os.close(ended)
            return os.waitpid(pid, 0)[1]
        if adopts:
            _collect(pid)


def _collect(main: int) -> None:
    """Collect orphans that have ended, but not the program itself: its end is waited for."""
    for pid in _children():
        if pid != main:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _children() -> list[int]:
    here = os.getpid()
    try:
        with open(f"/proc/{here}/task/{here}/children", encoding="ascii") as names:  # noqa: PTH123
            return [int(name) for name in names.read().split()]
    except OSError:
        return []


def _end_the_rest(groups: list[str]) -> None:
    """Kill what the program left behind: it may hold the port and the card."""
    for group in groups:
        with contextlib.suppress(OSError), open(group + "/cgroup.kill", "w") as kill:  # noqa: PTH123
            kill.write("1")
    deadline = time.monotonic() + LAST_WORDS_S
    while (left := _children()) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _read_last_words(reading: int, log: Log) -> None:
    deadline = time.monotonic() + LAST_WORDS_S
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    while time.monotonic() < deadline and poll.poll(100):
        chunk = os.read(reading, CHUNK_BYTES)
        if not chunk:
            return
        log.take(chunk)


def _note_end(path: str, pid: int, status: int) -> None:
    note = {"pid": pid, "status": os.waitstatus_to_exitcode(status), "ended_s": time.time()}
    with contextlib.suppress(OSError):
        with open(path + ".new", "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(note, file)
        os.replace(path + ".new", path)  # noqa: PTH105


if __name__ == "__main__":
    sys.exit(main())
