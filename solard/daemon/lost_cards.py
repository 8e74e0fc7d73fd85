"""Which cards have been gone for long enough that their work has to end."""

from solard.core.state import CardHealth, GpuState

GONE_AFTER_S = 30.0
"""Site seconds: a keeper that restarts or a driver that hangs for a moment ends no work."""


class LostCards:
    """Remembers since when each card has been lost."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}

    def gone(self, gpus: tuple[GpuState, ...], now_s: float) -> frozenset[str]:
        """Return the cards that the keeper has called lost for a while.

        A keeper that does not answer says nothing of any card: then none is gone.
        """
        lost = {gpu.gpu_id for gpu in gpus if gpu.health is CardHealth.LOST}
        self._since_s = {gpu_id: self._since_s.get(gpu_id, now_s) for gpu_id in lost}
        return frozenset(
            gpu_id for gpu_id, since_s in self._since_s.items() if now_s - since_s >= GONE_AFTER_S
        )
