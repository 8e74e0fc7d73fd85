"""The two plants that the simulator knows: an off-grid island and a grid home."""

from collections.abc import Callable
from dataclasses import dataclass

from hardware.sim.picture import PlantPicture
from hardware.sim.server import Image
from hardware.sim.sunspec import sunspec_image
from hardware.sim.victron import victron_image
from solard.core.plant import PlantSpec
from solard.core.state import Supply


@dataclass(frozen=True, slots=True)
class PlantKind:
    """A plant as its owner bought it, and how its device draws registers."""

    spec: PlantSpec
    image: Callable[[PlantPicture], Image]


ISLAND = PlantSpec(
    supply=Supply.ISLAND,
    inverter_w=5000.0,
    capacity_wh=10000.0,
    max_charge_w=5000.0,
    max_discharge_w=5000.0,
    min_soc=0.1,
    generator_w=3000.0,
    generator_starts_at_soc=0.15,
    generator_stops_at_soc=0.35,
)
"""A cabin; its generator stands still until the battery is nearly empty."""

GRID_HOME = PlantSpec(
    supply=Supply.GRID,
    inverter_w=6000.0,
    capacity_wh=10000.0,
    max_charge_w=5000.0,
    max_discharge_w=5000.0,
    min_soc=0.1,
)

KINDS = {
    "victron": PlantKind(ISLAND, victron_image),
    "sunspec": PlantKind(GRID_HOME, sunspec_image),
}
