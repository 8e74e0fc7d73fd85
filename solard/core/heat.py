"""What the rig's heat is worth, where a room is too cold."""

from dataclasses import dataclass

from solard.core.state import Seen, find_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Each kWh that the rig takes warms a room, and counts while that is colder than wanted."""

    device_id: str
    """Who tells the room's temperature."""
    wanted_below_c: float
    worth_per_kwh: float

    def per_kwh(self, seen: tuple[Seen, ...]) -> float:
        """Return what a kWh is worth as heat now; 0 where the room is warm, or nobody knows."""
        there = find_seen(seen, self.device_id)
        temperature_c = None if there is None else there.temperature_c
        if temperature_c is None or temperature_c >= self.wanted_below_c:
            return 0.0
        return self.worth_per_kwh
