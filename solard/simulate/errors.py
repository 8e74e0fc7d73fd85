"""What can be wrong with a recording."""

from solard.core.errors import SolardError


class RecordingInvalid(SolardError):
    """A file of a recording that cannot be used; says which line and why."""


class SimulationImpossible(SolardError):
    """A policy did what the site cannot do: a fault of ours, never silently repaired."""
