"""Configuration to the values that the daemon decides with."""

from solard.app.devices import sleepers
from solard.app.workloads import make_specs
from solard.config.load import Settings
from solard.daemon.setup import DaemonSetup
from solard.system.places import Places


def make_setup(settings: Settings, places: Places) -> DaemonSetup:
    """Return the daemon's setup."""
    return DaemonSetup(
        site=settings.site.name,
        timezone=settings.site.timezone,
        expected_supply=settings.expected_supply,
        has_battery=settings.battery is not None,
        idle_w=settings.rig.idle_w,
        psu_efficiency=settings.rig.psu_efficiency,
        rig_share=settings.rig.share,
        rig_meter=settings.rig.meter,
        silent_at_most_s=settings.rig.standby_after_s,
        rules=settings.rules,
        tariff=settings.tariff,
        workloads=settings.core_workloads,
        work=make_specs(settings, places),
        network=settings.network,
        essential=settings.essential,
        latitude_deg=settings.site.latitude_deg,
        longitude_deg=settings.site.longitude_deg,
        sleepers=sleepers(settings.devices) - {settings.rig.meter or ""},
        jobs=settings.jobs,
    )
