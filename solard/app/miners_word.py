"""What the miners of `sunlight` say about this site, as our own validator hears it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.sources.errors import SourceUnreadable
from scheduler.sources.shapes import read_words
from solard.config.load import Settings
from solard.config.workload import Bundled
from solard.core.codec import Codec, CodecError
from solard.core.errors import SolardError
from solard.core.forecast import Forecast
from solard.core.second_opinion import Said, Trust, learned, mixed, opinions
from solard.core.site_slot import SLOT_S, SiteSlot
from solard.core.told import ToldPower
from solard.system.lines import ask
from solard.system.places import Places

SUBNET = "sunlight"
NAME = "the miners' word"
THROTTLED_SHARE = 0.05
"""A slot that was held back for longer does not tell what the panels could give."""
FORGOTTEN = timedelta(hours=6)
"""A quarter hour without good data by then never comes true."""


def make_miners_word(settings: Settings, places: Places) -> "MinersWord | None":
    """Return what asks our validator; None without one, or where the owner does not want it."""
    validator = next(
        (
            each.name
            for each in settings.workloads
            if each.bundled is Bundled.VALIDATOR and SUBNET in each.subnets
        ),
        None,
    )
    if validator is None or not settings.forecast.miners:
        return None
    return MinersWord(places.work_socket(validator), places.forecasts / "miners.json")


class MinersWord:
    """Asks with each forecast, and learns from each quarter hour that comes true."""

    def __init__(self, socket: Path, kept: Path) -> None:
        self._socket = socket
        self._kept = kept
        self._trust = self._recall()
        self._open: dict[datetime, Said] = {}

    @property
    def share(self) -> float:
        """Return how far it is followed, 0..1."""
        return self._trust.share

    async def mix_into(self, forecast: Forecast, history: Sequence[SiteSlot]) -> Forecast:
        """Return the forecast with their word in it; raise nothing."""
        await self._learn(forecast.issued_at, history)
        said = opinions(forecast, await self._words())
        self._open.update((each.starts_at, each) for each in said)
        return mixed(forecast, said, self._trust, NAME)

    async def _words(self) -> tuple[ToldPower, ...]:
        try:
            answer = await ask(self._socket, {"verb": "offer", "subnet": SUBNET})
            return read_words(json.dumps(answer.get("offer")).encode(), UTC).power
        except (SolardError, SourceUnreadable):
            return ()

    async def _learn(self, now: datetime, history: Sequence[SiteSlot]) -> None:
        true_w = {
            each.starts_at: each.pv_wh * 3600.0 / each.good_s
            for each in history
            if each.starts_at in self._open
            and each.pv_wh is not None
            and each.good_s >= SLOT_S / 2
            and each.throttled_s <= THROTTLED_SHARE * SLOT_S
        }
        came_true = [self._open.pop(starts_at) for starts_at in sorted(true_w)]
        for starts_at in [at for at in self._open if not now - FORGOTTEN < at < now + FORGOTTEN]:
            del self._open[starts_at]
        if came_true:
            self._trust = learned(self._trust, came_true, true_w)
            await asyncio.to_thread(self._keep)

    def _recall(self) -> Trust:
        try:
            trust: Trust = Codec().loads(Trust, self._kept.read_text(encoding="utf-8"))
        except (OSError, CodecError, ValueError):
            return Trust()
        return trust

    def _keep(self) -> None:
        """Write what was learned; without a disk go on in memory."""
        fresh = self._kept.with_suffix(".new")
        try:
            self._kept.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            fresh.write_text(Codec().dumps(self._trust), encoding="utf-8")
            fresh.replace(self._kept)
        except OSError:
            return
