"""What a neuron's command line says."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronSettings:
    """Where a miner or validator lives and whom it talks to."""

    home: Path
    """Its key and its state."""
    socket: Path
    network: str
    """URL of the chain node."""
    api: Path
    """Socket of the daemon's API."""
    netuid: int
    location: tuple[float, float] | None = None
    """Latitude and longitude of the panels; None when the owner keeps it to himself."""
    peak_w: float | None = None
