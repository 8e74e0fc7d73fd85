"""What stands on the embedded chain, for people and their tools: one view per question.

A view is plain data. The node answers them over HTTP, and the command line out of the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.chain.block import Block
from miner.chain.calls.subnets import next_lock_cost
from miner.chain.embedded import ChainStore, ChainStoreFailed
from miner.chain.genesis import Genesis
from miner.chain.income import income_of
from miner.chain.picture import metagraph_of
from miner.chain.pool import price_q32, sell_alpha
from miner.chain.question import Question
from miner.chain.state import ChainState
from miner.chain.values import Subnet
from miner.chain.verify import chain_in
from solard.core.codec import Codec
from solard.core.errors import SolardError

MAX_ROWS = 500
_CODEC = Codec()


class NothingFound(SolardError):
    """The chain holds nothing of that name or number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """The chain at its newest block."""

    state: ChainState
    store: ChainStore
    genesis: Genesis
    head: int


def answer(view: str, chain: ChainView, question: Question) -> dict[str, Any]:
    """Return a view with the network's name, and that it is a simulator."""
    function = VIEWS.get(view)
    if function is None:
        raise NothingFound(f"no view {view!r}; there are {', '.join(VIEWS)}")
    return {
        "network": chain.genesis.network,
        "is_simulator": True,
        "block": chain.head,
        **function(chain, question),
    }


def answer_from(home: Path, view: str, question: Question) -> dict[str, Any]:
    """Return a view of the network kept in a directory; it may be running."""
    store = ChainStore(chain_in(home))
    try:
        with store.snapshot():
            genesis, head = store.genesis(), store.head()
            if genesis is None:
                raise ChainStoreFailed(f"the network in {home} has no genesis yet")
            chain = ChainView(
                state=store.load_state(),
                store=store,
                genesis=genesis,
                head=head.number if head else 0,
            )
            return answer(view, chain, question)
    finally:
        store.close()


def _blocks(chain: ChainView, question: Question) -> dict[str, Any]:
    found = chain.store.recent_blocks(question.before, _rows(question))
    return {"blocks": [_block_row(chain, one) for one in found]}


def _block(chain: ChainView, question: Question) -> dict[str, Any]:
    return block_of(chain.store, chain.head if question.number is None else question.number)


def block_of(store: ChainStore, number: int) -> dict[str, Any]:
    """Return one block with its calls and rewards; raise NothingFound."""
    block = store.block(number)
    if block is None:
        raise NothingFound(f"there is no block {number}")
    extrinsics = [{**body, "error": error} for body, error in store.extrinsics(number)]
    return {
        **block.to_json(),
        "extrinsics": extrinsics,
        "evictions": _CODEC.encode(store.evictions_in(number)),
        "rewards": _CODEC.encode(store.rewards_in(number)),
    }


def _extrinsics(chain: ChainView, question: Question) -> dict[str, Any]:
    found = chain.store.recent_extrinsics(question.before, question.account, _rows(question))
    return {
        "extrinsics": [
            {"block": number, "hash": name, **body, "error": error}
            for number, name, body, error in found
        ]
    }


def _accounts(chain: ChainView, question: Question) -> dict[str, Any]:
    worth = _worth_by_account(chain)
    accounts = [
        {**_CODEC.encode(one), "stake_worth_rao": worth.get(one.ss58, 0)}
        for one in chain.state.accounts()
    ]
    accounts.sort(key=lambda one: (-one["balance_rao"] - one["stake_worth_rao"], one["ss58"]))
    return {"count": len(accounts), "accounts": accounts[: _rows(question)]}


def _account(chain: ChainView, question: Question) -> dict[str, Any]:
    ss58 = question.account or ""
    state = chain.state
    stakes = [
        {**_CODEC.encode(one), "worth_rao": _worth(chain, one.netuid, one.alpha_rao)}
        for one in state.stakes()
        if one.coldkey == ss58
    ]
    places = [
        {"netuid": subnet.netuid, "subnet": subnet.name, "uid": one.uid, "hotkey": one.hotkey}
        for subnet in state.subnets()
        for one in state.neurons(subnet.netuid)
        if ss58 in {one.hotkey, one.coldkey}
    ]
    owned = [one.netuid for one in state.subnets() if one.owner == ss58]
    return {
        **_CODEC.encode(state.account(ss58)),
        "earned_rao": chain.store.earned_rao(ss58),
        "stakes": stakes,
        "neurons": places,
        "owns_subnets": owned,
    }


