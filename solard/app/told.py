"""Whom forecast and tariff ask, by configuration."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from scheduler.sources.energy_charts import BASE as ENERGY_CHARTS
from scheduler.sources.energy_charts import energy_charts_url
from scheduler.sources.open_meteo import BASE, open_meteo_url
from scheduler.sources.source import (
    FileVoice,
    Get,
    PriceSource,
    Read,
    SunSource,
    WebVoice,
    reads_prices,
    reads_sun,
)
from scheduler.sources.web import asks, asks_for_days
from solard.config.forecast import ForecastSection, ForecastSource
from solard.config.load import Settings
from solard.config.tariff import PricesFrom

T = TypeVar("T")
PRICES_PACE = (1800.0, 60)
"""Site seconds between two requests, and requests a day: prices of tomorrow come once."""


def make_source(settings: Settings, kept: Path) -> SunSource | None:
    """Return the source that the configuration names; None = the site's own history alone.

    Args:
        settings: With a forecast section that was checked.
        kept: Directory for last words and quotas.
    """
    section, reads = settings.forecast, reads_sun(settings.site.timezone)
    match section.source:
        case ForecastSource.CLEAR_SKY:
            return None
        case ForecastSource.FILE:
            return SunSource(FileVoice(Path(section.file or ""), reads))
        case ForecastSource.OPEN_METEO:
            site = settings.site
            url = open_meteo_url(
                site.latitude_deg,
                site.longitude_deg,
                base=section.url or BASE,
                key=section.token,
            )
            return SunSource(_web("Open-Meteo", url, {}, reads, _pace(section), kept))
        case ForecastSource.HTTP:
            token = {} if section.token is None else {"Authorization": f"Bearer {section.token}"}
            url = section.url or ""
            return SunSource(_web(_host(url), url, token, reads, _pace(section), kept))


def make_price_source(settings: Settings, kept: Path) -> PriceSource | None:
    """Return whom to ask for prices of the hour; None where the tariff names nobody."""
    section, reads = settings.prices, reads_prices(settings.site.timezone)
    match section.source:
        case None:
            return None
        case PricesFrom.FILE:
            return PriceSource(FileVoice(Path(section.file or ""), reads))
        case PricesFrom.ENERGY_CHARTS:
            url = energy_charts_url(section.zone or "", base=section.url or ENERGY_CHARTS)
            return PriceSource(
                _web("Energy-Charts", url, {}, reads, PRICES_PACE, kept, asks_for_days)
            )
        case PricesFrom.HTTP:
            token = {} if section.token is None else {"Authorization": f"Bearer {section.token}"}
            url = section.url or ""
            return PriceSource(_web(_host(url), url, token, reads, PRICES_PACE, kept))


def _pace(section: ForecastSection) -> tuple[float, int]:
    return section.ask_every_s, section.requests_per_day


def _web(
    name: str,
    url: str,
    headers: Mapping[str, str],
    reads: Read[T],
    pace: tuple[float, int],
    kept: Path,
    make_get: Callable[[str, Mapping[str, str]], Get] = asks,
) -> WebVoice[T]:
    """Return a source on the network; another address has a last word and a quota of its own."""
    own = hashlib.sha256(url.encode()).hexdigest()[:12]
    return WebVoice(
        name=name,
        get=make_get(url, {**headers, "Accept": "application/json, text/csv"}),
        read=reads,
        every_s=pace[0],
        per_day=pace[1],
        kept=kept / own,
    )


def _host(url: str) -> str:
    """Return whose address it is, without a name and a password in it."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]
