"""The plant program: a measured day, lived by a simulated home and shown over Modbus TCP.

`python -m hardware.sim.plant --profile victron|sunspec --day DAY --port P [--cards CARDS.json]`

It knows nothing of solard: its clock is SOLARD_CLOCK, its rig the cards file, its door Modbus. The
socket of `--socket` answers `truth` and `set`, for tests and reports only.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from hardware.sim.kinds import KINDS
from hardware.sim.measured import DAY_NAMES, load_day
from hardware.sim.memory import MemoryInvalid, PlantMemory, read_memory, write_memory
from hardware.sim.rig_meter import CardsMeter, no_rig
from hardware.sim.server import ModbusServer, show
from hardware.sim.site import SimulatedSite
from hardware.sim.trace import DayTrace
from solard.core.errors import SolardError
from solard.core.plant import PlantSpec, PlantState
from solard.system.clock import Clock, clock_from_environment, real_period_s
from solard.system.lines import serve_lines
from solard.system.log import start_logging

HOST = "127.0.0.1"
STEP_S = 1.0
"""Site seconds between two steps of the physics."""
SAVE_PERIOD_S = 2.0
"""Real seconds between two writes of the state file."""

logger = logging.getLogger("solard.plant")


class RequestInvalid(SolardError):
    """A request on the socket has no verb that the plant knows."""


class PlantProgram:
    """One site, its Modbus server, its socket and its state file."""

    def __init__(self, options: argparse.Namespace, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._kind = KINDS[options.profile]
        self._site = self._build()
        self._server = ModbusServer(show(lambda: self._kind.image(self._site.picture)))
        self._saved_s = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Serve and step until `stop` is set."""
        options = self._options
        port = await self._server.start(HOST, options.port)
        door = await serve_lines(options.socket, self._answer) if options.socket else None
        print(f"{options.profile} plant on {HOST}:{port}, {options.day} day", flush=True)
        period_s = real_period_s(self._clock, STEP_S)
        try:
            while not stop.is_set():
                self._site.advance()
                self._save(SAVE_PERIOD_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), period_s)
        finally:
            self._save(0.0)
            await self._server.close()
            if door is not None:
                door.close()
                options.socket.unlink(missing_ok=True)

    def _build(self) -> SimulatedSite:
        options = self._options
        trace = DayTrace(load_day(options.day), options.seed)
        meter = CardsMeter(options.cards, self._clock) if options.cards else no_rig
        memory = self._remembered()
        if memory is None:
            spec, state = _ordered(self._kind.spec, options), PlantState(soc=options.start_soc)
            site = SimulatedSite(spec, state, trace, self._clock, meter)
            site.change({"supply": options.supply or spec.supply})
            return site
        logger.info("goes on at %.1f %% of charge", 100.0 * memory.state.soc)
        site = SimulatedSite(
            memory.spec, memory.state, trace, self._clock, meter, left_at=memory.left_at
        )
        site.change({"alarm": memory.alarm})
        return site

    def _remembered(self) -> PlantMemory | None:
        """Return what an earlier process of this same plant left behind."""
        if self._options.state is None:
            return None
        try:
            memory = read_memory(self._options.state)
        except MemoryInvalid as err:
            logger.warning("begins anew: %s", err)
            return None
        if memory is None or (memory.profile, memory.day) != (
            self._options.profile,
            self._options.day,
        ):
            return None
        return memory

    def _save(self, period_s: float) -> None:
        """Write the state file when `period_s` real seconds have passed since the last time."""
        now_s = time.monotonic()
        if self._options.state is None or now_s - self._saved_s < period_s:
            return
        self._saved_s = now_s
        picture = self._site.picture
        memory = PlantMemory(
            profile=self._options.profile,
            day=self._options.day,
            left_at=self._clock.now(),
            spec=picture.spec,
            state=picture.state,
            alarm=picture.alarm,
        )
        try:
            write_memory(self._options.state, memory)
        except MemoryInvalid as err:
            logger.warning("state not kept: %s", err)

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("verb"):
            case "truth":
                return self._site.truth()
            case "set":
                self._site.change(request)
                return self._site.truth()
            case verb:
                raise RequestInvalid(f"no verb {verb!r}; there are truth and set")


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit code."""
    options = _parse(arguments)
    start_logging("plant", journal=False)
    try:
        program = PlantProgram(options, clock_from_environment())
        asyncio.run(_run(program))
    except (SolardError, OSError) as err:
        print(f"plant: {err}", file=sys.stderr)
        return 1
    return 0


async def _run(program: PlantProgram) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await program.run(stop)


def _ordered(spec: PlantSpec, options: argparse.Namespace) -> PlantSpec:
    """Return the plant with the generator and the feed-in that the command line wants."""
    if options.generator is not None:
        spec = replace(spec, generator_w=options.generator)
    return replace(spec, export_at_most_w=options.export_cap)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="plant", description=__doc__)
    add = parser.add_argument
    add("--profile", choices=tuple(KINDS), required=True, help="which device it shows")
    add("--day", choices=DAY_NAMES, default="sunny", help="which measured day it lives")
    add("--seed", type=int, default=1, help="which clouds pass within each half hour")
    add("--port", type=int, default=0, help="Modbus TCP port on 127.0.0.1; 0 = a free one")
    add("--cards", type=Path, help="simulated cards, whose rig hangs on this plant")
    add("--start-soc", type=_share, default=0.6, help="charge at the start, 0..1")
    add("--state", type=Path, help="file in which the charge survives this process")
    add("--socket", type=Path, help="unix socket that tells the truth")
    add("--supply", choices=("grid", "island", "generator"), help="what feeds the house at first")
    add("--generator", type=float, metavar="W", help="rating of the generator; 0 = none")
    add("--export-cap", type=float, metavar="W", help="highest feed-in; none = no cap")
    return parser.parse_args(arguments)


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is outside 0..1")
    return value


if __name__ == "__main__":
    sys.exit(main())
