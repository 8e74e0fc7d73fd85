"""All calls by name, and how one is read before it runs."""

from collections.abc import Callable

from miner.chain.calls.context import CallRefused, Context
from miner.chain.calls.governing import propose, vote
from miner.chain.calls.money import claim_grant, transfer
from miner.chain.calls.registering import register, register_by_work, register_limit
from miner.chain.calls.serving import serve_axon
from miner.chain.calls.staking import add_stake, remove_stake, set_take
from miner.chain.calls.subnets import create_subnet, set_hyperparameter
from miner.chain.calls.weighing import commit_weights, reveal_weights, set_weights
from miner.chain.extrinsic import Extrinsic
from miner.chain.values import Value

CALLS: dict[str, tuple[Callable[..., tuple[Value, ...]], dict[str, type]]] = {
    "transfer": (transfer, {"to": str, "rao": int}),
    "claim_grant": (claim_grant, {}),
    "register": (register, {"netuid": int, "hotkey": str}),
    "register_limit": (register_limit, {"netuid": int, "hotkey": str, "limit_rao": int}),
    "register_by_work": (
        register_by_work,
        {"netuid": int, "hotkey": str, "block": int, "nonce": int},
    ),
    "add_stake": (add_stake, {"netuid": int, "hotkey": str, "rao": int}),
    "remove_stake": (remove_stake, {"netuid": int, "hotkey": str, "alpha_rao": int}),
    "set_take": (set_take, {"hotkey": str, "take_u16": int}),
    "serve_axon": (serve_axon, {"netuid": int, "ip": str, "port": int}),
    "set_weights": (set_weights, {"netuid": int, "uids": list, "values": list}),
    "commit_weights": (commit_weights, {"netuid": int, "commit": str}),
    "reveal_weights": (
        reveal_weights,
        {"netuid": int, "uids": list, "values": list, "salt": str},
    ),
    "create_subnet": (create_subnet, {"name": str, "hotkey": str}),
    "set_hyperparameter": (set_hyperparameter, {"netuid": int, "name": str, "value": int}),
    "propose": (propose, {"netuid": int, "name": str, "value": int}),
    "vote": (vote, {"number": int, "aye": bool}),
}
BEFORE_A_BALANCE = frozenset({"claim_grant", "register_by_work"})
"""What an account without a balance may ask for."""


def execute(extrinsic: Extrinsic, context: Context) -> tuple[Value, ...]:
    """Return what the call changes, the sender's nonce aside; raise CallRefused."""
    call = CALLS.get(extrinsic.call)
    if call is None:
        raise CallRefused(f"no call {extrinsic.call!r}; there are {', '.join(sorted(CALLS))}")
    function, shape = call
    args = extrinsic.args
    if set(args) != set(shape):
        raise CallRefused(f"{extrinsic.call} takes exactly: {', '.join(shape) or 'nothing'}")
    for name, kind in shape.items():
        if type(args[name]) is not kind:
            raise CallRefused(f"{extrinsic.call}: {name} is not of type {kind.__name__}")
    return function(context, extrinsic.signer, **args)
