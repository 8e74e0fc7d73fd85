"""What went wrong on one connection, counted, and what the counts say."""

from dataclasses import dataclass

_ENOUGH = 200
"""Questions before a share means something."""
_BAD_SHARE = 0.05


@dataclass(slots=True)
class LinkCounters:
    """Counts since the start."""

    questions: int = 0
    timeouts: int = 0
    desyncs: int = 0
    """Answers that did not fit their question."""
    checksums: int = 0
    """RTU answers with a wrong checksum; counted among the desyncs too."""
    strays: int = 0
    """Pieces of data that nobody had asked for: another master's, or late ones."""

    def complaint(self) -> str | None:
        """Say what is wrong with the line where one answer in twenty is lost; None = fine."""
        lost = self.timeouts + self.desyncs
        if self.questions < _ENOUGH or lost < _BAD_SHARE * self.questions:
            return None
        share = f"{100 * lost / self.questions:.0f} % of {self.questions} questions"
        if 2 * (self.checksums + self.strays) >= lost:
            return (
                f"{share} had no usable answer, most of them garbled: a second master on the "
                "line, wrong parity, or missing termination"
            )
        if 2 * self.desyncs >= lost:
            return f"{share} got another question's answer: the gateway mixes its clients up"
        return f"{share} had no answer in time: too many clients, or a weak network"
