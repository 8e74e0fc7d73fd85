"""What the network's miners say of our own sun: heard from our validator, followed when right."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from miner.subnets.slots import SiteSlot as SunSlot
from miner.subnets.subnet import Surroundings
from miner.subnets.sunlight_sides import SUNLIGHT, SunlightJudge
from solard.app.miners_word import MinersWord, make_miners_word
from solard.config.load import read_settings
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.site_slot import SiteSlot
from solard.system.lines import serve_lines
from solard.system.places import places_at
from tests.daemon.stage import HandClock

NOON = datetime(2024, 6, 20, 12, tzinfo=UTC)
SLOT = timedelta(minutes=15)
SITE = """\
site: {name: home, latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices: {inverter: {profile: sunspec, host: 127.0.0.1, port: 1}}
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="word-") as directory:
        yield Path(directory)


@asynccontextmanager
async def validator(socket: Path, offer: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """A validator whose miners say this."""
    asked: list[dict[str, Any]] = []

    async def handle(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"offer": offer}

    server = await serve_lines(socket, handle)
    try:
        yield asked
    finally:
        server.close()


def forecast(now: datetime = NOON, pv_w: float = 1000.0) -> Forecast:
    slots = tuple(
        ForecastSlot(
            starts_at=now + SLOT * place,
            ends_at=now + SLOT * (place + 1),
            pv_w=pv_w,
            pv_low_w=500.0,
            pv_high_w=2000.0,
            house_w=300.0,
        )
        for place in range(8)
    )
    return Forecast(issued_at=now, source="own", slots=slots)


def measured(starts_at: datetime, pv_w: float, **more: float) -> SiteSlot:
    names = ("rig", "grid_in", "grid_out", "battery_in", "battery_out", "generator")
    energies = dict.fromkeys(f"{name}_wh" for name in names)
    slot = SiteSlot(
        starts_at=starts_at,
        pv_wh=pv_w / 4.0,
        house_wh=None,
        throttled_s=0.0,
        good_s=900.0,
        **energies,  # type: ignore[arg-type]
    )
    return replace(slot, **more)  # type: ignore[arg-type]


def said(power_w: float, now: datetime = NOON) -> dict[str, Any]:
    starts = [now + SLOT * place for place in range(1, 8)]
    return {"forecasts": [{"starts_at": one.isoformat(), "pv_w": power_w} for one in starts]}


async def test_miners_that_are_right_are_followed_more_and_more(home: Path) -> None:
    socket = home / "v.sock"
    word = MinersWord(socket, home / "miners.json")
    async with validator(socket, said(1600.0)) as asked:
        first = await word.mix_into(forecast(), ())
    came = [measured(NOON + SLOT * place, 1600.0) for place in range(1, 8)]
    later = NOON + SLOT * 8
    async with validator(socket, said(1600.0, later)):
        second = await word.mix_into(forecast(later), came)

    assert asked == [{"verb": "offer", "subnet": "sunlight"}]
    assert first == forecast()
    # Each of 7 slots moved 0.3 of the day's best 2000 W, and was right.
    assert word.share == pytest.approx(0.882, abs=0.01)
    assert second.slots[1].pv_w == pytest.approx(1000.0 + 600.0 * word.share)
    assert MinersWord(socket, home / "miners.json").share == word.share


async def test_slot_that_was_held_back_or_hardly_measured_teaches_nothing(home: Path) -> None:
    socket = home / "v.sock"
    word = MinersWord(socket, home / "miners.json")
    async with validator(socket, said(1600.0)):
        await word.mix_into(forecast(), ())
    bad = [
        measured(NOON + SLOT, 1600.0, throttled_s=60.0),
        measured(NOON + SLOT * 2, 1600.0, good_s=300.0),
    ]
    await word.mix_into(forecast(NOON + SLOT * 3), bad)

    assert word.share == 0.0


@pytest.mark.parametrize("offer", [None, {}, {"forecasts": "much"}, [[]] * 3])
async def test_validator_without_a_word_costs_no_forecast(home: Path, offer: Any) -> None:
    async with validator(home / "v.sock", offer):
        word = MinersWord(home / "v.sock", home / "miners.json")
        assert await word.mix_into(forecast(), ()) == forecast()
    assert await word.mix_into(forecast(), ()) == forecast()


def test_only_a_validator_on_sunlight_is_asked(home: Path) -> None:
    def asks(keys: str) -> bool:
        return make_miners_word(read_settings(SITE + keys, "s.yaml"), places_at(home)) is not None

    assert asks("workloads: {v: {bundled: validator}}\n")
    assert not asks("workloads: {v: {bundled: validator, subnets: [text]}}\n")
    assert not asks("workloads: {m: {bundled: miner}}\n")
    assert not asks("forecast: {miners: false}\nworkloads: {v: {bundled: validator}}\n")


class NoSite:
    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SunSlot, ...]:
        del after, before, now
        return ()


async def test_better_miners_weigh_more_and_silent_ones_nothing() -> None:
    judge = SUNLIGHT.new_judge(Surroundings(clock=HandClock(at=NOON), site=NoSite()))
    assert isinstance(judge, SunlightJudge)
    judge.hear(NOON, "good", {"pv_wh": [400.0] * 8})
    judge.hear(NOON, "poor", {"pv_wh": [100.0] * 8})
    judge.hear(NOON, "silent", None)
    assert SUNLIGHT.offer is not None
    offer = SUNLIGHT.offer(judge, {"good": 0.8, "poor": 0.4, "silent": 0.9}, NOON)

    assert offer is not None
    # Squares 0.64 : 0.16 of 400 and 100 Wh are 340 Wh, or 1360 W. The slot of now has begun.
    assert [row["pv_w"] for row in offer["forecasts"]] == [1360.0] * 7
    assert offer["forecasts"][0]["starts_at"] == (NOON + SLOT).isoformat()
    assert SUNLIGHT.offer(judge, {}, NOON) is None
