"""Two rigs on one network: one runs its node, the other names it in its configuration."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from hardware.work.backend import RigBackend
from hardware.work.cgroup import find_groups
from hardware.work.probe import Probe
from hardware.work.process import ProcessBackend
from solard.app.workloads import make_specs
from solard.core.modes import WorkMode
from solard.core.view import NetworkView, WorkloadView
from solard.daemon.chain_watch import ChainWatch
from solard.daemon.events import Events
from solard.daemon.supervisor import Supervisor
from solard.daemon.work_holds import WorkHolds
from solard.store.store import Store
from solard.system.clock import CLOCK_VARIABLE, ScaledClock
from solard.system.lines import Denied
from solard.system.places import places_at
from tests.config.yamls import ISLAND, read
from tests.daemon.stage import opened_store
from tests.miner.stage import SITE_START, daemon_api, free_port

SPEED = 300.0
DAY = "2024-06-20"


class Rig:
    """What a daemon runs of the Bittensor side, and what it sees."""

    def __init__(self, home: Path, keys: str, store: Store, clock: ScaledClock) -> None:
        self.places = places_at(home)
        self.places.make()
        self.store = store
        specs = make_specs(read(ISLAND + keys), self.places)
        self._backend = RigBackend(ProcessBackend(home / "run", home / "log", find_groups()))
        self._specs = specs
        self.supervisor = Supervisor(
            self._backend,
            specs,
            self.places.work_socket,
            Events(clock, store),
            Probe(self._backend.log),
            WorkHolds(home / "holds.json"),
        )
        self.supervisor.want(WorkMode.FULL, cards_held=True)
        (node,) = [one.name for one in specs if one.role == "network"]
        self._chain = ChainWatch(
            "", node, self.places.work_socket, store, clock, Events(clock, store)
        )

    @property
    def network(self) -> NetworkView | None:
        return self._chain.view

    def work(self, role: str) -> WorkloadView:
        return next(one for one in self.supervisor.view() if one.role == role)

    async def look(self) -> None:
        await self.supervisor.run_once()
        await self._chain.run_once(self.supervisor, DAY)

    async def explore(self, view: str, query: dict[str, str]) -> dict[str, Any]:
        return await self._chain.explore(view, query)

    async def end(self) -> None:
        for spec in self._specs:
            await self._backend.kill(spec)


class Rigs:
    """A rig with the node and a validator, and another one with a miner."""

    def __init__(self, first: Rig, second: Rig) -> None:
        self.first, self.second = first, second

    async def until(self, holds: Callable[[], object], within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                await self.first.look()
                await self.second.look()
                await asyncio.sleep(0.1)


@pytest.fixture
async def rigs(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rigs]:
    clock = ScaledClock(SITE_START, time.monotonic(), SPEED)
    monkeypatch.setenv(CLOCK_VARIABLE, clock.variable())
    port = free_port()
    with contextlib.ExitStack() as stack:
        homes = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="r-"))) for _ in "12"]
        stores = [stack.enter_context(opened_store(home)) for home in homes]
        keys = (
            f"workloads: {{c: {{bundled: network, port: {port}}}, v: {{bundled: validator}}}}\n",
            f"network: http://127.0.0.1:{port}\nworkloads: {{m: {{bundled: miner}}}}\n",
        )
        rigs = Rigs(*(Rig(*one, clock) for one in zip(homes, keys, stores, strict=True)))
        async with (
            daemon_api(rigs.first.places.api_socket, clock),
            daemon_api(rigs.second.places.api_socket, clock),
        ):
            try:
                yield rigs
            finally:
                await rigs.first.end()
                await rigs.second.end()


@pytest.mark.timeout(200)
async def test_miner_works_on_the_node_of_another_rig(rigs: Rigs) -> None:
    first, second = rigs.first, rigs.second
    await rigs.until(lambda: second.network and [one.role for one in second.network.neurons])
    await rigs.until(lambda: second.work("miner").health == "ok")
    assert second.network is not None
    (ours,) = second.network.neurons
    assert (ours.role, second.network.kind) == ("miner", "embedded")
    assert second.work("network").health == "ok"
    found = await second.explore("metagraph", {"netuid": "1"})
    assert ours.hotkey in {one["hotkey"] for one in found["neurons"]}
    with pytest.raises(Denied, match=r"^no view .weather."):
        await first.explore("weather", {})
    # Its home holds no chain and no key of the network.
    assert not list((second.places.state / "work" / "chain").rglob("*.db"))
    assert not list((second.places.state / "work" / "chain").rglob("*.json"))

    await first.supervisor.stop("c")
    await rigs.until(lambda: "no answer" in second.work("network").health)
    assert second.work("miner").pid is not None
    await first.supervisor.start("c")
    await rigs.until(lambda: second.work("network").health == "ok")
    await rigs.until(lambda: second.work("miner").health == "ok")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_each_rig_keeps_what_its_own_neurons_earned(rigs: Rigs) -> None:
    first, second = rigs.first, rigs.second

    def earned(rig: Rig) -> tuple[int, int]:
        rig.store.flush()
        days = rig.store.earnings_days(3)
        return sum(one.miner_rao for one in days), sum(one.validator_rao for one in days)

    await rigs.until(lambda: earned(first)[1] and earned(second)[0], 90.0)

    assert earned(first)[0] == 0
    assert earned(second)[1] == 0
