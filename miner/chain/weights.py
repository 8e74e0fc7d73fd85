"""Weights as the chain takes them: uids and u16."""

from collections.abc import Mapping

from miner.chain.fixed import U16_MAX


def scaled_weights(weights: Mapping[int, float]) -> tuple[list[int], list[int]]:
    """Return uids and u16 values, the largest 65535, those of 0 left out."""
    largest = max(weights.values(), default=0.0)
    if not largest > 0:
        return [], []
    scaled = {uid: round(U16_MAX * value / largest) for uid, value in weights.items()}
    uids = sorted(uid for uid, value in scaled.items() if value > 0)
    return uids, [scaled[uid] for uid in uids]
