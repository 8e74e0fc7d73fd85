"""What the panels would give under a clear sky: the only door to pvlib."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import pandas as pd
from pvlib import irradiance, pvsystem, solarposition, temperature
from pvlib.clearsky import simplified_solis
from pvlib.irradiance import get_extra_radiation

from scheduler.sky import SkySlot
from solard.core.planning import PanelPlane, SolarSite

AEROSOL_DEPTH = 0.1
WATER_CM = 1.5
"""A clean European sky; the site's own history corrects what is wrong about it."""
AIR_C = 15.0
WIND_M_S = 2.0
LOSSES = 0.14
"""PVWatts' default for wiring, soiling, mismatch and inverter."""
GAMMA_PER_C = -0.0037
"""Of crystalline silicon, relative to 25 °C."""


SAMPLES = 3
"""Moments in each slot: near sunrise its middle is not its mean."""


Watts: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"


def clear_sky(site: SolarSite, starts: Sequence[datetime], step_s: float) -> tuple[SkySlot, ...]:
    """Return mean power and sun of each slot as they would be without clouds.

    Simplified Solis irradiance, Hay–Davies transposition, PVsyst cell temperature, PVWatts DC.
    """
    if not starts:
        return ()
    offsets_s = [step_s * (index + 0.5) / SAMPLES for index in range(SAMPLES)]
    moments = pd.DatetimeIndex(
        [start + timedelta(seconds=offset_s) for start in starts for offset_s in offsets_s]
    )
    sun = solarposition.get_solarposition(moments, site.latitude_deg, site.longitude_deg)
    sky = simplified_solis(sun["apparent_elevation"], AEROSOL_DEPTH, WATER_CM)
    extra = get_extra_radiation(moments.day_of_year.to_numpy())
    total = np.zeros(len(moments))
    for plane in site.planes:
        total += _plane_w(plane, sun, sky, extra)
    means = total.reshape(-1, SAMPLES).mean(axis=1)
    middles = sun["azimuth"].to_numpy()[SAMPLES // 2 :: SAMPLES]
    return tuple(
        SkySlot(starts_at=start, clear_w=float(power_w), azimuth_deg=float(azimuth_deg))
        for start, power_w, azimuth_deg in zip(starts, means, middles, strict=True)
    )


def _plane_w(plane: PanelPlane, sun: pd.DataFrame, sky: pd.DataFrame, extra: Watts) -> Watts:
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
    cell = temperature.pvsyst_cell(falling, AIR_C, WIND_M_S)
    power = pvsystem.pvwatts_dc(falling, cell, plane.peak_w, GAMMA_PER_C) * (1.0 - LOSSES)
    limit_w = np.inf if plane.inverter_w is None else plane.inverter_w
    return np.asarray(np.clip(power.to_numpy(), 0.0, limit_w), dtype=np.float64)
