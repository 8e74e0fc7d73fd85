"""A small bundled workload for tests: `fake_work.py SOCKET [--odd] [--stubborn]`.

It answers `status` and `mode` on its socket, writes each mode that it is told beside it, and ends
on SIGTERM. `--odd` answers with nonsense, `--stubborn` stays in its mode.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from solard.system.lines import serve_lines

ODD = {"mode": ["full"], "pid": "x", "rate": {}, "earned_rao": None, "detail": [1]}


async def serve(path: Path, options: list[str]) -> None:
    mode = "off"

    async def handle(request: dict[str, Any]) -> dict[str, Any]:
        nonlocal mode
        if request["verb"] == "mode":
            with path.with_suffix(".modes").open("a") as told:
                told.write(request["mode"] + "\n")
            mode = mode if "--stubborn" in options else request["mode"]
            return {"mode": mode}
        if "--odd" in options:
            return ODD
        return {
            "pid": os.getpid(),
            "mode": mode,
            "health": "ok",
            "rate": 2.5,
            "earned_rao": 7,
            "detail": {"requests": 3, "good": True, "name": "sun"},
        }

    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    server = await serve_lines(path, handle)
    await over.wait()
    server.close()
    with (path.parent / "ended").open("a") as ended:
        ended.write(path.stem + "\n")


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2:]))
