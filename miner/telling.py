"""What the daemon hears of a network: from the node that makes its blocks, or a watch on one."""

import os
from collections.abc import Sequence
from typing import Any

from miner.chain.backend import Metagraph
from miner.chain.question import Question, read_question
from miner.work import RequestInvalid
from solard.core.codec import Codec
from solard.core.modes import WorkMode

_CODEC = Codec()


def network_status(
    *, name: str, mode: WorkMode, health: str, blocks_per_h: float, detail: dict[str, Any]
) -> dict[str, Any]:
    """Return a `status` answer; `detail` says at least the newest `block`."""
    return {
        "name": name,
        "role": "network",
        "pid": os.getpid(),
        "mode": mode.value,
        "rate": blocks_per_h,
        "work": f"block {detail.get('block', '?')}",
        "health": health,
        "earned_rao": 0,
        "neuron": None,
        "detail": {"kind": "embedded", "is_simulator": True, **detail},
    }


def subnets_detail(graphs: Sequence[Metagraph]) -> dict[str, Any]:
    """Return what a status says of the subnets and their neurons."""
    return {
        "epochs": sum(graph.epochs for graph in graphs),
        "tempo": graphs[0].tempo if graphs else 0,
        "subnets": [_subnet_row(graph) for graph in graphs],
        "neurons": [_CODEC.encode(one) for graph in graphs for one in graph.neurons],
    }


def read_rewards_request(request: dict[str, Any]) -> tuple[int, list[str]]:
    """Return after which block, and whose rewards a `rewards` verb wants; none named = all."""
    after, hotkeys = request.get("after_block", -1), request.get("hotkeys", [])
    if type(after) is not int:
        raise RequestInvalid(f"rewards: after_block {after!r} is no block number")
    if not isinstance(hotkeys, list) or not all(isinstance(one, str) for one in hotkeys):
        raise RequestInvalid("rewards: hotkeys is no list of addresses")
    return after, hotkeys


def read_explore_request(request: dict[str, Any]) -> tuple[str, Question]:
    """Return what an `explore` verb wants to see: the explorer's view, and what it is asked."""
    query = request.get("query", {})
    if not isinstance(query, dict):
        raise RequestInvalid("explore: query is no mapping")
    asked = {str(name): str(value) for name, value in query.items()}
    return str(request.get("view")), read_question(asked)


def _subnet_row(graph: Metagraph) -> dict[str, Any]:
    row: dict[str, Any] = _CODEC.encode(graph)
    row.pop("neurons")
    return {**row, "neurons": len(graph.neurons)}
