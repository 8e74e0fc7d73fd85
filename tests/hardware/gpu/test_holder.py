"""Who holds cards: what it does while its keeper comes and goes."""

import asyncio
from pathlib import Path
from typing import Any

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
    """Takes a limit, refuses the next one as a keeper does that is being stopped, then is well."""

    def __init__(self) -> None:
        self.verbs: list[str] = []

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.verbs.append(request["verb"])
        match request["verb"]:
            case "list":
                return {"cards": [ROW], "backend": "nvml", "note": None}
            case "read":
                return {"gpus": [], "pid": 1, "backend": "nvml", "lease_left_s": 0.6}
            case "set" if self.verbs.count("set") == 2:
                raise SolardError("the GPU keeper is stopping; ask again when it is back")
        return {"results": [{**HELD, "outcome": "applied"}]}


async def test_a_keeper_that_is_being_stopped_is_asked_again(home: Path) -> None:
    keeper, said, stopping = StoppingKeeper(), [], asyncio.Event()
    server = await serve_lines(home / "gpu.sock", keeper.answer)
    holder = Holder(KeeperClient(home / "gpu.sock"), {"0": 200.0}, said.append)
    holding = asyncio.create_task(holder.run(stopping))
    async with asyncio.timeout(30.0):
        while keeper.verbs.count("set") < 4:
            await asyncio.sleep(0.02)
    stopping.set()
    await holding
    server.close()

    assert said == [
        "GPU 0 held at 200 W",
        "the keeper is away: the GPU keeper is stopping; ask again when it is back; asking again",
        "the keeper is back; limits are held again",
    ]
    assert keeper.verbs[-1] == "restore"
