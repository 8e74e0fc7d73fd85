"""What a policy looks at and what it does: the values behind `when`, `unless` and `do`."""

from dataclasses import dataclass
from enum import StrEnum

from solard.core.modes import WorkMode


class Quantity(StrEnum):
    """What a condition may look at; the unit follows from the name."""

    BATTERY_SOC = "battery_soc"
    TIME = "time"
    SURPLUS = "surplus"
    PV_POWER = "pv_power"
    GRID_POWER = "grid_power"
    BATTERY_POWER = "battery_power"
    IMPORT_PRICE = "import_price"
    EXPORT_PRICE = "export_price"
    SUPPLY = "supply"
    SUN_NEXT_48H = "sun_next_48h"
    DEVICE_POWER = "NAME.power"
    DEVICE_TEMPERATURE = "NAME.temperature"

    @property
    def is_of_device(self) -> bool:
        """Say whether a single device tells it."""
        return self in {Quantity.DEVICE_POWER, Quantity.DEVICE_TEMPERATURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One quantity held against one relation; exactly one relation is set.

    Powers in W, temperatures in °C, energy in Wh, state of charge 0..1, prices per kWh, times in
    minutes of the local day (a `between` of times may pass midnight).
    """

    quantity: Quantity
    device_id: str | None = None
    """Who tells it, of what single devices tell."""
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    is_: str | None = None
    for_s: float = 0.0
    """How long it must have held without a break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAction:
    """What a policy does while it acts; every part narrows."""

    mode: WorkMode | None = None
    rig_at_most_w: float | None = None
    rig_at_least_w: float | None = None
    each_gpu_at_most_w: float | None = None
    import_for_rig_at_most_w: float | None = None
    battery_for_rig_at_most_w: float | None = None
    keep_free_w: float | None = None
    """Left free of the inverter's continuous rating."""
    work_above_soc: float | None = None
    """Below it the battery comes first and feeds no work."""
