"""What a neuron's command line says."""

from dataclasses import dataclass
from pathlib import Path

from miner.admission import Admission
from miner.presence import REGISTER_AT_MOST_RAO
from miner.subnets.subnet import Site, Surroundings
from solard.system.clock import Clock

ANY_VALIDATOR = Admission()


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuronSettings:
    """Where a miner or validator lives and whom it talks to."""

    home: Path
    """Its key and its state."""
    socket: Path
    network: str
    """URL of the chain node."""
    api: Path | None
    """Socket of the daemon's API."""
    subnets: tuple[str, ...]
    """Names, the first one is the neuron that people are shown."""
    location: tuple[float, float] | None = None
    """Latitude and longitude of the panels; None when the owner keeps it to himself."""
    site_file: Path | None = None
    """A recorded site instead of the daemon's."""
    peak_w: float | None = None
    endpoint: str | None = None
    """An OpenAI-compatible server of the owner, for subnets that want a model."""
    model: str | None = None
    burns: bool = True
    """Whether a miner registers by burn; otherwise a proof of work has to be asked for."""
    burn_limit_rao: int = REGISTER_AT_MOST_RAO
    """What a registration may cost."""
    admission: Admission = ANY_VALIDATOR
    """Whom a miner answers."""


def surroundings_of(settings: NeuronSettings, clock: Clock, site: Site) -> Surroundings:
    """Return what the subnets' two sides may use."""
    return Surroundings(
        clock=clock,
        site=site,
        location=settings.location,
        peak_w=settings.peak_w,
        endpoint=settings.endpoint,
        model=settings.model,
    )
