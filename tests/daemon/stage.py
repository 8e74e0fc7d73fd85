"""What the daemon's tests stand on: a clock moved by hand, a real store, readings of devices."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hardware.work.process import ProcessBackend
from solard.core.decision import Applied, ApplyResult, PowerLimit
from solard.core.inputs import Rule
from solard.core.readings import DeviceReading, PointReading, Quality
from solard.core.rig import GpuCard
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.data_age import DataAge
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.operator import OperatorRule
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import in_priority
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.rules.user_policy import UserPolicy
from solard.core.state import GpuState, Supply
from solard.core.tariff import Tariff
from solard.core.work import WorkSpec
from solard.daemon.setup import DaemonSetup
from solard.store.store import Store

NOON = datetime(2024, 5, 28, 10, 0, tzinfo=UTC)
"""12:00 in Paris."""

CARDS = tuple(
    GpuCard(
        gpu_id=f"GPU-{index}",
        index=index,
        name=f"Card {index}",
        min_w=100.0,
        default_w=300.0,
        max_w=300.0,
        parked_w=23.0,
    )
    for index in range(2)
)


@dataclass
class HandClock:
    """Site time that only the test moves."""

    at: datetime = NOON
    seconds: float = 1000.0
    speed: float = 1.0

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.seconds

    def pass_s(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)


def setup_of(*policies: UserPolicy, **changes: object) -> DaemonSetup:
    """A home on the grid with a battery; host 100 W, each parked card 25 W at the wall."""
    rules: tuple[Rule, ...] = (
        SupplyLoss(expected=Supply.GRID),
        DataAge(),
        BatteryLines(work_above_soc=0.5, standby_above_soc=0.3, shut_down_below_soc=0.15),
        OperatorRule(),
        *policies,
        KeepAlive(),
        PlanRule(nominal_per_kwh=0.1, max_discharge_w=5000.0),
    )
    setup = DaemonSetup(
        site="home",
        timezone="Europe/Paris",
        expected_supply=Supply.GRID,
        has_battery=True,
        idle_w=150.0,
        psu_efficiency=0.92,
        rules=in_priority(rules),
        tariff=Tariff(currency="EUR", import_per_kwh=0.28, export_per_kwh=0.08),
        workloads=(),
        work=(),
        network="embedded",
        essential=("inverter",),
    )
    return replace(setup, **changes)  # type: ignore[arg-type]


def reading(
    clock: HandClock, device_id: str = "inverter", **values: float | str | None
) -> DeviceReading:
    """One good poll at this moment; None is a value that the device could not say."""
    return DeviceReading(
        device_id=device_id,
        measured_at=clock.now(),
        measured_s=clock.monotonic_s(),
        period_s=2.0,
        points=tuple(
            PointReading(
                name=name,
                value=value,
                unit="",
                quality=Quality.MISSING if value is None else Quality.GOOD,
            )
            for name, value in values.items()
        ),
    )


def failed(
    clock: HandClock, error: str = "no answer", device_id: str = "inverter"
) -> DeviceReading:
    return replace(reading(clock, device_id), error=error)


def sunny(clock: HandClock, **changes: float | str | None) -> DeviceReading:
    """3 kW of sun, 500 W of load with the idle rig in it, the rest into a half-full battery."""
    values: dict[str, float | str | None] = {
        "pv_power": 3000.0,
        "load_power": 500.0,
        "grid_power": 0.0,
        "battery_power": -2500.0,
        "battery_soc": 70.0,
        "supply": "grid",
    }
    return reading(clock, **{**values, **changes})


def card_state(index: int, power_w: float | None = 23.0, **changes: object) -> GpuState:
    state = GpuState(
        gpu_id=f"GPU-{index}",
        limit_w=100.0,
        enforced_w=100.0,
        power_w=power_w,
        temperature_c=40.0,
        utilization=0.0,
        parked=True,
    )
    return replace(state, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Listed:
    cards: tuple[GpuCard, ...] = CARDS
    backend: str = "simulated"
    note: str | None = None


@dataclass(frozen=True)
class Read:
    gpus: tuple[GpuState, ...]
    pid: int = 7
    lease_left_s: float | None = 30.0


class DeskKeeper:
    """Two idle cards on the desk: they take every limit, and remember what they were told."""

    def __init__(self) -> None:
        self.gpus: tuple[GpuState, ...] = (card_state(0), card_state(1))
        self.told: list[tuple[PowerLimit, ...]] = []
        self.restored = 0

    async def list(self) -> Listed:
        return Listed()

    async def read(self) -> Read:
        return Read(self.gpus)

    async def set(
        self, limits: tuple[PowerLimit, ...], hands_off: frozenset[str] | None = None
    ) -> tuple[ApplyResult, ...]:
        self.told.append(limits)
        return tuple(Applied(gpu_id=one.gpu_id, limit_w=one.limit_w) for one in limits)

    async def restore(self) -> tuple[ApplyResult, ...]:
        self.restored += 1
        return ()


@contextmanager
def opened_store(directory: Path) -> Iterator[Store]:
    """A real store that writes at once."""
    store = Store.open(directory / "solard.db", "boot-1", batch_s=0.02)
    try:
        yield store
    finally:
        store.close(5.0)


async def until(look: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(within_s):
        while not look():
            await asyncio.sleep(0.02)


def end_programs(directory: Path) -> None:
    """End every program that was started there, and its keeper."""
    backend = ProcessBackend(directory)
    for record in directory.glob("*.process.json"):
        name = record.name.removesuffix(".process.json")
        asyncio.run(backend.kill(WorkSpec(name=name, role="other", command=())))
