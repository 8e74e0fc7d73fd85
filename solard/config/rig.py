"""The rig's section: its draw, its cards, its sleep, and what becomes of it without data."""
# ruff: noqa: RUF009 - key, embed and hidden are dataclasses.field with our metadata

from dataclasses import dataclass
from enum import StrEnum

from solard.config.devices import DEVICE_NAME
from solard.config.quantities import (
    DURATION,
    ENERGY,
    POWER,
    SHARE,
    TEMPERATURE,
    read_minute,
    read_sun_work,
)
from solard.config.sections import Given, SectionShape, embed, key
from solard.config.shapes import (
    MoneyShape,
    ParsedShape,
    QuantityShape,
    TableShape,
    TextShape,
)
from solard.core.host_sleep import HostSleep
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.data_age import DataAge
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSection:
    """A room that the rig may warm."""

    sensor: str = key(
        TextShape(
            unit="shed.temperature",
            form=r"[a-z][a-z0-9_-]{0,30}\.temperature",
            hint="a device and its point temperature, such as shed.temperature",
        )
    )
    wanted_below_c: float = key(QuantityShape(of=TEMPERATURE, low=-20.0, high=40.0))
    worth_per_kwh: float = key(MoneyShape(per="kWh", low=0.0, high=10.0), name="worth")

    @property
    def device_id(self) -> str:
        """Return who tells the temperature."""
        return self.sensor.partition(".")[0]


class SleepMethod(StrEnum):
    """How the machine is put to sleep and woken."""

    RTCWAKE = "rtcwake"


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSection:
    """Leave to put the whole machine to sleep."""

    method: SleepMethod
    wake_for_s: float | None = key(
        ParsedShape(parse=read_sun_work, unit="1 h of sun work"), default=None
    )
    wake_by: int | None = key(ParsedShape(parse=read_minute, unit='"11:00"'), default=None)
    """Minute of the local day."""

    def for_core(self) -> HostSleep:
        """Return the terms for the plan."""
        wake_for_s = SECONDS_PER_HOUR if self.wake_for_s is None else self.wake_for_s
        return HostSleep(wake_for_s=wake_for_s, wake_by_minute=self.wake_by)


CARD_POWER = QuantityShape(of=POWER, low=1.0, high=2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleCard:
    """One card that differs from the others: in a hot corner, or on a thin cable."""

    at_most_w: float = key(CARD_POWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSection:
    """The machine that this daemon runs on."""

    idle_w: float = key(QuantityShape(of=POWER, low=0.0, high=10000.0), default=150.0)
    """At the wall: host and parked cards, until measured."""
    meter: str | None = key(
        TextShape(unit="plug", form=DEVICE_NAME, hint="the name of a device"), default=None
    )
    """The device that measures the whole rig at the wall."""
    ride_through_wh: float = key(QuantityShape(of=ENERGY, low=0.0, high=1000.0), default=5.0)
    """What battery or grid may give so that a short cloud parks no card."""
    share: float = key(QuantityShape(of=SHARE, low=0.01, high=1.0), default=1.0)
    """Of what is left over or missing, beside other rigs on the same meter."""
    psu_efficiency: float = key(QuantityShape(of=SHARE, low=0.5, high=1.0), default=0.92)
    start_cost: float = key(MoneyShape(per="start", low=0.0, high=10.0), default=0.004)
    """Of waking one card: a model must be loaded again."""
    card_limit: Given = embed(
        CardLimit,
        {"at_most_w": "gpus.all.at_most", "single": None},
        at_most_w=CARD_POWER,
    )
    single_cards: tuple[tuple[str, SingleCard], ...] = key(
        TableShape(
            item=SectionShape(of=SingleCard),
            form=r"[0-9]|[1-5][0-9]|6[0-3]",
            hint="the number of a card, as `solard gpu list` shows it",
        ),
        name="gpus.single",
        default=(),
    )
    temperature: Given = embed(
        GpuTemperature,
        {"at_most_c": "gpus.all.temperature_at_most"},
        at_most_c=QuantityShape(of=TEMPERATURE, low=40.0, high=100.0),
    )
    heat: HeatSection | None = None
    sleep: SleepSection | None = None
    standby_after_s: float = key(
        QuantityShape(of=DURATION, low=10.0, high=600.0),
        name="when_blind.standby_after",
        default=30.0,
    )
    """How long a device may be silent, or six of its polls where that is longer."""
    blind: Given = embed(
        DataAge,
        {"stop_after_s": "when_blind.stop_after"},
        stop_after_s=QuantityShape(of=DURATION, low=30.0, high=86400.0),
    )

    @property
    def caps_w(self) -> tuple[tuple[int, float], ...]:
        """Return the caps of single cards by index."""
        return tuple((int(index), card.at_most_w) for index, card in self.single_cards)

    blind_sleep_after_s: float | None = key(
        QuantityShape(of=DURATION, low=600.0, high=86400.0),
        name="when_blind.sleep_after",
        default=None,
    )
    """Without data for so long the whole machine sleeps; None = never."""
