"""What somebody else says about the time to come: power of the panels, the weather, prices."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPower:
    """Mean power of all panels over a slot, as somebody else forecast it."""

    starts_at: datetime
    ends_at: datetime
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWeather:
    """Means over a slot."""

    starts_at: datetime
    ends_at: datetime
    ghi_w_m2: float
    """On a level plane."""
    dni_w_m2: float
    """On a plane that faces the sun, without the rest of the sky."""
    dhi_w_m2: float
    """On a level plane, from the sky without the sun."""
    air_c: float
    wind_m_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The newest word of one source. At most one of power and weather is filled."""

    source: str
    """Whose word it is, for people."""
    asked_at: datetime
    """When it was fetched: its age counts from here."""
    power: tuple[ToldPower, ...] = ()
    weather: tuple[ToldWeather, ...] = ()
    problem: str | None = None
    """Why there is no newer one, or none at all, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPrice:
    """What a kWh costs at an exchange, or at somebody's meter, for a while."""

    starts_at: datetime
    ends_at: datetime
    price_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPrices:
    """The newest prices of one source."""

    source: str
    asked_at: datetime
    prices: tuple[ToldPrice, ...] = ()
    """In order of time, none over another."""
    problem: str | None = None
    """Why there are no newer ones, or none at all, in one sentence."""