def _subnets(chain: ChainView, _: Question) -> dict[str, Any]:
    return {
        "next_lock_rao": next_lock_cost(chain.state.totals, chain.head + 1),
        "subnets": [_subnet_row(chain, one) for one in chain.state.subnets()],
    }


def _metagraph(chain: ChainView, question: Question) -> dict[str, Any]:
    subnet = _subnet(chain, question)
    picture: dict[str, Any] = _CODEC.encode(metagraph_of(chain.state, subnet, chain.head))
    return {**picture, "rules": _CODEC.encode(subnet.rules)}


def _emissions(chain: ChainView, question: Question) -> dict[str, Any]:
    totals = chain.state.totals
    epochs = chain.store.epoch_rewards(question.netuid, question.before, _rows(question))
    return {
        "issuance_rao": totals.issuance_rao,
        "issued_rao": totals.issued_rao,
        "recycled_rao": sum(one.recycled_rao for one in chain.state.subnets()),
        "emissions": [
            {"block": number, "netuid": netuid, "role": role, "keys": keys, "rao": rao}
            for number, netuid, role, keys, rao in epochs
        ],
    }


def _evictions(chain: ChainView, question: Question) -> dict[str, Any]:
    found = chain.store.recent_evictions(question.netuid, question.before, _rows(question))
    return {"evictions": [{"block": number, **_CODEC.encode(one)} for number, one in found]}


def _proposals(chain: ChainView, question: Question) -> dict[str, Any]:
    found = [
        _CODEC.encode(one)
        for one in reversed(chain.state.proposals())
        if question.netuid in {None, one.netuid}
    ]
    return {"proposals": found[: _rows(question)]}


def _earnings(chain: ChainView, question: Question) -> dict[str, Any]:
    window = max(1, min(question.blocks, chain.head))
    paid = chain.store.paid_since(chain.head - window, question.account)
    return {
        "blocks": window,
        "earnings": income_of(paid, window, chain.genesis.block_s, question.power_w),
    }


VIEWS: dict[str, Callable[[ChainView, Question], dict[str, Any]]] = {
    "blocks": _blocks,
    "block": _block,
    "extrinsics": _extrinsics,
    "accounts": _accounts,
    "account": _account,
    "subnets": _subnets,
    "metagraph": _metagraph,
    "emissions": _emissions,
    "evictions": _evictions,
    "proposals": _proposals,
    "earnings": _earnings,
}


def _rows(question: Question) -> int:
    return max(1, min(question.limit, MAX_ROWS))


def _block_row(chain: ChainView, block: Block) -> dict[str, Any]:
    calls = [body["call"] for body, _ in chain.store.extrinsics(block.number)]
    paid = sum(one.rao for one in chain.store.rewards_in(block.number))
    return {
        "number": block.number,
        "made_at": block.made_at,
        "hash": block.hash,
        "calls": calls,
        "paid_rao": paid,
    }


def _subnet_row(chain: ChainView, subnet: Subnet) -> dict[str, Any]:
    row: dict[str, Any] = _CODEC.encode(subnet)
    for inner in ("rules", "used_work"):
        row.pop(inner)
    return {
        **row,
        "neurons": len(chain.state.neurons(subnet.netuid)),
        "price": price_q32(subnet) / (1 << 32),
        "tempo": subnet.rules.tempo,
        "pow_registration": subnet.rules.pow_registration,
    }


def _subnet(chain: ChainView, question: Question) -> Subnet:
    subnet = chain.state.subnet(question.netuid or 0)
    if subnet is None:
        raise NothingFound(f"there is no subnet {question.netuid}")
    return subnet


def _worth(chain: ChainView, netuid: int, alpha_rao: int) -> int:
    """Return what alpha would bring in τ if it were sold now."""
    subnet = chain.state.subnet(netuid)
    return sell_alpha(subnet, alpha_rao)[1] if subnet and alpha_rao else 0


def _worth_by_account(chain: ChainView) -> dict[str, int]:
    worth: dict[str, int] = {}
    for one in chain.state.stakes():
        had = worth.get(one.coldkey, 0)
        worth[one.coldkey] = had + _worth(chain, one.netuid, one.alpha_rao)
    return worth
