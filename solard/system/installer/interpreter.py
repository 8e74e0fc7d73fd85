"""Whether a sandboxed service can run this Python: units hide homes and temporary directories."""

import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from solard.core.errors import SolardError

HIDDEN = (Path("/root"), Path("/home"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))
"""What ProtectHome=yes and PrivateTmp=yes take out of a service's sight."""

ADVICE = (
    "install solard in a place of its own: `python3 -m venv /opt/solard`, "
    "`/opt/solard/bin/pip install solard`, `sudo /opt/solard/bin/solard install`"
)


class InterpreterHidden(SolardError):
    """Services could not see the Python that runs this command, or its libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python, and every place that it needs."""

    program: Path
    """As it is to be called: the venv's, not what it points to."""
    needs: tuple[Path, ...]
    """Program, what it points to, its standard library and our packages."""


def this_interpreter() -> Interpreter:
    """Return the Python that runs now."""
    program = Path(sys.executable)
    ours = Path(__file__).resolve().parents[3]
    return Interpreter(
        program=program, needs=(program, program.resolve(), Path(sys.base_prefix), ours)
    )


def check_visible(interpreter: Interpreter, hidden: tuple[Path, ...] = HIDDEN) -> None:
    """Raise InterpreterHidden where a service of another user could not run it."""
    for path in interpreter.needs:
        home = next((place for place in hidden if path.is_relative_to(place)), None)
        if home is not None:
            raise InterpreterHidden(
                f"services cannot see {path}: {home} is hidden from them; {ADVICE}"
            )
        closed = _closed(path)
        if closed is not None:
            raise InterpreterHidden(
                f"the user solard could not read {path}: {closed} is closed to others; "
                f"run `chmod o+rx {closed}`, or {ADVICE}"
            )


def owner_of_change(interpreter: Interpreter) -> int | None:
    """Return the uid of somebody who is not root and may change what the keeper runs."""
    for path in (interpreter.program.parent, interpreter.needs[-1]):
        if path.exists() and (uid := path.stat().st_uid) != 0:
            return uid
    return None


def _closed(path: Path) -> Path | None:
    """Return the first directory on the way that others may not pass."""
    for parent in reversed(path.parents):
        if parent.exists() and not parent.stat().st_mode & stat.S_IXOTH:
            return parent
    return None
