"""What the daemon is set up with: values made of the configuration by the composition root."""

from dataclasses import dataclass

from solard.core.inputs import Rule
from solard.core.job_template import JobTemplate
from solard.core.rig import Workload
from solard.core.state import Supply
from solard.core.tariff import Tariff
from solard.core.work import WorkSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSetup:
    """One site and one rig; a reload replaces the whole value."""

    site: str
    timezone: str
    expected_supply: Supply
    """What counts as normal where no device can tell."""
    has_battery: bool
    idle_w: float
    """Host and parked cards together, at the wall."""
    psu_efficiency: float
    rig_share: float = 1.0
    """Of what is left over or missing, beside other rigs on the same meter."""
    rig_meter: str | None = None
    """The device that measures the whole rig at the wall; None = cards and `idle_w` make it."""
    silent_at_most_s: float = 30.0
    """A device that says nothing for longer, and for six of its polls, is missing. Site seconds."""
    rules: tuple[Rule, ...]
    """In priority order."""
    tariff: Tariff
    workloads: tuple[Workload, ...]
    """As the rules see them; cards named by index until the keeper has listed them."""
    work: tuple[WorkSpec, ...]
    network: str
    """`embedded`, or the real network's name."""
    essential: tuple[str, ...]
    """Devices whose silence brings the rig down."""
    latitude_deg: float | None = None
    """Where the site is; None = nobody knows when it is night."""
    longitude_deg: float | None = None
    sleepers: frozenset[str] = frozenset()
    """Devices that may fall silent at night: then they give 0 W and nothing is lost."""
    jobs: tuple[JobTemplate, ...] = ()
