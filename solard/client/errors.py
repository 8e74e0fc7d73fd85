"""What can happen between a client and the daemon, in sentences."""

from pathlib import Path

from solard.core.errors import SolardError


class DaemonAway(SolardError):
    """Nobody answers on the socket."""


class RequestRefused(SolardError):
    """The daemon answered and did not do it; the sentence is its own."""

    def __init__(self, sentence: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.problems = problems


def away(socket_path: Path) -> DaemonAway:
    """Return the error for a socket on which nobody answers."""
    return DaemonAway(
        f"solard is not running here (no answer on {socket_path}); "
        f"start it with `systemctl start solard`, `solard run` or `solard demo`"
    )
