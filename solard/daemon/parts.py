"""Everything that one daemon is put together of."""

from dataclasses import dataclass

from solard.daemon.actuator import Actuator
from solard.daemon.chain_watch import ChainWatch
from solard.daemon.events import Events
from solard.daemon.host_sleeper import HostSleeper
from solard.daemon.host_watch import HostWatch
from solard.daemon.jobs import Jobs
from solard.daemon.latest import Latest
from solard.daemon.planning import Planning
from solard.daemon.ports import History, Poller
from solard.daemon.supervisor import Supervisor
from solard.daemon.ticking import Ticker
from solard.system.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made by the composition root, run by the daemon."""

    clock: Clock
    events: Events
    history: History
    poller: Poller
    latest: Latest
    actuator: Actuator
    supervisor: Supervisor
    host: HostWatch
    sleeper: HostSleeper
    jobs: Jobs
    chain: ChainWatch
    planning: Planning
    ticker: Ticker
