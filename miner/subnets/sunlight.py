"""The subnet `sunlight`: forecast a site's PV for the next slots; scored as each comes true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from miner.subnets.model import Location, Model, Trained, View, blend, couple, persist, spread_of
from miner.subnets.slots import SLOT, SiteSlot
from miner.wire.synapse import SynapseField, SynapseKind
from solard.core.errors import SolardError
from solard.core.modes import WorkMode

NAME = "sunlight"
KIND = SynapseKind(
    name=NAME,
    fields=(
        SynapseField(name="slots", kind="list", is_required=True),
        SynapseField(name="recent", kind="list", is_required=True),
        SynapseField(name="location", kind="list"),
        SynapseField(name="peak_w", kind="float"),
        SynapseField(name="pv_wh", kind="list"),
        SynapseField(name="low_wh", kind="list"),
        SynapseField(name="high_wh", kind="list"),
        SynapseField(name="model", kind="str"),
    ),
    hash_fields=("slots", "recent"),
)
HORIZON_SLOTS = 8
MAX_SLOTS = 96
MAX_SLOT_WH = 1e7
SCALE_FLOOR = 0.05
"""Errors are judged against the truth, or against this part of the best slot if that is more."""
DARK_WEIGHT = 0.1
"""How much a slot without sun counts: it proves that the miner answers, little else."""
THROTTLED_WEIGHT = 0.3


class SunlightInvalid(SolardError):
    """A challenge or an answer is not of the form that this subnet has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a validator wants to know, and what it tells about its site."""

    slots: tuple[datetime, ...]
    """Starts of the slots to forecast."""
    recent: tuple[SiteSlot, ...]
    """The site's last slots, oldest first."""
    location: Location | None
    """Latitude and longitude, rounded to 0.1° (about 10 km); None when it is not told."""
    peak_w: float | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "slots": [at.isoformat() for at in self.slots],
            "recent": [
                {
                    "starts_at": s.starts_at.isoformat(),
                    "pv_wh": s.pv_wh,
                    "throttled": s.is_throttled,
                }
                for s in self.recent
            ],
            "location": list(self.location) if self.location else None,
            "peak_w": self.peak_w,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """How one forecast for one slot did."""

    score: float
    """0..1, 1 is perfect."""
    weight: float
    """0..1, how much the slot tells about the miner."""


def new_challenge(
    first: datetime,
    recent: Sequence[SiteSlot],
    location: Location | None,
    peak_w: float | None,
) -> Challenge:
    """Return the challenge for the slots from `first` on."""
    return Challenge(
        slots=tuple(first + SLOT * step for step in range(HORIZON_SLOTS)),
        recent=tuple(recent),
        location=None if location is None else (round(location[0], 1), round(location[1], 1)),
        peak_w=peak_w,
    )


