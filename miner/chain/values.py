"""What the chain remembers. Amounts are rao, 1e-9 τ; stake is alpha, 1e-9 of a subnet's token."""

from dataclasses import dataclass

from solard.core.units import RAO_PER_TAO


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The chain's own numbers."""

    issuance_rao: int
    """Every τ that exists: balances, pools and what waits for an epoch."""
    issued_rao: int = 0
    """What blocks have issued since genesis."""
    last_lock_rao: int = 0
    """What the newest subnet cost its creator."""
    last_lock_block: int = 0

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
    """What one account has at stake with a hotkey on a subnet."""

    netuid: int
    hotkey: str
    coldkey: str
    alpha_rao: int = 0

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"stake/{self.netuid:05d}/{self.hotkey}/{self.coldkey}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """What a validator keeps of the dividends of those who stake with it."""

    hotkey: str
    take_u16: int
    raised_block: int | None
    """When the take last rose; None while it never did."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"delegate/{self.hotkey}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A subnet's hyperparameters; periods in blocks."""

    tempo: int = 30
    """Blocks between epochs, less one, as on the chain."""
    yuma3: bool = False
    liquid_alpha: bool = False
    """Acts only with Yuma3."""
    alpha_low_u16: int = 45875
    alpha_high_u16: int = 58982
    alpha_steepness: int = 1000
    stake_threshold_rao: int = 0
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
    min_allowed_weights: int = 1
    commit_reveal: bool = False
    reveal_epochs: int = 1
    """A commit is revealed in the epoch that comes so many after its own."""
    pow_registration: bool = False
    min_difficulty: int = 1_000
    max_difficulty: int = 1 << 62
    adjustment_interval: int = 100
    target_registrations: int = 2
    """By proof of work, in an interval."""
    voting_blocks: int = 100


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
    difficulty: int = 10_000_000
    """Hashes that a proof of work takes on average."""
    work_registrations: int = 0
    """In this adjustment interval."""
    used_work: tuple[str, ...] = ()
    """`block:hotkey` of proofs that could still be fresh."""
    created_block: int = 0
    pool_tao_rao: int = 0
    pool_alpha_rao: int = 0
    """The pool in which τ is exchanged for the subnet's alpha; its ratio is the price."""
    price_ema_q32: int = 1 << 32
    """Moving average of the price, by which emission is shared among subnets."""
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
class Commit:
    """Weights that were promised, and are not yet known."""

    hash: str
    epoch: int
    block: int


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
    commits: tuple[Commit, ...] = ()
    """Oldest first."""
    permit: bool = False
    axon: Axon | None = None
    incentive_u16: int = 0
    dividends_u16: int = 0
    consensus_u16: int = 0
    trust_u16: int = 0
    validator_trust_u16: int = 0
    standing_rao: int = 0
    """Its part of the last epoch of which nothing is recycled; who has least goes."""
    emission_rao: int = 0
    """What the last epoch paid it; what is recycled is not in it."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"neuron/{self.netuid:05d}/{self.uid:05d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of one hyperparameter, put to the validators of a subnet."""

    number: int
    netuid: int
    proposer: str
    name: str
    value: int
    made_block: int
    ends_block: int
    ayes: tuple[str, ...] = ()
    nays: tuple[str, ...] = ()
    """Hotkeys; what they have at stake when the vote ends counts."""
    result: str | None = None
    """`passed` or `failed`, with what was counted; None while it is open."""

    @property
    def key(self) -> str:
        """Return its name in the state."""
        return f"proposal/{self.number:07d}"


Value = Totals | Account | Stake | Delegate | Subnet | Neuron | Proposal

KINDS: dict[str, type[Value]] = {
    "chain": Totals,
    "account": Account,
    "stake": Stake,
    "delegate": Delegate,
    "proposal": Proposal,
    "subnet": Subnet,
    "neuron": Neuron,
}
"""By the first part of a value's key."""
