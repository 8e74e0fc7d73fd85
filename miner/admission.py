"""Who may ask a miner: what the chain says of a caller, against what the owner wants."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from miner.chain.backend import Metagraph, NeuronInfo
from miner.wire.refusal import NotAdmitted
from solard.core.units import RAO_PER_TAO


class Callers(StrEnum):
    """Whom a miner answers."""

    STAKED = "staked"
    """Validators: with a permit, or with stake of their own."""
    PERMITTED = "permitted"
    """Validators with a permit only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A miner's rule about callers; it has to hold on one of the miner's subnets."""

    callers: Callers = Callers.STAKED
    min_stake_rao: int = 0
    """What a caller has to have staked besides."""

    def check(self, hotkey: str, graphs: Iterable[Metagraph]) -> None:
        """Raise NotAdmitted unless the hotkey may ask."""
        known = [one for graph in graphs if (one := graph.find(hotkey)) is not None]
        if not known:
            raise NotAdmitted("Unrecognized hotkey")
        if not any(self._is_validator(one) for one in known):
            raise NotAdmitted(f"only validators may ask: {_WANTED[self.callers]}")
        if max(one.stake_rao for one in known if self._is_validator(one)) < self.min_stake_rao:
            least = self.min_stake_rao / RAO_PER_TAO
            raise NotAdmitted(f"only validators with a stake of {least:g} may ask")

    def _is_validator(self, caller: NeuronInfo) -> bool:
        return caller.permit or (self.callers is Callers.STAKED and caller.stake_rao > 0)


_WANTED = {
    Callers.STAKED: "a permit or stake",
    Callers.PERMITTED: "a permit",
}
