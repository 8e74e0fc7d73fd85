"""What a subnet's two sides find in tests: a clock that stands still and no site."""

from dataclasses import dataclass
from datetime import UTC, datetime

from miner.subnets.slots import SiteSlot
from miner.subnets.subnet import Surroundings

NOON = datetime(2024, 6, 20, 12, tzinfo=UTC)


@dataclass
class StillClock:
    """Site time that only the test moves."""

    at: datetime = NOON
    speed: float = 1.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()


@dataclass
class OwnSite:
    """A site whose quarter hours are known."""

    known: tuple[SiteSlot, ...] = ()

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        return tuple(one for one in self.known if after <= one.starts_at < min(before, now))


def alone(**changes: object) -> Surroundings:
    values: dict[str, object] = {"clock": StillClock(), "site": OwnSite()}
    return Surroundings(**{**values, **changes})  # type: ignore[arg-type]
