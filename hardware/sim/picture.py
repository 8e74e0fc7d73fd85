"""What a device of the plant can know at one moment, and its battery's volts."""

from dataclasses import dataclass

from solard.core.plant import PlantFlows, PlantSpec, PlantState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantPicture:
    """One moment of the plant, as register images are drawn from it."""

    spec: PlantSpec
    state: PlantState
    flows: PlantFlows
    alarm: bool = False
    """Whether the inverter reports a fault; it works on, so that a test can see what others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A lithium iron phosphate pack: its volts follow charge and current."""

    nominal_v: float
    resistance_ohm: float

    def voltage_v(self, soc: float, power_w: float) -> float:
        """Return the terminal voltage; + power is discharge and pulls it down."""
        open_v = self.nominal_v * (0.98 + 0.08 * soc)
        return open_v - power_w / open_v * self.resistance_ohm

    def current_a(self, soc: float, power_w: float) -> float:
        """Return the current, + discharge."""
        return power_w / self.voltage_v(soc, power_w)
