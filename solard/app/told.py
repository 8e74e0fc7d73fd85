"""Whom the forecast asks, by configuration."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from scheduler.sources.open_meteo import BASE, open_meteo_url
from scheduler.sources.source import FileSource, Source, WebSource
from scheduler.sources.web import get
from solard.config.forecast import ForecastSection, ForecastSource
from solard.config.load import Settings


def make_source(settings: Settings, kept: Path) -> Source | None:
    """Return the source that the configuration names; None = the site's own history alone.

    Args:
        settings: With a forecast section that was checked.
        kept: Directory for last words and quotas.
    """
    section = settings.forecast
    match section.source:
        case ForecastSource.CLEAR_SKY:
            return None
        case ForecastSource.FILE:
            return FileSource(Path(section.file or ""), settings.site.timezone)
        case ForecastSource.OPEN_METEO:
            site = settings.site
            url = open_meteo_url(
                site.latitude_deg,
                site.longitude_deg,
                base=section.url or BASE,
                key=section.token,
            )
            return _web(settings, section, "Open-Meteo", url, {}, kept)
        case ForecastSource.HTTP:
            token = {} if section.token is None else {"Authorization": f"Bearer {section.token}"}
            url = section.url or ""
            return _web(settings, section, _host(url), url, token, kept)


def _web(
    settings: Settings,
    section: ForecastSection,
    name: str,
    url: str,
    headers: Mapping[str, str],
    kept: Path,
) -> WebSource:
    """Return a source on the network; another address has a last word and a quota of its own."""
    own = hashlib.sha256(url.encode()).hexdigest()[:12]
    return WebSource(
        name=name,
        get=partial(get, url, {**headers, "Accept": "application/json, text/csv"}),
        every_s=section.ask_every_s,
        per_day=section.requests_per_day,
        timezone=settings.site.timezone,
        kept=kept / own,
    )


def _host(url: str) -> str:
    """Return whose address it is, without a name and a password in it."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]
