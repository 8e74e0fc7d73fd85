"""The chain's state: values by name, and one root hash over all of them."""

import hashlib
from collections.abc import Iterable

from miner.chain.values import (
    KINDS,
    Account,
    Delegate,
    Neuron,
    Proposal,
    Stake,
    Subnet,
    Totals,
    Value,
)
from solard.core.codec import Codec
from solard.core.errors import SolardError

_CODEC = Codec()
DEFAULT_TAKE_U16 = 11796
"""18 %, as on the chain."""


class ChainBroken(SolardError):
    """Stored chain data contradicts itself."""


class ChainState:
    """Everything the chain remembers after a block."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._texts: dict[str, str] = {}
        self._leaves: dict[str, bytes] = {}
        self._order: list[str] | None = None
        self._subnets: dict[int, Subnet] = {}
        self._neurons: dict[int, dict[int, Neuron]] = {}
        self._uids: dict[tuple[int, str], int] = {}
        self._stakes: dict[tuple[int, str], dict[str, Stake]] = {}
        self._proposals: dict[int, Proposal] = {}
        self._changed: set[str] = set()

    def put(self, values: Iterable[Value]) -> None:
        """Store values under their names, in place of older ones."""
        for value in values:
            key = value.key
            if key not in self._values:
                self._order = None
            self._index(value)
            self._values[key] = value
            self._texts[key] = text = dump(value)
            self._leaves[key] = leaf(key, text)
            self._changed.add(key)

    def _index(self, value: Value) -> None:
        match value:
            case Subnet():
                self._subnets[value.netuid] = value
            case Neuron():
                neurons = self._neurons.setdefault(value.netuid, {})
                if old := neurons.get(value.uid):
                    self._uids.pop((old.netuid, old.hotkey), None)
                neurons[value.uid] = value
                self._uids[value.netuid, value.hotkey] = value.uid
            case Stake():
                self._stakes.setdefault((value.netuid, value.hotkey), {})[value.coldkey] = value
            case Proposal():
                self._proposals[value.number] = value
            case Totals() | Account() | Delegate():
                pass

    def take_changes(self) -> dict[str, str]:
        """Return names and texts of the values stored since the last call."""
        changes = {key: self._texts[key] for key in sorted(self._changed)}
        self._changed.clear()
        return changes

    def texts(self) -> dict[str, str]:
        """Return every value as text by name."""
        return {key: self._texts[key] for key in sorted(self._texts)}

    @property
    def root(self) -> str:
        """Return the hash over all values, by name."""
        if self._order is None:
            self._order = sorted(self._leaves)
        return hashlib.sha256(b"".join(map(self._leaves.__getitem__, self._order))).hexdigest()

    @property
    def totals(self) -> Totals:
        """Return the chain's own numbers."""
        value = self._values["chain"]
        assert isinstance(value, Totals)
        return value

    def account(self, ss58: str) -> Account:
        """Return an account; one that nobody has seen is empty."""
        value = self._values.get(f"account/{ss58}")
        return value if isinstance(value, Account) else Account(ss58=ss58)

    def accounts(self) -> tuple[Account, ...]:
        """Return all accounts that were ever used, by address."""
        found = [value for value in self._values.values() if isinstance(value, Account)]
        return tuple(sorted(found, key=lambda one: one.ss58))

    def stake(self, netuid: int, hotkey: str, coldkey: str) -> Stake:
        """Return what an account has with a hotkey on a subnet, 0 where there is none."""
        found = self._stakes.get((netuid, hotkey), {}).get(coldkey)
        return found or Stake(netuid=netuid, hotkey=hotkey, coldkey=coldkey)

    def stakes_with(self, netuid: int, hotkey: str) -> tuple[Stake, ...]:
        """Return all stakes with a hotkey on a subnet, by account."""
        held = self._stakes.get((netuid, hotkey), {})
        return tuple(held[coldkey] for coldkey in sorted(held))

    def stakes(self) -> tuple[Stake, ...]:
        """Return all stakes, by name."""
        found = [one for held in self._stakes.values() for one in held.values()]
        return tuple(sorted(found, key=lambda one: one.key))

    def alpha_with(self, netuid: int, hotkey: str) -> int:
        """Return all alpha at stake with a hotkey on a subnet."""
        return sum(one.alpha_rao for one in self._stakes.get((netuid, hotkey), {}).values())

    def take_u16(self, hotkey: str) -> int:
        """Return the part of its stakers' dividends that a validator keeps, 65535 = 1."""
        value = self._values.get(f"delegate/{hotkey}")
        return value.take_u16 if isinstance(value, Delegate) else DEFAULT_TAKE_U16

    def delegate(self, hotkey: str) -> Delegate | None:
        """Return a validator's own terms, None while it has the usual ones."""
        value = self._values.get(f"delegate/{hotkey}")
        return value if isinstance(value, Delegate) else None

    def subnet(self, netuid: int) -> Subnet | None:
        """Return a subnet, or None."""
        return self._subnets.get(netuid)

    def subnets(self) -> tuple[Subnet, ...]:
        """Return all subnets by netuid."""
        return tuple(self._subnets[netuid] for netuid in sorted(self._subnets))

    def neurons(self, netuid: int) -> tuple[Neuron, ...]:
        """Return a subnet's neurons; index is the uid."""
        found = self._neurons.get(netuid, {})
        return tuple(found[uid] for uid in sorted(found))

    def neuron(self, netuid: int, hotkey: str) -> Neuron | None:
        """Return the neuron of a hotkey on a subnet, or None."""
        uid = self._uids.get((netuid, hotkey))
        return None if uid is None else self._neurons[netuid][uid]

    def neuron_at(self, netuid: int, uid: int) -> Neuron | None:
        """Return who has a uid on a subnet, or None."""
        return self._neurons.get(netuid, {}).get(uid)

    def proposals(self) -> tuple[Proposal, ...]:
        """Return all proposals, oldest first."""
        return tuple(self._proposals[number] for number in sorted(self._proposals))

    def proposal(self, number: int) -> Proposal | None:
        """Return one proposal, or None."""
        return self._proposals.get(number)

    def counted_rao(self) -> int:
        """Return the sum of all balances, pools and pending emissions; equals the issuance."""
        balances = sum(one.balance_rao for one in self.accounts())
        return balances + sum(one.pool_tao_rao + one.pending_rao for one in self.subnets())


def dump(value: Value) -> str:
    """Return a value as one line of canonical JSON."""
    return _CODEC.dumps(value)


def load(key: str, text: str) -> Value:
    """Return the value that `dump` wrote; raise ChainBroken when it is none."""
    kind = KINDS.get(key.partition("/")[0])
    try:
        if kind is None:
            raise ValueError(f"unknown name {key!r}")
        value: Value = _CODEC.loads(kind, text)
    except (SolardError, ValueError) as err:
        raise ChainBroken(f"state value {key!r} cannot be read: {err}") from err
    if value.key != key:
        raise ChainBroken(f"state value {key!r} calls itself {value.key!r}")
    return value


def leaf(key: str, text: str) -> bytes:
    """Return the hash of one named value."""
    return hashlib.sha256(f"{key}\n{text}".encode()).digest()
