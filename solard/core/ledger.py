"""Energy by source: where the rig's watt-hours came from."""

from dataclasses import dataclass, fields

from solard.core.state import SiteState
from solard.core.units import energy_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEnergy:
    """The rig's energy in Wh, by what supplied it."""

    sun_wh: float = 0.0
    hidden_sun_wh: float = 0.0
    """Sun that the inverter would have held back without the rig; part of no other field."""
    battery_wh: float = 0.0
    grid_wh: float = 0.0
    generator_wh: float = 0.0

    @property
    def total_wh(self) -> float:
        """Return the sum over all sources."""
        return self.sun_wh + self.hidden_sun_wh + self.battery_wh + self.grid_wh + self.generator_wh

    def plus(self, other: "SourceEnergy") -> "SourceEnergy":
        """Return the sums, source by source."""
        names = [field.name for field in fields(self)]
        return SourceEnergy(**{name: getattr(self, name) + getattr(other, name) for name in names})


def split_by_source(state: SiteState, duration_s: float, *, probing: bool) -> SourceEnergy | None:
    """Return where the rig's energy came from over `duration_s`, or None when that is unknown.

    The house takes the sun first; the rig gets what the house leaves of the sun, then shares of the
    other sources in proportion to what they give. `probing` marks sun found by the hidden-sun rule.
    """
    if state.rig_w is None or state.surplus_w is None or state.grid_w is None:
        return None
    rig_w = state.rig_w
    sun_w = min(rig_w, max(0.0, state.surplus_w))
    battery_w = max(0.0, (state.battery.power_w or 0.0) if state.battery else 0.0)
    grid_w = max(0.0, state.grid_w)
    generator_w = max(0.0, state.generator_w or 0.0)
    others_w = battery_w + grid_w + generator_w
    share = (rig_w - sun_w) / others_w if others_w > 0 else 0.0
    if others_w <= 0:
        sun_w = rig_w
    sun_wh = energy_wh(sun_w, duration_s)
    return SourceEnergy(
        sun_wh=0.0 if probing else sun_wh,
        hidden_sun_wh=sun_wh if probing else 0.0,
        battery_wh=energy_wh(battery_w * share, duration_s),
        grid_wh=energy_wh(grid_w * share, duration_s),
        generator_wh=energy_wh(generator_w * share, duration_s),
    )
