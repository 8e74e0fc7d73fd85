"""The foreground daemon: lock, compose, run until a signal, stop cleanly."""

import asyncio
import contextlib
import grp
import os
import signal
import uuid
from datetime import timedelta
from pathlib import Path

from hardware.modbus.profile import profile_names
from scheduler.timers import Timers
from solard.api.access import TcpDoor, hash_token
from solard.api.server import ApiServer
from solard.app.compose import make_parts
from solard.app.desk import Desk
from solard.app.miners_word import make_miners_word
from solard.app.planner import SitePlanner
from solard.app.setup import make_setup
from solard.config.load import Settings, load_settings
from solard.config.model import Store as StoreSection
from solard.daemon.daemon import Daemon
from solard.store.retention import Kept
from solard.store.store import Store
from solard.system.clock import clock_from_environment
from solard.system.lock import only_daemon
from solard.system.log import start_logging
from solard.system.notify import notify, reloading
from solard.system.places import Places
from solard.system.version import own_version

WORKLOAD_GROUP = "solard-work"
"""Primary group of every workload unit; see systemd/solard-miner@.service."""
RELOAD_EVERY_S = 1.0
"""Real seconds: a storm of SIGHUPs is one reload a second."""


def run_daemon(config: Path, places: Places) -> int:
    """Run until SIGTERM or SIGINT; return the exit status. Raises SolardError before it runs."""
    start_logging("solard", journal="JOURNAL_STREAM" in os.environ)
    settings = load_settings(config, profile_names())
    with only_daemon(places):
        boot_id = uuid.uuid4().hex
        store = Store.open(
            places.database,
            boot_id,
            batch_s=settings.store.write_every_s,
            kept=_kept(settings.store),
        )
        try:
            asyncio.run(_run(config, settings, places, store))
        finally:
            store.close()
    return 0


def _kept(section: StoreSection) -> Kept:
    """Return how long history is kept."""
    return Kept(
        decisions=timedelta(seconds=section.decisions_kept_s),
        minutes=timedelta(seconds=section.minutes_kept_s),
        quarter_hours=timedelta(seconds=section.quarter_hours_kept_s),
    )


async def _run(config: Path, settings: Settings, places: Places, store: Store) -> None:
    clock = clock_from_environment()
    planner, setup = (
        SitePlanner(settings, places.forecasts, make_miners_word(settings, places)),
        make_setup(settings, places),
    )
    parts = make_parts(settings, setup, planner, places, store, clock)
    daemon = Daemon(setup, parts, own_version())
    desk = Desk(daemon, parts, store, planner, settings, config, places)
    server = ApiServer(
        desk,
        places.api_socket,
        version=own_version(),
        tcp=_tcp_door(settings),
        workload_gids=_workload_gids(),
    )
    async with server:
        await _run_until_told(daemon, desk, Timers(clock))


async def _run_until_told(daemon: Daemon, desk: Desk, timers: Timers) -> None:
    """Run the daemon until it fails or a signal ends it, then stop it cleanly."""
    loop = asyncio.get_running_loop()
    over, asked = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    running = asyncio.create_task(daemon.run(timers.add), name="daemon")
    reloads = asyncio.create_task(_reload_on(asked, desk), name="reloads")
    ending = asyncio.create_task(over.wait(), name="signal")
    timers.start()
    await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
    timers.stop()
    for task in (running, reloads, ending):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await daemon.stop()


async def _reload_on(asked: asyncio.Event, desk: Desk) -> None:
    """Reload for each SIGHUP, and tell systemd that we did."""
    while True:
        await asked.wait()
        asked.clear()
        notify(reloading())
        await desk.reload()
        notify("READY=1")
        await asyncio.sleep(RELOAD_EVERY_S)


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
