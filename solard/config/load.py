"""A configuration file as one frozen value, or every problem in it at once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from solard.config.checks import check_document
from solard.config.devices import DeviceSection, ModbusSection
from solard.config.energy import Battery, Generator, Grid, Plane, Site, SiteSupply
from solard.config.forecast import ForecastSection
from solard.config.model import Api, Document, Hooks, Simulate, Store
from solard.config.policy_checks import check_policies
from solard.config.problems import ConfigInvalid, Problem, say_nearest
from solard.config.reader import MappingNode, read_nodes, read_text
from solard.config.reading import Reading
from solard.config.rig import RigSection
from solard.config.rules import battery_power_w, build_rules, user_policies
from solard.config.sections import SectionShape
from solard.config.tariff import TariffSection
from solard.config.workload import NETWORK_NAME, Bundled, WorkloadSection
from solard.core.inputs import Rule
from solard.core.job_template import JobTemplate
from solard.core.rig import Workload
from solard.core.rules.user_policy import UserPolicy
from solard.core.state import Supply
from solard.core.tariff import SpotTerms, Tariff

EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: what a program exits with that cannot use its configuration."""

NETWORK_WORKLOAD = WorkloadSection(name=NETWORK_NAME, bundled=Bundled.NETWORK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the file says, in values of the core where the core has one."""

    source: str
    """The file, as the user named it."""
    live: bool
    """False in observe mode."""
    site: Site
    devices: tuple[DeviceSection, ...]
    planes: tuple[Plane, ...]
    battery: Battery | None
    generator: Generator
    grid: Grid
    tariff: Tariff
    prices: TariffSection
    """With whom to ask for prices of the hour."""
    forecast: ForecastSection
    rig: RigSection
    network: str
    """`embedded`, `none`, or the URL of another rig's node."""
    workloads: tuple[WorkloadSection, ...]
    """With the embedded network's own, or a watch on another rig's, where bundled work needs it;
    a bundled miner that names no cards takes all that nobody else names (`gpus` None)."""
    jobs: tuple[JobTemplate, ...]
    policies: tuple[UserPolicy, ...]
    """In the file's order; also among `rules`."""
    rules: tuple[Rule, ...]
    """In priority order."""
    simulate: Simulate
    api: Api
    store: Store
    hooks: Hooks

    @property
    def is_off_grid(self) -> bool:
        """Say whether the site has no grid at all."""
        return self.site.supply is SiteSupply.OFF_GRID

    @property
    def spot(self) -> SpotTerms | None:
        """Return what is made of prices of the hour; None where nobody is asked."""
        return self.prices.spot_terms()

    @property
    def expected_supply(self) -> Supply:
        """Return what feeds the house while all is well."""
        return Supply.ISLAND if self.is_off_grid else Supply.GRID

    @property
    def essential(self) -> tuple[str, ...]:
        """Return the devices whose silence brings the rig down."""
        return tuple(
            device.device_id
            for device in self.devices
            if device.essential and device.device_id != self.rig.meter
        )

    @property
    def core_workloads(self) -> tuple[Workload, ...]:
        """Return the workloads as the rules see them, cards named by their indices as text."""
        return tuple(
            each.for_core(
                frozenset(i for other in self.workloads if other != each for i in other.gpus or ())
            )
            for each in self.workloads
        )

    @property
    def max_charge_w(self) -> float:
        """Return how fast the battery may be charged, for the plan; 0 without one."""
        if self.battery is None:
            return 0.0
        return battery_power_w(self.battery.max_charge_w, self.battery)

    @property
    def max_discharge_w(self) -> float:
        """Return how fast the battery may be discharged, for the plan; 0 without one."""
        if self.battery is None:
            return 0.0
        return battery_power_w(self.battery.max_discharge_w, self.battery)


def load_settings(path: Path, profiles: Iterable[str] | None = None) -> Settings:
    """Return what a file says; raise ConfigInvalid with every problem in it.

    Touches no network. `profiles` are the names of the device profiles that exist; None = any.
    """
    return read_settings(read_text(path), str(path), profiles)


def read_settings(text: str, source: str, profiles: Iterable[str] | None = None) -> Settings:
    """Return what a text says; see `load_settings`."""
    root, problems = read_nodes(text, source)
    if not isinstance(root, MappingNode):
        said = "this is no configuration; write sections like `site: {latitude: …}`"
        raise ConfigInvalid([*problems, Problem(source, root.line, root.column, said)])
    reading = Reading(source, problems)
    document = SectionShape(of=Document).read(root, reading, "")
    assert isinstance(document, Document)  # every section of a document has a default
    check_document(document, reading)
    check_policies(document, reading)
    if profiles is not None:
        _check_profiles(document, reading, tuple(profiles))
    if document.site is None or reading.problems:
        raise ConfigInvalid(reading.problems)
    return _settings(document, document.site, reading)


def _check_profiles(document: Document, reading: Reading, profiles: tuple[str, ...]) -> None:
    known = {profile.replace("_", "-") for profile in profiles}
    for name, device in document.devices:
        if isinstance(device, ModbusSection) and device.profile.replace("_", "-") not in known:
            path = f"devices.{name}.profile"
            nearest = say_nearest(device.profile.replace("_", "-"), known)
            reading.contradict(path, f"{path} {device.profile} is no profile; {nearest}")


def _settings(document: Document, site: Site, reading: Reading) -> Settings:
    return Settings(
        source=reading.source,
        live=document.live,
        site=site,
        devices=tuple(device for _, device in document.devices),
        planes=document.solar.planes,
        battery=document.battery,
        generator=document.generator,
        grid=document.grid,
        tariff=document.tariff.for_core(reading.currency),
        prices=document.tariff,
        forecast=document.forecast,
        rig=document.rig,
        network=document.network,
        workloads=_workloads(document, reading),
        jobs=tuple(job.template for _, job in document.jobs),
        policies=user_policies(document),
        rules=build_rules(document, site),
        simulate=document.simulate,
        api=document.api,
        store=document.store,
        hooks=document.hooks,
    )


def _workloads(document: Document, reading: Reading) -> tuple[WorkloadSection, ...]:
    stated = tuple(
        replace(each, gpus=None)
        if each.bundled is Bundled.MINER and not reading.is_given(f"workloads.{name}.gpus")
        else each
        for name, each in document.workloads
    )
    needs = any(each.bundled in {Bundled.MINER, Bundled.VALIDATOR} for each in stated)
    runs = any(each.bundled is Bundled.NETWORK for each in stated)
    return (NETWORK_WORKLOAD, *stated) if needs and not runs else stated
