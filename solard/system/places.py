"""Where solard keeps its things: configuration, state, sockets."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from solard.core.errors import SolardError

HOME_VARIABLE = "SOLARD_HOME"
LONGEST_SOCKET_BYTES = 107
"""Of a unix socket's path (unix(7))."""
ROOM_FOR_NAME = "a-workload-s-name.sock"


class PathTooLong(SolardError):
    """A directory whose name leaves no room for sockets."""


@dataclass(frozen=True, slots=True)
class Places:
    """The three directories of one solard, and the names inside them."""

    etc: Path
    state: Path
    run: Path

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.etc / "solard.yaml"

    @property
    def database(self) -> Path:
        """Return the history database."""
        return self.state / "solard.db"

    @property
    def forecasts(self) -> Path:
        """Return the directory of other people's last words on the weather, and of their quotas."""
        return self.state / "forecast"

    @property
    def lock(self) -> Path:
        """Return the lock that keeps one daemon per state directory; it holds its pid."""
        return self.state / "lock"

    @property
    def api_socket(self) -> Path:
        """Return the socket of the daemon's API."""
        return self.run / "api.sock"

    @property
    def gpu_socket(self) -> Path:
        """Return the socket of the GPU keeper."""
        return self.run / "gpu.sock"

    @property
    def work(self) -> Path:
        """Return the directory of workload sockets and command files."""
        return self.run / "work"

    @property
    def logs(self) -> Path:
        """Return the directory of logs of workloads that are plain processes."""
        return self.state / "log"

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """Return what a program needs in its environment so that its `solard` finds this one."""
        home = self.run.parent
        return ((HOME_VARIABLE, str(home)),) if self == places_at(home) else ()

    def work_socket(self, name: str) -> Path:
        """Return the socket on which the bundled workload `name` answers."""
        return self.work / f"{name}.sock"

    def make(self) -> None:
        """Create the directories that this process owns, readable by its group only.

        Raises:
            PathTooLong: sockets in them could not be bound.
            OSError: one cannot be made.
        """
        needed = len(os.fsencode(self.work / ROOM_FOR_NAME))
        if needed > LONGEST_SOCKET_BYTES:
            raise PathTooLong(
                f"{self.run} is {needed - LONGEST_SOCKET_BYTES} bytes too long for the sockets in "
                "it; give a shorter --dir"
            )
        for place in (self.etc, self.state, self.run, self.work):
            place.mkdir(mode=0o750, parents=True, exist_ok=True)


def places_at(home: Path) -> Places:
    """Return the places inside one directory, as `--dir` and SOLARD_HOME mean it."""
    return Places(home / "etc", home / "state", home / "run")


def places_from_environment() -> Places:
    """Return the system's places, or those under SOLARD_HOME."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return places_at(Path(home))
    return Places(Path("/etc/solard"), Path("/var/lib/solard"), Path("/run/solard"))


@contextmanager
def room_for_sockets(wanted: Path, longest_name: str) -> Iterator[Path]:
    """Make a directory whose sockets can be bound: `wanted`, or a short one for the meantime."""
    if len(os.fsencode(wanted.absolute() / longest_name)) <= LONGEST_SOCKET_BYTES:
        wanted.mkdir(mode=0o750, parents=True, exist_ok=True)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="solard-", ignore_cleanup_errors=True) as short:
        yield Path(short)
