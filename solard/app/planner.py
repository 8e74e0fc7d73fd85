"""Forecast and plan for the configured site, made by the scheduler's workers."""

from datetime import datetime

from scheduler.workers import run_forecast, run_plan
from solard.config.load import Settings
from solard.core.forecast import Forecast
from solard.core.plan import Plan
from solard.core.planning import (
    BatterySpec,
    ForecastRequest,
    PanelPlane,
    PlanRequest,
    SolarSite,
)
from solard.core.rig import Rig
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.plan_rule import PlanRule
from solard.core.site_slot import SiteSlot
from solard.daemon.ticking import with_card_ids


class SitePlanner:
    """Turns configuration into requests; a reload replaces the configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def use(self, settings: Settings) -> None:
        """Go on with another configuration."""
        self._settings = settings

    async def forecast(self, issued_at: datetime, history: tuple[SiteSlot, ...]) -> Forecast:
        """Return a forecast from the site's own history."""
        site = self._settings.site
        planes = tuple(
            PanelPlane(
                peak_w=plane.peak_w,
                tilt_deg=plane.tilt_deg,
                azimuth_deg=plane.azimuth_deg,
                inverter_w=plane.inverter_w,
            )
            for plane in self._settings.planes
        )
        where = SolarSite(
            latitude_deg=site.latitude_deg,
            longitude_deg=site.longitude_deg,
            timezone=site.timezone,
            planes=planes,
        )
        return await run_forecast(ForecastRequest(site=where, issued_at=issued_at, history=history))

    async def plan(
        self,
        forecast: Forecast,
        soc: float | None,
        rig: Rig,
        previous: Plan | None,  # noqa: ARG002 - compared once plans can be worse than their last
    ) -> Plan:
        """Return a plan for the next two days."""
        settings = self._settings
        rule = next((rule for rule in settings.rules if isinstance(rule, PlanRule)), None)
        return await run_plan(
            PlanRequest(
                forecast=forecast,
                timezone=settings.site.timezone,
                rig=rig,
                workloads=with_card_ids(settings.core_workloads, rig.cards),
                battery=_battery(settings),
                soc=soc,
                tariff=settings.tariff,
                off_grid=settings.is_off_grid,
                export_at_most_w=settings.grid.export_at_most_w,
                import_at_most_w=None if rule is None else rule.import_at_most_w,
            )
        )


def _battery(settings: Settings) -> BatterySpec | None:
    battery = settings.battery
    if battery is None:
        return None
    lines = next((rule for rule in settings.rules if isinstance(rule, BatteryLines)), None)
    return BatterySpec(
        capacity_wh=battery.capacity_wh,
        efficiency=battery.efficiency,
        max_charge_w=settings.max_charge_w,
        max_discharge_w=settings.max_discharge_w,
        reserve_soc=0.0 if lines is None else lines.standby_above_soc,
        wear_per_kwh=battery.wear_per_kwh,
    )
