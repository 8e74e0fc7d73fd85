"""What can be wrong with the history's file, in sentences."""

from typing import ClassVar

from solard.core.errors import SolardError


class StoreUnavailable(SolardError):
    """The history cannot be opened: locked, no space, no permission."""


class StoreTooNew(SolardError):
    """The history was written by a newer solard: refuse to touch it."""

    exit_status: ClassVar[int] = 78
