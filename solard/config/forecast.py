"""The forecast's section: whom to ask about the sun to come."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from solard.config.quantities import DURATION
from solard.config.sections import key
from solard.config.shapes import QuantityShape, TextShape, WholeShape


class ForecastSource(StrEnum):
    """Who is asked beside the site's own history."""

    CLEAR_SKY = "clear-sky"
    OPEN_METEO = "open-meteo"
    HTTP = "http"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSection:
    """Where the forecast of the sun comes from, beside the site's own history."""

    source: ForecastSource = ForecastSource.CLEAR_SKY
    url: str | None = key(
        TextShape(
            unit="https://api.example.com/sites/7/forecasts",
            form=r"https?://[^\s]+",
            hint="an address that begins with http:// or https://",
        ),
        default=None,
    )
    file: str | None = key(TextShape(unit="/var/lib/weather/forecast.csv"), default=None)
    token: str | None = key(
        TextShape(form=r"[\x21-\x7e]{1,500}", hint="a key without spaces", is_secret=True),
        default=None,
    )
    ask_every_s: float = key(QuantityShape(of=DURATION, low=300.0, high=86400.0), default=3600.0)
    miners: bool = True
    """Whether what the miners of `sunlight` tell our validator has a say in the next two hours."""
    requests_per_day: int = key(WholeShape(low=1, high=1440), default=48)


def check_forecast(section: ForecastSection) -> Iterator[tuple[str, str]]:
    """Yield what is missing for, or contradicts, the source that is named."""
    source = section.source
    if source is ForecastSource.HTTP and section.url is None:
        yield "forecast.source", "forecast.source http needs forecast.url: whom to ask"
    if source is ForecastSource.FILE and section.file is None:
        yield "forecast.source", "forecast.source file needs forecast.file: what to read"
    asks = source in (ForecastSource.HTTP, ForecastSource.OPEN_METEO)
    if not asks and section.url is not None:
        yield "forecast.url", f"forecast.url is not asked with `source: {source}`; write `http`"
    if not asks and section.token is not None:
        yield "forecast.token", f"forecast.token is not used with `source: {source}`"
    if source is not ForecastSource.FILE and section.file is not None:
        yield "forecast.file", f"forecast.file is not read with `source: {source}`; write `file`"
