"""Every part of one daemon, made of its configuration."""

import os
from collections.abc import Callable

from hardware.gpu.client import KeeperClient
from hardware.host import HostReader
from hardware.poller import Poller
from hardware.sleep import sleep_for
from hardware.work.backend import make_backend
from hardware.work.probe import Probe
from scheduler.job_times import JobCalendar
from solard.app.devices import SitePoller, make_devices
from solard.app.hook import AlertHook
from solard.app.planner import SitePlanner
from solard.config.load import Settings
from solard.core.carried_over import carried_over
from solard.core.sun import is_dark
from solard.daemon.actuator import Actuator
from solard.daemon.chain_watch import ChainWatch
from solard.daemon.events import KEPT_IN_MEMORY, Events
from solard.daemon.host_sleeper import HostSleeper
from solard.daemon.host_watch import HostWatch
from solard.daemon.job_book import JobBook
from solard.daemon.job_runner import JobRunner
from solard.daemon.jobs import Jobs
from solard.daemon.latest import Latest
from solard.daemon.parts import Parts
from solard.daemon.planning import Planning
from solard.daemon.readings import Readings
from solard.daemon.setup import DaemonSetup
from solard.daemon.supervisor import Supervisor
from solard.daemon.ticking import Ticker
from solard.daemon.work_holds import WorkHolds
from solard.store.store import Store
from solard.system.clock import Clock
from solard.system.places import Places


def make_parts(
    settings: Settings,
    setup: DaemonSetup,
    planner: SitePlanner,
    places: Places,
    store: Store,
    clock: Clock,
) -> Parts:
    """Return the parts, in the state that the last daemon left in the store."""
    events = Events(clock, store, AlertHook(settings.hooks.alert), store.events(KEPT_IN_MEMORY))
    events.tell("daemon", f"Started (pid {os.getpid()}).")
    for notice in store.notices:
        events.tell("storage", notice, "warning")
    latest = Latest(setup, clock.monotonic_s())
    devices, proxies = make_devices(
        settings.devices,
        clock,
        lambda sentence, level: events.tell("modbus", sentence, level),
        _night_at(setup, clock),
    )
    poller = Poller(devices, clock, Readings(latest, events).take)
    actuator = Actuator(KeeperClient(places.gpu_socket), events)
    backend = make_backend(places.work, places.logs)
    supervisor = Supervisor(
        backend,
        setup.work,
        places.work_socket,
        events,
        Probe(backend.log),
        WorkHolds(places.state / "workloads.json"),
        energy=store.work_energy(),
    )
    planning = Planning(planner, store, clock, events)
    book = JobBook(store, JobCalendar(settings.site.timezone), setup.jobs, clock.now())
    jobs = Jobs(book, JobRunner(backend, places), clock, events)
    ticker = Ticker(
        *(setup, clock, latest, actuator, supervisor, planning, store, events),
        learned=store.curves(),
        memory=carried_over(store.last_cycle(), clock.now(), clock.monotonic_s()),
    )
    # `solard live` and `solard observe` outlive a restart; until one was said, the file decides.
    ticker.live = settings.live if store.setting("mode") is None else store.is_live()
    last = store.last_override()
    ticker.overrides = () if last is None else (last,)
    node = next((spec.name for spec in setup.work if spec.role == "network"), None)
    return Parts(
        clock=clock,
        events=events,
        history=store,
        poller=SitePoller(poller, proxies, settings.devices),
        latest=latest,
        actuator=actuator,
        supervisor=supervisor,
        host=HostWatch(HostReader(places.state).read, events),
        # Sleep is of the real machine: a site at another speed has a time of its own.
        sleeper=HostSleeper(
            sleep_for if settings.rig.sleep is not None and clock.speed == 1.0 else None,
            events,
            blind_after_s=settings.rig.blind_sleep_after_s,
        ),
        jobs=jobs,
        chain=ChainWatch(setup.network, node, places.work_socket, store, clock, events),
        planning=planning,
        ticker=ticker,
    )


def _night_at(setup: DaemonSetup, clock: Clock) -> Callable[[], bool] | None:
    """Return what says whether the sun is down at the site; None where its place is not known."""
    latitude_deg, longitude_deg = setup.latitude_deg, setup.longitude_deg
    if latitude_deg is None or longitude_deg is None:
        return None
    return lambda: is_dark(clock.now(), latitude_deg, longitude_deg)
