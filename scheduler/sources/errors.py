"""Why somebody else's word could not be had or understood."""

from solard.core.errors import SolardError


class SourceUnreachable(SolardError):
    """No answer, or not the one that was asked for."""

    def __init__(self, said: str, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s
        """What the source itself asks for; None = it does not say."""


class SourceUnreadable(SolardError):
    """An answer that is no forecast."""
