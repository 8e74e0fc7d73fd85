"""The chain's state: values by name, and one root hash over all of them."""

import hashlib
from collections.abc import Iterable

from miner.chain.values import KINDS, Account, Neuron, Stake, Subnet, Totals, Value
from solard.core.codec import Codec
from solard.core.errors import SolardError

_CODEC = Codec()


class ChainBroken(SolardError):
    """Stored chain data contradicts itself."""


class ChainState:
    """Everything the chain remembers after a block."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._leaves: dict[str, bytes] = {}
        self._uids: dict[tuple[int, str], int] = {}
        self._changed: set[str] = set()

    def put(self, values: Iterable[Value]) -> None:
        """Store values under their names, in place of older ones."""
        for value in values:
            old = self._values.get(value.key)
            if isinstance(old, Neuron):
                self._uids.pop((old.netuid, old.hotkey), None)
            if isinstance(value, Neuron):
                self._uids[value.netuid, value.hotkey] = value.uid
            self._values[value.key] = value
            self._leaves[value.key] = leaf(value.key, dump(value))
            self._changed.add(value.key)

    def take_changes(self) -> dict[str, str]:
        """Return names and texts of the values stored since the last call."""
        changes = {key: dump(self._values[key]) for key in sorted(self._changed)}
        self._changed.clear()
        return changes

    def texts(self) -> dict[str, str]:
        """Return every value as text by name."""
        return {key: dump(self._values[key]) for key in sorted(self._values)}

    @property
    def root(self) -> str:
        """Return the hash over all values, by name."""
        return hashlib.sha256(b"".join(self._leaves[k] for k in sorted(self._leaves))).hexdigest()

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

    def stake(self, netuid: int, hotkey: str) -> Stake:
        """Return a hotkey's stake on a subnet, 0 rao where there is none."""
        value = self._values.get(f"stake/{netuid}/{hotkey}")
        return value if isinstance(value, Stake) else Stake(netuid=netuid, hotkey=hotkey)

    def subnet(self, netuid: int) -> Subnet | None:
        """Return a subnet, or None."""
        value = self._values.get(f"subnet/{netuid:05d}")
        return value if isinstance(value, Subnet) else None

    def subnets(self) -> tuple[Subnet, ...]:
        """Return all subnets by netuid."""
        found = [value for value in self._values.values() if isinstance(value, Subnet)]
        return tuple(sorted(found, key=lambda subnet: subnet.netuid))

    def neurons(self, netuid: int) -> tuple[Neuron, ...]:
        """Return a subnet's neurons; index is the uid."""
        found = [
            value
            for value in self._values.values()
            if isinstance(value, Neuron) and value.netuid == netuid
        ]
        return tuple(sorted(found, key=lambda neuron: neuron.uid))

    def neuron(self, netuid: int, hotkey: str) -> Neuron | None:
        """Return the neuron of a hotkey on a subnet, or None."""
        uid = self._uids.get((netuid, hotkey))
        value = None if uid is None else self._values.get(f"neuron/{netuid:05d}/{uid:05d}")
        return value if isinstance(value, Neuron) else None

    def counted_rao(self) -> int:
        """Return the sum of all balances, stakes and pending emissions; equals the issuance."""
        total = 0
        for value in self._values.values():
            match value:
                case Account():
                    total += value.balance_rao
                case Stake():
                    total += value.rao
                case Subnet():
                    total += value.pending_rao
                case Totals() | Neuron():
                    pass
        return total


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