def read_challenge(data: Any) -> Challenge:
    """Return the challenge that plain data describes; raise SunlightInvalid otherwise."""
    try:
        slots = tuple(_moment(text) for text in data["slots"])
        recent = tuple(_read_slot(item) for item in data["recent"])
        location = data.get("location")
        peak_w = data.get("peak_w")
        place = None if location is None else (_ratio(location[0], 90), _ratio(location[1], 180))
        peak = None if peak_w is None else _energy(peak_w)
    except KeyError as err:
        raise SunlightInvalid(f"this is no challenge of sunlight: it has no {err}") from err
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as err:
        raise SunlightInvalid(f"this is no challenge of sunlight: {err}") from err
    if not 0 < len(slots) <= MAX_SLOTS or len(recent) > MAX_SLOTS:
        raise SunlightInvalid(f"a challenge has 1..{MAX_SLOTS} slots")
    return Challenge(slots=slots, recent=recent, location=place, peak_w=peak)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a miner expects of one slot, in Wh."""

    low_wh: float
    """10 % quantile."""
    middle_wh: float
    high_wh: float
    """90 % quantile."""


QUANTILES = (0.1, 0.5, 0.9)


def read_answer(data: Any, count: int) -> tuple[Guess, ...] | None:
    """Return the forecast of each slot, or None when it is not one.

    Who says no quantiles is as sure as can be.
    """
    if not isinstance(data, dict):
        return None
    middle = data.get("pv_wh")
    columns = [data.get("low_wh") or middle, middle, data.get("high_wh") or middle]
    if not all(isinstance(one, list) and len(one) == count for one in columns):
        return None
    try:
        rows = [sorted(map(_energy, row)) for row in zip(*columns, strict=True)]
    except (TypeError, ValueError, OverflowError):
        return None
    return tuple(Guess(*row) for row in rows)


def forward(challenge: Challenge, trained: Trained, mode: WorkMode) -> dict[str, Any]:
    """Return the answer to a challenge, with the model that a power mode can afford."""
    view = View(recent=challenge.recent, location=challenge.location, trained=trained)
    values = _model_of(mode)(view, challenge.slots)
    limit_wh = challenge.peak_w / 4 if challenge.peak_w else MAX_SLOT_WH

    def told(column: Sequence[float]) -> list[float]:
        return [round(min(max(value, 0.0), limit_wh), 2) for value in column]

    if mode is not WorkMode.FULL:
        return {"pv_wh": told(values), "model": mode.value}
    low, high = spread_of(view, values)
    return {
        "pv_wh": told(values),
        "low_wh": told(low),
        "high_wh": told(high),
        "model": mode.value,
    }


def score(guess: Guess | None, truth: SiteSlot, best_slot_wh: float) -> Truth:
    """Judge one forecast: 1 - CRPS / scale, never below 0; no answer is 0.

    The continuous ranked probability score is twice the mean pinball loss of the quantiles; of a
    forecast without a spread that is its error. A throttled slot says only that the sun gave at
    least so much, so more is no error there.
    """
    scale_wh = max(truth.pv_wh, SCALE_FLOOR * best_slot_wh, 1.0)
    sunny = truth.pv_wh > SCALE_FLOOR * best_slot_wh
    weight = THROTTLED_WEIGHT if truth.is_throttled else 1.0 if sunny else DARK_WEIGHT
    if guess is None:
        # Silence counts whole at any hour: degrade, do not vanish.
        return Truth(score=0.0, weight=1.0)
    said = (guess.low_wh, guess.middle_wh, guess.high_wh)
    errors_wh = [truth.pv_wh - each for each in said]
    if truth.is_throttled:
        errors_wh = [max(0.0, each) for each in errors_wh]
    losses = [_pinball(q, each) for q, each in zip(QUANTILES, errors_wh, strict=True)]
    crps_wh = 2.0 * sum(losses) / len(losses)
    return Truth(score=max(0.0, 1.0 - crps_wh / scale_wh), weight=weight)


def _pinball(quantile: float, error_wh: float) -> float:
    return quantile * error_wh if error_wh > 0.0 else (quantile - 1.0) * error_wh


def _model_of(mode: WorkMode) -> Model:
    return {WorkMode.FULL: blend, WorkMode.ECO: couple}.get(mode, persist)


def _read_slot(item: dict[str, Any]) -> SiteSlot:
    return SiteSlot(
        starts_at=_moment(item["starts_at"]),
        pv_wh=_energy(item["pv_wh"]),
        is_throttled=bool(item.get("throttled", False)),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return moment.astimezone(UTC)


def _energy(value: Any) -> float:
    number = float(value)
    if isinstance(value, str | bool) or not isfinite(number) or not 0 <= number <= MAX_SLOT_WH:
        raise ValueError(f"{value!r} is no energy")
    return number


def _ratio(value: Any, limit: float) -> float:
    number = float(value)
    if not -limit <= number <= limit:
        raise ValueError(f"{value!r} is outside ±{limit:g}")
    return number
