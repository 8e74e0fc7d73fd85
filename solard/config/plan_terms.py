"""What the plan must know of a configuration, in the values of the core."""

from dataclasses import replace

from solard.config.load import Settings
from solard.core.planning import BatterySpec, PanelPlane, SolarSite
from solard.core.rules.battery_lines import BatteryLines


def battery_spec(settings: Settings) -> BatterySpec | None:
    """Return the battery with the tick's own lines, so that plan and tick agree."""
    battery = settings.battery
    if battery is None:
        return None
    spec = BatterySpec(
        capacity_wh=battery.capacity_wh,
        efficiency=battery.efficiency,
        max_charge_w=settings.max_charge_w,
        max_discharge_w=settings.max_discharge_w,
        standby_soc=0.0,
        min_soc=battery.inverter_minimum_soc or 0.0,
        wear_per_kwh=battery.wear_per_kwh,
    )
    lines = next((each for each in settings.rules if isinstance(each, BatteryLines)), None)
    if lines is None:
        return spec
    return replace(
        spec,
        standby_soc=lines.standby_above_soc,
        reserve_soc=lines.reserve_soc,
        work_above_soc=lines.work_above_soc,
        return_margin_soc=lines.return_margin_soc,
    )


def solar_site(settings: Settings) -> SolarSite:
    """Return where the panels stand and how they look."""
    planes = tuple(
        PanelPlane(
            peak_w=plane.peak_w,
            tilt_deg=plane.tilt_deg,
            azimuth_deg=plane.azimuth_deg,
            inverter_w=plane.inverter_w,
            losses=plane.losses,
        )
        for plane in settings.planes
    )
    return SolarSite(
        latitude_deg=settings.site.latitude_deg,
        longitude_deg=settings.site.longitude_deg,
        timezone=settings.site.timezone,
        planes=planes,
    )
