"""The forecast as lines for people."""

from datetime import UTC, datetime, timedelta

from solard.cli.sentences import say_forecast
from solard.core.forecast import Forecast, ForecastSlot

SIX = datetime(2024, 6, 3, 6, tzinfo=UTC)


def slot(index: int, told_w: float | None) -> ForecastSlot:
    return ForecastSlot(
        starts_at=SIX + timedelta(minutes=15 * index),
        ends_at=SIX + timedelta(minutes=15 * (index + 1)),
        pv_w=1000.0 + 100.0 * index,
        pv_low_w=500.0,
        pv_high_w=2000.0,
        house_w=300.0,
        told_w=told_w,
    )


def test_hours_are_means_in_local_time_below_how_they_were_made() -> None:
    forecast = Forecast(
        issued_at=SIX,
        source="Open-Meteo of 2 h ago × the site's own sky",
        slots=tuple(slot(index, 1500.0 if index < 4 else None) for index in range(6)),
        problem="Open-Meteo: no answer in 20 s",
    )

    assert say_forecast(forecast, 7200.0).splitlines() == [
        "Open-Meteo of 2 h ago × the site's own sky, issued 08:00",
        "!     Open-Meteo: no answer in 20 s",
        "from             P10       P50       P90     house  provider",
        "Mon 08:00      500 W   1.15 kW      2 kW     300 W    1.5 kW",
        "Mon 09:00      500 W   1.45 kW      2 kW     300 W         —",
    ]


def test_no_forecast_is_said() -> None:
    assert say_forecast(None, 0.0) == "There is no forecast yet."
