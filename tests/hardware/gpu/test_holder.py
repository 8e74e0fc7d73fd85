"""Who holds cards: what it does while its keeper comes and goes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hardware.gpu.client import KeeperClient
from hardware.gpu.holder import Holder
from solard.core.errors import SolardError
from solard.system.lines import serve_lines

ROW = {
    **{"gpu_id": "GPU-0", "index": 0, "name": "a card", "min_w": 100.0, "default_w": 350.0},
    **{"max_w": 350.0, "parked_w": 20.0, "original_w": 350.0, "state": "released"},
}
HELD = {"gpu_id": "GPU-0", "asked_w": 200.0, "limit_w": 200.0, "enforced_w": 200.0}


class StoppingKeeper:
    """Is well, but for its N-th answer to one verb: that of a keeper which is being stopped."""

    def __init__(self, verb: str, number: int) -> None:
        self.verbs: list[str] = []
        self._refuses = verb, number

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        verb = request["verb"]
        self.verbs.append(verb)
        if (verb, self.verbs.count(verb)) == self._refuses:
            raise SolardError("it is stopping")
        if verb == "list":
            return {"cards": [ROW], "backend": "nvml", "note": None}
        if verb == "read":
            return {"gpus": [], "pid": 1, "backend": "nvml", "lease_left_s": 0.6}
        return {"results": [{**HELD, "outcome": "applied"}]}


async def hold(keeper: StoppingKeeper, home: Path) -> list[str]:
    """Hold until the keeper has been told four times; return what the holder said."""
    said: list[str] = []
    stopping = asyncio.Event()
    server = await serve_lines(home / "gpu.sock", keeper.answer)
    holder = Holder(KeeperClient(home / "gpu.sock"), {"0": 200.0}, said.append)
    holding = asyncio.create_task(holder.run(stopping))
    async with asyncio.timeout(30.0):
        while keeper.verbs.count("set") < 4 and not holding.done():
            await asyncio.sleep(0.02)
    stopping.set()
    await holding
    server.close()
    return said


async def test_a_limit_that_a_card_does_not_take_is_said_beside_the_one_that_holds(
    home: Path,
) -> None:
    class Clamping(StoppingKeeper):
        async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            answer = await super().answer(request)
            for result in answer.get("results", []):
                result |= {"outcome": "clamped", "asked_w": 900.0}
            return answer

    said = await hold(Clamping("none", 1), home)

    assert said == ["GPU 0 held at 200 W; it does not take 900 W"]


async def test_a_keeper_that_is_being_stopped_is_asked_again(home: Path) -> None:
    keeper = StoppingKeeper("set", 2)

    said = await hold(keeper, home)

    assert said == [
        "GPU 0 held at 200 W",
        "the keeper is away: it is stopping; asking again",
        "the keeper is back; limits are held again",
    ]
    assert keeper.verbs[-1] == "restore"


@pytest.mark.parametrize("number", [1, 2])
async def test_a_keeper_that_goes_away_just_after_it_said_yes_is_asked_again(
    home: Path, number: int
) -> None:
    keeper = StoppingKeeper("read", number)

    assert await hold(keeper, home) == ["GPU 0 held at 200 W"]
    assert keeper.verbs[-1] == "restore"
