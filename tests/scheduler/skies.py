"""Sites, skies and measured weeks that tests of the forecast start from."""

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.pv_model import model_sky
from solard.core.planning import PanelPlane, SolarSite
from solard.core.site_slot import SLOT_S, SiteSlot

QUARTER = timedelta(seconds=SLOT_S)
MONDAY = datetime(2024, 6, 3, tzinfo=UTC)

FRANCE = SolarSite(
    latitude_deg=48.6,
    longitude_deg=7.0,
    timezone="Europe/Paris",
    planes=(PanelPlane(peak_w=5000.0, tilt_deg=40.0, azimuth_deg=200.0),),
)
"""What is known of the home in data/france_2024_05.csv; the roof is a guess."""


def slot_at(starts_at: datetime, pv_w: float | None, house_w: float | None = 400.0) -> SiteSlot:
    return SiteSlot(
        starts_at=starts_at,
        pv_wh=None if pv_w is None else pv_w / 4.0,
        house_wh=None if house_w is None else house_w / 4.0,
        rig_wh=0.0,
        grid_in_wh=None,
        grid_out_wh=None,
        battery_in_wh=None,
        battery_out_wh=None,
        generator_wh=None,
        throttled_s=0.0,
        good_s=900.0,
    )


def clear_weeks(
    site: SolarSite, before: datetime, *, days: int = 14, share: float = 1.0
) -> tuple[SiteSlot, ...]:
    """The days before a moment, every one with the same share of the model's clear sky."""
    sky = model_sky(site, before - timedelta(days=days), before)
    return tuple(
        slot_at(sky.starts_at(index), float(power_w) * share)
        for index, power_w in enumerate(sky.clear_w)
    )


def dimmed(slots: Iterable[SiteSlot], since: datetime, share: float) -> tuple[SiteSlot, ...]:
    """The same slots with clouds from a moment on."""
    return tuple(
        slot
        if slot.starts_at < since or slot.pv_wh is None
        else replace(slot, pv_wh=slot.pv_wh * share)
        for slot in slots
    )


def measured(after: datetime, before: datetime) -> tuple[SiteSlot, ...]:
    """Quarter hours of the French home; each half hour counts for both of its quarters."""
    slots: list[SiteSlot] = []
    for line in _lines():
        starts_at = datetime.fromisoformat(line["starts_at"])
        pv_w = float(line["pv_w"]) if line["pv_w"] else None
        house_w = float(line["house_w"]) if line["house_w"] else None
        halves = (starts_at, starts_at + QUARTER)
        slots += [slot_at(half, pv_w, house_w) for half in halves if after <= half < before]
    return tuple(slots)


def _lines() -> list[dict[str, str]]:
    text = (Path(__file__).parent / "data" / "france_2024_05.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
