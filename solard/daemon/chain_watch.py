"""What the chain says of our neurons, and the rewards that it paid."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from solard.core.errors import SolardError
from solard.core.history import Reward
from solard.core.view import NetworkView, NeuronView
from solard.daemon.events import Events
from solard.daemon.ports import History, WorkSocket
from solard.daemon.supervisor import Supervisor
from solard.system.clock import Clock
from solard.system.lines import ask

NODE_ROLE = "network"
OWNER = "owner"
EXPLORED_WITHIN_S = 8.0
_EARNERS = frozenset({"miner", "validator"})

T = TypeVar("T")


class NoNetwork(SolardError):
    """There is no chain to look at."""


class ChainWatch:
    """Follows the network workload's blocks, and what they paid our neurons."""

    def __init__(
        self,
        network: str,
        node_name: str | None,
        socket_of: WorkSocket,
        history: History,
        clock: Clock,
        events: Events,
    ) -> None:
        self._network = network
        self._node_name = node_name
        self._socket_of = socket_of
        self._history = history
        self._clock = clock
        self._events = events
        self._name: object = None
        """Of the chain that was seen last."""
        self._paid_up_to = 0
        self._hotkeys: frozenset[str] = frozenset()
        """Of our neurons, those that have stopped included."""
        self._seen_block: int | None = None
        self._seen_s = 0.0
        self.view: NetworkView | None = None

    async def run_once(self, supervisor: Supervisor, day: str) -> None:
        """Take over the newest picture of the chain, and rewards since the last one."""
        detail = supervisor.detail(NODE_ROLE)
        if self._node_name is None or not detail:
            return
        block = detail.get("block")
        if isinstance(block, int) and block != self._seen_block:
            self._seen_block, self._seen_s = block, self._clock.monotonic_s()
        name = detail.get("network")
        before = self.view.neurons if self.view is not None and name == self._name else ()
        if name != self._name or not supervisor.hotkeys <= self._hotkeys:
            # Another chain, or a neuron that has earned before we knew it: all of its blocks are
            # asked for. What is kept is kept once.
            self._name = name
            self._hotkeys |= supervisor.hotkeys
            self._paid_up_to = 0
        neurons = tuple(filter(self._is_ours, _readable(detail.get("neurons"), _neuron)))
        self._tell_lost_places(before, neurons)
        self.view = NetworkView(
            kind=str(detail.get("kind") or self._network),
            block=self._seen_block,
            epochs=_count(detail.get("epochs")),
            tempo=_count(detail.get("tempo")),
            age_s=None if self._seen_block is None else self._clock.monotonic_s() - self._seen_s,
            neurons=neurons,
        )
        if self._hotkeys:
            await self._collect_rewards(self._node_name, day)

    def _is_ours(self, neuron: NeuronView) -> bool:
        """Say whether a neuron is our rig's, or our own network's; others' may be on the node."""
        return neuron.hotkey in self._hotkeys or neuron.role == OWNER

    def _tell_lost_places(
        self, before: tuple[NeuronView, ...], now: tuple[NeuronView, ...]
    ) -> None:
        """Alert the owner of each neuron that gave way, also of one that is back already."""
        held = {(one.netuid, one.hotkey): one for one in now}
        for old in before:
            new = held.get((old.netuid, old.hotkey))
            place = f"uid {old.uid} on {old.subnet} ({old.role}) gave way to a newcomer"
            more = f"`solard network evictions --netuid {old.netuid}` names it."
            if new is None:
                self._events.tell("network", f"Our {place}. {more}", "alert")
            elif new.registered_block > old.registered_block:
                text = f"Our {place}, and has registered again as uid {new.uid}. {more}"
                self._events.tell("network", text, "alert")

    async def explore(self, view: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return one of the explorer's views of the chain; raise SolardError."""
        if self._node_name is None:
            raise NoNetwork("this rig is on no network: its configuration runs no bundled work")
        request = {"verb": "explore", "view": view, "query": dict(query)}
        found = await ask(self._socket_of(self._node_name), request, EXPLORED_WITHIN_S)
        return {name: value for name, value in found.items() if name != "ok"}

    async def _collect_rewards(self, node_name: str, day: str) -> None:
        hotkeys = sorted(self._hotkeys)
        request = {"verb": "rewards", "after_block": self._paid_up_to, "hotkeys": hotkeys}
        try:
            answer = await ask(self._socket_of(node_name), request)
        except SolardError:
            return  # the supervisor tells that the node is away
        rewards = tuple(_readable(answer.get("rows"), lambda row: _reward(row, day)))
        # Other rigs may earn on the same node.
        earned = tuple(
            one for one in rewards if one.hotkey in self._hotkeys and one.role in _EARNERS
        )
        if earned:
            self._history.put_rewards(earned)
        self._paid_up_to = _count(answer.get("block")) or self._paid_up_to


def _readable(rows: object, read: Callable[[Any], T]) -> Iterator[T]:
    """Yield what fits: whatever a workload answers, the daemon goes on."""
    for row in rows if isinstance(rows, list) else ():
        try:
            one = read(row)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        yield one


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _reward(row: dict[str, Any], day: str) -> Reward:
    return Reward(
        network=str(row["network"]),
        block=int(row["block"]),
        hotkey=str(row["hotkey"]),
        netuid=int(row["netuid"]),
        role=str(row["role"]),
        rao=int(row["rao"]),
        day=day,
    )


def _neuron(row: dict[str, Any]) -> NeuronView:
    return NeuronView(
        netuid=int(row["netuid"]),
        subnet=str(row.get("subnet") or f"subnet {row['netuid']}"),
        uid=int(row["uid"]),
        hotkey=str(row["hotkey"]),
        role=str(row["role"]),
        incentive=float(row.get("incentive") or 0.0),
        dividends=float(row.get("dividends") or 0.0),
        rank=int(row.get("rank") or 0),
        vtrust=float(row.get("vtrust") or 0.0),
        emission_rao=int(row.get("emission_rao") or 0),
        stake_rao=int(row.get("stake_rao") or 0),
        last_update_block=int(row.get("last_update") or 0),
        immune_until_block=int(row.get("immune_until") or 0),
        registered_block=int(row.get("registered_block") or 0),
    )
