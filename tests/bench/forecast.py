"""What a forecast costs and what it is worth, on two weeks and a half of a French home."""

import asyncio
import time
from datetime import datetime, timedelta

import numpy as np

from scheduler.forecaster import Forecaster
from scheduler.pv_model import model_sky
from scheduler.replay import replay_skill
from scheduler.workers import run_calibration, run_forecast
from solard.core.planning import ForecastRequest
from solard.core.site_slot import SiteSlot
from solard.core.skill import Skill
from tests.bench.figures import Figure, once
from tests.scheduler.skies import FRANCE, QUARTER, measured

FIRST = datetime.fromisoformat("2024-05-11T00:00Z")
LAST = datetime.fromisoformat("2024-05-29T00:00Z")
DAWN = datetime.fromisoformat("2024-05-26T05:00Z")
CALLS = 400
MONTHS = timedelta(days=150)
"""The history of a calibration; these weeks over and over."""


def measure_forecast(rounds: int) -> tuple[Figure, ...]:
    """Return every figure of this theme."""
    rows = measured(FIRST, LAST)
    return (*_of_calls(rows), *asyncio.run(_of_workers(rows, rounds)), *_of_skill(_skill(rows)))


def _power(rows: tuple[SiteSlot, ...], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    energies = [getattr(row, name) for row in rows]
    return np.array([np.nan if energy is None else 4.0 * energy for energy in energies])


def _of_calls(rows: tuple[SiteSlot, ...]) -> tuple[Figure, ...]:
    """Time calls on one day, after the first has learned."""
    sky = model_sky(FRANCE, FIRST, LAST + timedelta(hours=50))
    forecaster = Forecaster(sky, FRANCE.timezone)
    forecaster.take(FIRST, 900.0, _power(rows, "pv_wh"), _power(rows, "house_wh"))
    began_s = time.perf_counter()
    forecaster.expect(DAWN)
    learned_ms = 1000.0 * (time.perf_counter() - began_s)
    times_ms = []
    for index in range(CALLS):
        began_s = time.perf_counter()
        forecaster.expect(DAWN + timedelta(minutes=index % 600))
        times_ms.append(1000.0 * (time.perf_counter() - began_s))
    return (
        Figure(name="forecast: one, of 48 h", unit="ms", values=tuple(times_ms), below=5.0),
        once("forecast: a night's learning, of 15 days", "ms", learned_ms),
    )


async def _of_workers(rows: tuple[SiteSlot, ...], rounds: int) -> tuple[Figure, ...]:
    history = tuple(row for row in rows if row.starts_at < DAWN)
    long = _repeated(history)
    request = ForecastRequest(site=FRANCE, issued_at=DAWN, history=long)
    calibrated_s, forecast_s = [], []
    for _ in range(rounds):
        began_s = time.perf_counter()
        calibration = await run_calibration(request)
        calibrated_s.append(time.perf_counter() - began_s)
        short = ForecastRequest(
            site=FRANCE, issued_at=DAWN, history=long[-3 * 96 :], calibration=calibration
        )
        began_s = time.perf_counter()
        await run_forecast(short)
        forecast_s.append(time.perf_counter() - began_s)
    return (
        Figure(
            name="calibration worker: start to end, 150 days", unit="s", values=tuple(calibrated_s)
        ),
        Figure(
            name="forecast worker: calibrated, start to end", unit="s", values=tuple(forecast_s)
        ),
    )


def _repeated(history: tuple[SiteSlot, ...]) -> tuple[SiteSlot, ...]:
    """Return months that end with these weeks, each quarter hour at its own time of day."""
    weeks = len(history) // 96 * 96
    newest = history[-weeks:]
    count = MONTHS // QUARTER
    return tuple(
        SiteSlot(
            starts_at=DAWN - QUARTER * (index + 1),
            pv_wh=(one := newest[-1 - index % weeks]).pv_wh,
            house_wh=one.house_wh,
            rig_wh=0.0,
            grid_in_wh=None,
            grid_out_wh=None,
            battery_in_wh=None,
            battery_out_wh=None,
            generator_wh=None,
            throttled_s=0.0,
            good_s=900.0,
        )
        for index in range(count)
    )[::-1]


def _skill(rows: tuple[SiteSlot, ...]) -> Skill:
    return replay_skill(
        FRANCE,
        FIRST,
        900.0,
        pv_w=_power(rows, "pv_wh"),
        house_w=_power(rows, "house_wh"),
        told_w=np.full(len(rows), np.nan),
        first_at=FIRST + timedelta(days=3),
    )


def _of_skill(skill: Skill) -> tuple[Figure, ...]:
    """Hold the errors against those of yesterday's sun: no lead may be worse."""
    return tuple(
        once(
            f"forecast: error {row.from_h:g}–{row.until_h:g} h",
            "W",
            row.mae_w,
            below=row.yesterday_mae_w,
            how="target: what yesterday's sun would have missed by",
        )
        for row in skill.rows
        if row.mae_w is not None and row.yesterday_mae_w is not None
    )
