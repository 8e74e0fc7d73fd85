"""What the panels would give under a clear sky: the only door to pvlib."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pvlib import irradiance, pvsystem, solarposition, temperature
from pvlib.clearsky import simplified_solis
from pvlib.irradiance import get_extra_radiation

from scheduler.sky import Floats, Sky, sun_clock
from solard.core.planning import PanelPlane, SolarSite
from solard.core.site_slot import SLOT_S
from solard.core.told import ToldWeather

AEROSOL_DEPTH = 0.1
WATER_CM = 1.5
"""A clean European sky; the site's own history corrects what is wrong about it."""
AIR_C = 15.0
WIND_M_S = 2.0
SAMPLES = 3
"""Moments in each quarter hour: near sunrise its middle is not its mean."""
UPWARD = 0.25
"""Part of the modelled panels that looks straight up whatever was configured: where the roof is
turned otherwise there is then still a modelled sun that the measured one can be compared to. A
roof configured right loses nothing by it, one at right angles gains a tenth of its error."""


def model_sky(
    site: SolarSite, first_at: datetime, until_at: datetime, *, upward: float = UPWARD
) -> Sky:
    """Return the site's clear sky from the quarter hour of `first_at` to that before `until_at`.

    Simplified Solis irradiance, Hay–Davies transposition, PVsyst cell temperature, PVWatts DC.
    """
    first_s = int(first_at.timestamp() // SLOT_S) * SLOT_S
    count = max(0, int(-(-(until_at.timestamp() - first_s) // SLOT_S)))
    starts_s = first_s + np.arange(count, dtype=np.float64) * SLOT_S
    offsets_s = SLOT_S * (np.arange(SAMPLES) + 0.5) / SAMPLES
    moments_s = (starts_s[:, None] + offsets_s).ravel()
    moments = pd.DatetimeIndex(pd.to_datetime(moments_s, unit="s", utc=True))
    if count == 0:
        none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
        return Sky(
            first_s=first_s,
            panels=say_panels(site),
            clear_w=none,
            clock=whole,
            day=whole,
            height=none,
        )
    sun = solarposition.get_solarposition(moments, site.latitude_deg, site.longitude_deg)
    middle = slice(SAMPLES // 2, None, SAMPLES)
    clock, day = sun_clock(starts_s, site.longitude_deg, sun["equation_of_time"].to_numpy()[middle])
    return Sky(
        first_s=first_s,
        panels=say_panels(site),
        clear_w=_clear_w(site, moments, sun, upward).reshape(-1, SAMPLES).mean(axis=1),
        clock=clock,
        day=day,
        height=np.sin(np.radians(sun["apparent_elevation"].to_numpy()[middle])),
        most_w=_most_w(site),
    )


def say_panels(site: SolarSite) -> str:
    """Return one line that changes when the panels, or where they stand, are configured anew."""
    planes = (
        f"{each.peak_w:g} W {each.tilt_deg:g}/{each.azimuth_deg:g}° ≤ {each.inverter_w} W "
        f"- {each.losses:g}"
        for each in site.planes
    )
    return f"{site.latitude_deg:g}, {site.longitude_deg:g}: {'; '.join(planes)}"


def weather_w(site: SolarSite, weather: Sequence[ToldWeather]) -> Floats:
    """Return the mean power of all panels in each slot of a weather forecast.

    The sun is taken where it stands in the slot's middle.
    """
    if not weather:
        return np.zeros(0)
    middles = [each.starts_at + (each.ends_at - each.starts_at) / 2 for each in weather]
    moments = pd.DatetimeIndex(middles)
    sun = solarposition.get_solarposition(moments, site.latitude_deg, site.longitude_deg)
    sky = pd.DataFrame(
        {
            "ghi": [each.ghi_w_m2 for each in weather],
            "dni": [each.dni_w_m2 for each in weather],
            "dhi": [each.dhi_w_m2 for each in weather],
        },
        index=moments,
    )
    air_c = np.array([each.air_c for each in weather])
    wind_m_s = np.array([each.wind_m_s for each in weather])
    extra = get_extra_radiation(moments.day_of_year.to_numpy())
    total = np.zeros(len(moments))
    for plane in site.planes:
        total += panel_power_w(plane, _falling_w_m2(plane, sun, sky, extra), air_c, wind_m_s)
    return total


def panels_w(site: SolarSite, starts_at: datetime) -> float:
    """Return what the configured panels would give without clouds, mean over a quarter hour."""
    offsets = [timedelta(seconds=SLOT_S * (index + 0.5) / SAMPLES) for index in range(SAMPLES)]
    moments = pd.DatetimeIndex([starts_at + offset for offset in offsets])
    sun = solarposition.get_solarposition(moments, site.latitude_deg, site.longitude_deg)
    sky, extra = _irradiance(moments, sun)
    return float(sum((_plane_w(each, sun, sky, extra) for each in site.planes), np.zeros(1)).mean())


def _clear_w(
    site: SolarSite, moments: pd.DatetimeIndex, sun: pd.DataFrame, upward: float
) -> Floats:
    sky, extra = _irradiance(moments, sun)
    total = np.zeros(len(moments))
    for plane in site.planes:
        up = PanelPlane(
            peak_w=plane.peak_w,
            tilt_deg=0.0,
            azimuth_deg=180.0,
            inverter_w=plane.inverter_w,
            losses=plane.losses,
            gamma_per_c=plane.gamma_per_c,
        )
        total += (1.0 - upward) * _plane_w(plane, sun, sky, extra)
        total += upward * _plane_w(up, sun, sky, extra)
    return total


def _irradiance(moments: pd.DatetimeIndex, sun: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    sky = simplified_solis(sun["apparent_elevation"], AEROSOL_DEPTH, WATER_CM)
    return sky, get_extra_radiation(moments.day_of_year.to_numpy())


def _plane_w(plane: PanelPlane, sun: pd.DataFrame, sky: pd.DataFrame, extra: Floats) -> Floats:
    falling = _falling_w_m2(plane, sun, sky, extra)
    count = len(falling)
    return panel_power_w(plane, falling, np.full(count, AIR_C), np.full(count, WIND_M_S))


def _falling_w_m2(plane: PanelPlane, sun: pd.DataFrame, sky: pd.DataFrame, extra: Floats) -> Floats:
    falling = irradiance.get_total_irradiance(
        plane.tilt_deg,
        plane.azimuth_deg,
        sun["apparent_zenith"],
        sun["azimuth"],
        sky["dni"],
        sky["ghi"],
        sky["dhi"],
        dni_extra=extra,
        model="haydavies",
    )["poa_global"].fillna(0.0)
    return np.asarray(np.maximum(falling.to_numpy(), 0.0), dtype=np.float64)


def panel_power_w(
    plane: PanelPlane, falling_w_m2: Floats, air_c: Floats, wind_m_s: Floats
) -> Floats:
    """Return AC power of a plane under an irradiance in its own plane, clipped by its inverter."""
    cell = temperature.pvsyst_cell(falling_w_m2, air_c, wind_m_s)
    power = pvsystem.pvwatts_dc(falling_w_m2, cell, plane.peak_w, plane.gamma_per_c)
    limit_w = np.inf if plane.inverter_w is None else plane.inverter_w
    return np.asarray(np.clip(power * (1.0 - plane.losses), 0.0, limit_w), dtype=np.float64)


def _most_w(site: SolarSite) -> float | None:
    limits = [plane.inverter_w for plane in site.planes]
    known = [limit for limit in limits if limit is not None]
    return sum(known) if known and len(known) == len(limits) else None
