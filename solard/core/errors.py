"""The root of every error that solard raises on purpose."""

from typing import ClassVar


class SolardError(Exception):
    """Say what failed, which thing, its value, the limit and the next step, in one sentence."""

    exit_status: ClassVar[int] = 1
    """What a command that fails with it exits with; 75 and 78 mean what sysexits(3) says."""
    is_list: ClassVar[bool] = False
    """Whether the message is a list of lines that each name their place."""
