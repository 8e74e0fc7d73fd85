"""The foreground daemon: lock, compose, run until a signal, stop cleanly."""

import asyncio
import contextlib
import grp
import logging
import os
import signal
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hardware.gpu.client import KeeperClient
from hardware.modbus.profile import profile_names
from hardware.poller import Poller
from hardware.work.process import ProcessBackend
from hardware.work.systemd import SystemdBackend, runs_as_our_unit
from scheduler.timers import Timers
from solard.api.access import TcpDoor, hash_token
from solard.api.server import ApiServer
from solard.app.devices import SitePoller, make_devices
from solard.app.hook import AlertHook
from solard.app.planner import SitePlanner
from solard.app.setup import make_setup
from solard.config.load import Settings, load_settings
from solard.config.problems import ConfigInvalid
from solard.core.forecast import Forecast
from solard.core.history import Sample
from solard.core.inputs import Override
from solard.core.plan import Plan
from solard.core.records import CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import SiteView
from solard.daemon.actuator import Actuator
from solard.daemon.chain_watch import ChainWatch
from solard.daemon.daemon import Daemon
from solard.daemon.events import KEPT_IN_MEMORY, Events
from solard.daemon.latest import Latest
from solard.daemon.planning import Planning
from solard.daemon.readings import Readings
from solard.daemon.supervisor import Supervisor
from solard.daemon.ticking import Ticker
from solard.store.store import Store
from solard.system.clock import Clock, clock_from_environment
from solard.system.lock import only_daemon
from solard.system.log import start_logging
from solard.system.notify import notify, reloading
from solard.system.places import Places

log = logging.getLogger(__name__)

WORKLOAD_GROUP = "solard-work"
"""Primary group of every workload unit; see systemd/solard-miner@.service."""


def run_daemon(config: Path, places: Places) -> int:
    """Run until SIGTERM or SIGINT; return the exit status. Raises SolardError before it runs."""
    start_logging("solard", journal="JOURNAL_STREAM" in os.environ)
    settings = load_settings(config, profile_names())
    with only_daemon(places):
        store = Store.open(places.database, _boot_id(), batch_s=settings.store.write_every_s)
        try:
            asyncio.run(_run(config, settings, places, store))
        finally:
            store.close()
    return 0


async def _run(config: Path, settings: Settings, places: Places, store: Store) -> None:
    clock = clock_from_environment()
    house = House(config, settings, places, store, clock)
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    async with house.api:
        running = asyncio.create_task(house.daemon.run(), name="daemon")
        reloads = asyncio.create_task(_reload_on(asked, house), name="reloads")
        ending = asyncio.create_task(over.wait(), name="signal")
        house.timers.start()
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        house.timers.stop()
        for task in (running, reloads, ending):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await house.daemon.stop()


async def _reload_on(asked: asyncio.Event, house: "House") -> None:
    """Reload for each SIGHUP, at most once a second."""
    while True:
        await asked.wait()
        asked.clear()
        notify(reloading())
        await house.reload()
        notify("READY=1")
        await asyncio.sleep(1.0)


class House:
    """All rooms of one daemon, put together; also what the API asks of them."""

    def __init__(
        self, config: Path, settings: Settings, places: Places, store: Store, clock: Clock
    ) -> None:
        self._config = config
        self._places = places
        self._store = store
        self._clock = clock
        self.timers = Timers(clock)
        setup = make_setup(settings, places)
        events = Events(clock, store, AlertHook(settings.hooks.alert), store.events(KEPT_IN_MEMORY))
        latest = Latest(setup, clock.monotonic_s())
        self._planner = SitePlanner(settings)
        self._planning = Planning(self._planner, store, clock, events)
        poller = Poller(make_devices(settings.devices), clock, Readings(latest, events).take)
        actuator = Actuator(KeeperClient(places.gpu_socket), events)
        directory = places.work
        backend = SystemdBackend(directory) if runs_as_our_unit() else ProcessBackend(directory)
        supervisor = Supervisor(backend, setup.work, places.work_socket, events)
        ticker = Ticker(setup, clock, latest, actuator, supervisor, self._planning, store, events)
        ticker.live = settings.live or store.is_live()
        last = store.last_override()
        ticker.overrides = () if last is None else (last,)
        node = next((spec.name for spec in setup.work if spec.role == "network"), None)
        events.tell("daemon", f"solard {_version()} started (pid {os.getpid()}).")
        for notice in store.notices:
            events.tell("storage", notice, "warning")
        self.daemon = Daemon(
            setup=setup,
            version=_version(),
            clock=clock,
            latest=latest,
            poller=SitePoller(poller, settings.devices),
            actuator=actuator,
            supervisor=supervisor,
            planning=self._planning,
            chain=ChainWatch(setup.network, node, places.work_socket, store, clock),
            ticker=ticker,
            history=store,
            events=events,
            every=self.timers.add,
        )
        self.api = ApiServer(self, places.api_socket, version=_version(), tcp=_tcp_door(settings))

    def view(self) -> SiteView | None:
        """Return the newest picture."""
        return self.daemon.view()

    async def wait_view(self, after_seq: int) -> SiteView:
        """Return the first picture newer than `after_seq`."""
        return await self.daemon.wait_view(after_seq)

    def site15(self, after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
        """Return quarter hours from the store."""
        return self._store.site15(after, before)

    def history(self, minutes: int) -> tuple[Sample, ...]:
        """Return the last minutes from the store."""
        return self._store.samples(self._clock.now() - timedelta(minutes=minutes))

    def cycles(self, limit: int) -> tuple[CycleRecord, ...]:
        """Return the newest stored cycles."""
        return self._store.cycles(limit)

    def plan(self) -> Plan | None:
        """Return the plan in force."""
        return self._planning.plan

    def forecast(self) -> Forecast | None:
        """Return the newest forecast."""
        return self._planning.forecast

    async def set_live(self, live: bool) -> None:
        """Start or stop acting."""
        await self.daemon.set_live(live)

    async def add_override(self, override: Override) -> None:
        """Take an operator's request."""
        await self.daemon.add_override(override)

    async def clear_overrides(self) -> None:
        """End the operator's request."""
        await self.daemon.clear_overrides()

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; a bad one changes nothing and is told."""
        try:
            settings = await asyncio.to_thread(load_settings, self._config, profile_names())
        except ConfigInvalid as err:
            self.daemon.refuse_config(str(err))
            return str(err).splitlines()
        self._planner.use(settings)
        self.daemon.use(make_setup(settings, self._places))
        return ()


def _tcp_door(settings: Settings) -> TcpDoor | None:
    api = settings.api
    if api.tcp is None or api.token is None:
        return None
    host, _, port = api.tcp.rpartition(":")
    return TcpDoor(host=host, port=int(port), token_hash=hash_token(api.token))


def _workload_gids() -> frozenset[int]:
    """Return the group that workload units run as, where this machine has it."""
    try:
        return frozenset({grp.getgrnam(WORKLOAD_GROUP).gr_gid})
    except KeyError:
        return frozenset()


def _boot_id() -> str:
    """Return a name for this run: rows of history are keyed by it."""
    return uuid.uuid4().hex


def _version() -> str:
    try:
        return version("solard")
    except PackageNotFoundError:
        return "unknown"
