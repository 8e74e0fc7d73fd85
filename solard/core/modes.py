"""What a workload is asked to be: the work order from full to off."""

from enum import StrEnum


class WorkMode(StrEnum):
    """From the least to the most: degrade before vanishing."""

    OFF = "off"
    STANDBY = "standby"
    """Still answering, with the cheapest model."""
    ECO = "eco"
    FULL = "full"

    @property
    def rank(self) -> int:
        """Return 0 for off up to 3 for full."""
        return ("off", "standby", "eco", "full").index(self.value)


def lower_mode(one: WorkMode, other: WorkMode) -> WorkMode:
    """Return the mode that asks for less."""
    return one if one.rank <= other.rank else other
