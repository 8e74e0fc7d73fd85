"""How a workload is run, and what it said of itself."""

from dataclasses import dataclass

from solard.core.modes import WorkMode


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSpec:
    """A program that solard keeps running."""

    name: str
    """Lower-case letters, digits and dashes: it names sockets, files and units."""
    role: str
    """`network`, `miner`, `validator` or `other`."""
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    bundled: bool = False
    """Bundled programs answer on `run/work/NAME.sock` and take modes; others run or do not."""
    uses_cards: bool = False
    """It is not started before the keeper holds the cards: they might be at full power."""
    stop_below: WorkMode = WorkMode.STANDBY
    """A program that takes no modes is stopped in every mode below this one."""
    grace_s: float = 10.0
    """Real seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStatus:
    """What a bundled workload says of itself."""

    pid: int
    mode: WorkMode
    health: str
    """`ok`, or a sentence."""
    rate: float | None
    earned_rao: int
    counters: tuple[tuple[str, int], ...] = ()
    """Its own counts: `requests`, `weights_set` …"""

    def counter(self, name: str) -> int:
        """Return a count, 0 where the workload keeps none of that name."""
        return dict(self.counters).get(name, 0)
