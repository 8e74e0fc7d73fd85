"""What the chain remembers: accounts, stakes, subnets, neurons. Amounts are rao, 1e-9 τ."""

from dataclasses import dataclass

RAO_PER_TAO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The chain's own numbers."""

    issuance_rao: int
    """Everything that exists: balances, stakes and what waits for an epoch."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return "chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A key's free balance."""

    ss58: str
    balance_rao: int = 0
    nonce: int = 0
    granted: bool = False
    """Whether it has had its one grant from the treasury."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"account/{self.ss58}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What a hotkey has at stake on a subnet."""

    netuid: int
    hotkey: str
    rao: int = 0

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"stake/{self.netuid}/{self.hotkey}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A subnet's hyperparameters; periods in blocks."""

    tempo: int = 30
    """Blocks between epochs, less one, as on the chain."""
    kappa_u16: int = 32767
    bonds_moving_average: int = 900_000
    bonds_penalty_u16: int = 65535
    max_uids: int = 256
    max_validators: int = 64
    activity_cutoff: int = 5000
    immunity_blocks: int = 4096
    weights_rate_limit: int = 5
    serving_rate_limit: int = 5
    min_burn_rao: int = 500_000
    max_burn_rao: int = 100 * RAO_PER_TAO


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """One subnet: who owns it, by which rules, and where it stands."""

    netuid: int
    name: str
    owner: str
    """The account that gets the owner's cut."""
    owner_hotkey: str
    """Weight given to it is a vote that this part of the emission was not earned."""
    rules: Rules
    burn_rao: int
    """What a registration costs in this block."""
    pending_rao: int = 0
    """Emission since the last epoch."""
    last_epoch_block: int = 0
    epochs: int = 0
    owner_rao: int = 0
    """Emitted to the owner's share in all epochs so far, and so for miners and validators."""
    miners_rao: int = 0
    validators_rao: int = 0
    recycled_rao: int = 0
    """Part of these three that nobody had earned; it left the issuance again."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"subnet/{self.netuid:05d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axon:
    """Where a neuron listens."""

    ip: str
    port: int
    served_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neuron:
    """A registered hotkey; ratios of the last epoch as u16 (65535 = 1)."""

    netuid: int
    uid: int
    hotkey: str
    coldkey: str
    registered_block: int
    last_update_block: int
    has_set_weights: bool = False
    weights: tuple[tuple[int, int], ...] = ()
    """(uid, u16), by uid."""
    bonds: tuple[tuple[int, int], ...] = ()
    permit: bool = False
    axon: Axon | None = None
    incentive_u16: int = 0
    dividends_u16: int = 0
    consensus_u16: int = 0
    trust_u16: int = 0
    validator_trust_u16: int = 0
    pruning_u16: int = 0
    emission_rao: int = 0
    """What the last epoch paid it."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"neuron/{self.netuid:05d}/{self.uid:05d}"


Value = Totals | Account | Stake | Subnet | Neuron

KINDS: dict[str, type[Value]] = {
    "chain": Totals,
    "account": Account,
    "stake": Stake,
    "subnet": Subnet,
    "neuron": Neuron,
}
"""By the first part of a value's key."""
