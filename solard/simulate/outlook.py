"""What a planner may know of the time to come, and what it makes of it: four ways to forecast."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scheduler.forecaster import Forecaster
from scheduler.pv_model import model_sky
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.planning import SolarSite
from solard.simulate.recording import TICK, TICK_S, TICKS_PER_DAY, Recording, TickRow

HORIZON = timedelta(hours=48)
SLOT = timedelta(minutes=15)
TICKS_PER_SLOT = 3
ISSUED_AHEAD = timedelta(hours=24)
"""A recorded forecast was issued at most so long before its time: later ones are not known yet."""


class Outlook(Protocol):
    """Makes forecasts; hears each tick only when it is over."""

    def take(self, row: TickRow) -> None:
        """Learn what one tick was."""
        ...

    def forecast(self, tick: int, now_at: datetime, /) -> Forecast:
        """Return what is expected from a tick on, knowing nothing that began then or later."""
        ...


class Learned:
    """The daemon's own forecaster: clear sky, what the site has taught, and issued forecasts."""

    def __init__(self, recording: Recording, solar: SolarSite) -> None:
        rows = (*recording.before, *recording.ticks)
        until_at = rows[-1].starts_at + HORIZON + timedelta(hours=2)
        self._forecaster = Forecaster(
            model_sky(solar, rows[0].starts_at, until_at), timezone=solar.timezone
        )
        self._rows = recording.ticks
        self._issued = recording.has_forecast
        self._taken_until = rows[0].starts_at
        self._queue: list[TickRow] = []
        if recording.before:
            self._take(recording.before)
            self._take_issued(recording.before)
        self._next_issued = 0

    def take(self, row: TickRow) -> None:
        """Learn what one tick was."""
        self._queue.append(row)

    def forecast(self, tick: int, now_at: datetime) -> Forecast:
        """Return what the site's own history and an issued forecast say."""
        if self._queue:
            self._take(self._queue)
            self._queue = []
        if self._issued:
            self._hear_issued(tick)
        return self._forecaster.expect(now_at).forecast("own")

    def _take(self, rows: Sequence[TickRow]) -> None:
        self._forecaster.take(
            rows[0].starts_at,
            TICK_S,
            _figures([row.pv_w if row.pv_known else None for row in rows]),
            _figures([row.load_w if row.load_known else None for row in rows]),
        )

    def _hear_issued(self, tick: int) -> None:
        last = min(len(self._rows), tick + int(ISSUED_AHEAD / TICK))
        if last > self._next_issued:
            self._take_issued(self._rows[self._next_issued : last])
            self._next_issued = last

    def _take_issued(self, rows: Sequence[TickRow]) -> None:
        self._forecaster.take_issued(
            rows[0].starts_at, TICK_S, _figures([row.pv_forecast_w for row in rows])
        )


class Persistence:
    """Tomorrow is like today: each quarter hour as it was a day before."""

    def __init__(self, recording: Recording) -> None:
        rows = recording.before[-TICKS_PER_DAY:]
        self._pv = [row.pv_w for row in rows]
        self._load = [row.load_w for row in rows]

    def take(self, row: TickRow) -> None:
        """Learn what one tick was."""
        self._pv = [*self._pv[-TICKS_PER_DAY + 1 :], row.pv_w]
        self._load = [*self._load[-TICKS_PER_DAY + 1 :], row.load_w]

    def forecast(self, _tick: int, now_at: datetime) -> Forecast:
        """Return the last day, twice; before the first day is over, what there is of it."""
        count = int(HORIZON / TICK)
        pv, load = (_repeated(each, count) for each in (self._pv, self._load))
        return _forecast(now_at, pv, pv, pv, load, "yesterday")


class Foresight:
    """Knows everything: what a perfect forecast would be worth."""

    def __init__(self, recording: Recording) -> None:
        self._pv = np.array([row.pv_w for row in recording.ticks])
        self._load = np.array([row.load_w for row in recording.ticks])

    def take(self, row: TickRow) -> None:
        """Learn nothing: it is known."""

    def forecast(self, tick: int, now_at: datetime) -> Forecast:
        """Return what will be; beyond the recording its last two days again."""
        count = int(HORIZON / TICK)
        pv, load = (_ahead(each, tick, count) for each in (self._pv, self._load))
        return _forecast(now_at, pv, pv, pv, load, "foresight")


def _figures(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values])


def _repeated(values: Sequence[float], count: int) -> NDArray[np.float64]:
    if not values:
        return np.zeros(count)
    if len(values) < TICKS_PER_DAY:
        return np.full(count, values[-1])
    return np.resize(np.array(values), count)


def _ahead(values: NDArray[np.float64], tick: int, count: int) -> NDArray[np.float64]:
    found = values[tick : tick + count]
    missing = count - len(found)
    if missing > 0:
        again = values[-min(len(values), 2 * TICKS_PER_DAY) :]
        found = np.concatenate((found, np.resize(again, missing)))
    return found


def _forecast(
    now_at: datetime,
    pv: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    load: NDArray[np.float64],
    source: str,
) -> Forecast:
    def means(values: NDArray[np.float64]) -> list[float]:
        whole = len(values) // TICKS_PER_SLOT * TICKS_PER_SLOT
        found: list[float] = values[:whole].reshape(-1, TICKS_PER_SLOT).mean(axis=1).tolist()
        return found

    columns = zip(*(means(values) for values in (pv, low, high, load)), strict=True)
    return Forecast(
        issued_at=now_at,
        source=source,
        slots=tuple(
            ForecastSlot(
                starts_at=now_at + index * SLOT,
                ends_at=now_at + (index + 1) * SLOT,
                pv_w=pv_w,
                pv_low_w=low_w,
                pv_high_w=high_w,
                house_w=house_w,
            )
            for index, (pv_w, low_w, high_w, house_w) in enumerate(columns)
        ),
    )
