"""Measured days of real homes, each with the two weeks before it."""

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from hardware.sim.clear_sky import Roof, clear_sky_w_m2
from solard.core.errors import SolardError

SLOT = timedelta(minutes=30)
HISTORY = timedelta(days=14)


class DayUnknown(SolardError):
    """No measured day has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSite:
    """The home that was measured; all but the time zone is approximate."""

    name: str
    latitude: float
    longitude: float
    timezone: str
    peak_w: float
    """Nameplate of the panels."""
    tilt_deg: float
    azimuth_deg: float
    """0 = north, 180 = south."""
    licence: str
    source: str

    @property
    def roof(self) -> Roof:
        """Return where the panels lie."""
        return Roof(
            latitude=self.latitude,
            longitude=self.longitude,
            tilt_deg=self.tilt_deg,
            azimuth_deg=self.azimuth_deg,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """Mean power over the half hour that starts at `starts_at`."""

    starts_at: datetime
    pv_w: float
    house_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """Energy of one quarter of an hour."""

    starts_at: datetime
    pv_wh: float
    house_wh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDay:
    """One local day and the hours after it, as measured, with the two weeks before."""

    name: str
    site: MeasuredSite
    starts_at: datetime
    """Local midnight, in UTC."""
    rows: tuple[MeasuredRow, ...]
    """Half hours without a gap: 24 h of the day, then what follows up to the next gap."""
    history: tuple[HistoryRow, ...]
    """Quarter hours before `starts_at`; those that were not measured are left out."""

    @property
    def latitude(self) -> float:
        """Return degrees north."""
        return self.site.latitude

    @property
    def longitude(self) -> float:
        """Return degrees east."""
        return self.site.longitude

    @property
    def timezone(self) -> str:
        """Return the IANA name of the site's time zone."""
        return self.site.timezone

    @property
    def peak_w(self) -> float:
        """Return the nameplate of the site's panels."""
        return self.site.peak_w

    @property
    def tilt_deg(self) -> float:
        """Return the slope of the panels; 0 = flat."""
        return self.site.tilt_deg

    @property
    def azimuth_deg(self) -> float:
        """Return where the panels look; 180 = south."""
        return self.site.azimuth_deg


_FRANCE = MeasuredSite(
    name="a home in north-east France",
    latitude=48.6,
    longitude=7.0,
    timezone="Europe/Paris",
    peak_w=5000.0,
    tilt_deg=40.0,
    azimuth_deg=200.0,
    licence="MIT",
    source="davidusb-geek/emhass, data/long_train_data.pkl",
)
_SYDNEY = MeasuredSite(
    name="a home in Sydney (Ausgrid customer 12)",
    latitude=-33.87,
    longitude=151.21,
    timezone="Australia/Sydney",
    peak_w=1040.0,
    tilt_deg=27.0,
    azimuth_deg=323.0,
    licence="CC BY 4.0",
    source="pierre-haessig/ausgrid-solar-data",
)
_DAYS = {
    "sunny": (_FRANCE, datetime(2024, 5, 27, 22, tzinfo=UTC)),
    "cloudy": (_FRANCE, datetime(2024, 6, 20, 22, tzinfo=UTC)),
    "winter": (_FRANCE, datetime(2024, 12, 24, 23, tzinfo=UTC)),
    "sydney": (_SYDNEY, datetime(2012, 1, 10, 13, tzinfo=UTC)),
}
DAY_NAMES = tuple(_DAYS)


def load_day(name: str) -> MeasuredDay:
    """Return the measured day called `name`; raise DayUnknown with the names that there are."""
    if name not in _DAYS:
        raise DayUnknown(f"no measured day {name!r}; there are {', '.join(DAY_NAMES)}")
    site, starts_at = _DAYS[name]
    rows: list[MeasuredRow] = []
    history: list[HistoryRow] = []
    for line in _read(name):
        at = datetime.fromisoformat(line["starts_at"])
        row = _measured(at, line)
        if at < starts_at and row is not None:
            history.extend(_quarters(site.roof, row))
        if at >= starts_at:
            if row is None:
                break
            rows.append(row)
    return MeasuredDay(
        name=name, site=site, starts_at=starts_at, rows=tuple(rows), history=tuple(history)
    )


def _read(name: str) -> list[dict[str, str]]:
    packed = files("hardware.sim.days").joinpath(f"{name}.csv.gz").read_bytes()
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode("ascii"))))


def _measured(at: datetime, line: dict[str, str]) -> MeasuredRow | None:
    if not line["pv_w"] or not line["house_w"]:
        return None
    return MeasuredRow(starts_at=at, pv_w=float(line["pv_w"]), house_w=float(line["house_w"]))


def _quarters(roof: Roof, row: MeasuredRow) -> tuple[HistoryRow, HistoryRow]:
    """Split a half hour: the sun as a clear sky would have it, the house evenly."""
    second_at = row.starts_at + SLOT / 2
    first = clear_sky_w_m2(roof, row.starts_at + SLOT / 4)
    second = clear_sky_w_m2(roof, second_at + SLOT / 4)
    share = first / (first + second) if first + second > 0.0 else 0.5
    pv_wh, house_wh = row.pv_w / 2, row.house_w / 2
    return (
        HistoryRow(starts_at=row.starts_at, pv_wh=pv_wh * share, house_wh=house_wh / 2),
        HistoryRow(starts_at=second_at, pv_wh=pv_wh * (1.0 - share), house_wh=house_wh / 2),
    )
