"""Records, rows and stores for the tests of history."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from solard.core.curves import CurvePoint, WorkCurve
from solard.core.decide import decide
from solard.core.decision import Applied, Clamped, Refused
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.history import EnergyRow, Reward, Sample, SlotRow
from solard.core.inputs import DecideInputs, Override, OverrideKind
from solard.core.ledger import SourceEnergy
from solard.core.plan import Plan, PlanSlot
from solard.core.records import CycleRecord
from solard.core.rig import GpuCard, Rig, Workload
from solard.core.rules.battery_lines import BatteryLines
from solard.core.site_slot import SiteSlot
from solard.core.state import BatteryState, GpuState, SiteState, Supply
from solard.core.tariff import PriceWindow, Tariff
from solard.core.view import Event
from solard.store.store import Store

NOON = datetime(2024, 5, 14, 12, 0, tzinfo=UTC)

CARD = GpuCard(
    gpu_id="GPU-0", index=0, name="RTX 3090", min_w=100, default_w=350, max_w=350, parked_w=14
)
RIG = Rig(
    host_w=90.0,
    cards=(CARD,),
    curves=(("GPU-0", WorkCurve(points=(CurvePoint(100.0, 20.0), CurvePoint(350.0, 61.7)))),),
)
TARIFF = Tariff(
    currency="CHF",
    import_per_kwh=0.28,
    export_per_kwh=0.08,
    import_windows=(PriceWindow(from_minute=1320, to_minute=360, price_per_kwh=0.19),),
)
PLAN = Plan(
    made_at=NOON - timedelta(minutes=10),
    solve_s=0.4,
    gap=0.001,
    slots=(
        PlanSlot(
            starts_at=NOON,
            ends_at=NOON + timedelta(minutes=15),
            pv_w=3100.0,
            house_w=410.5,
            rig_w=420.0,
            battery_w=-1800.0,
            grid_w=0.0,
            throttled_w=0.0,
            soc=0.74,
            water_value_per_kwh=0.081,
            cards_on=1,
        ),
    ),
)
FORECAST = Forecast(
    issued_at=NOON,
    source="clear sky × last 3 h",
    slots=(
        ForecastSlot(
            starts_at=NOON,
            ends_at=NOON + timedelta(minutes=15),
            pv_w=3000.1,
            pv_low_w=1200.2,
            pv_high_w=3600.3,
            house_w=400.4,
        ),
    ),
)
EVENT = Event(happened_at=NOON, source="rig", level="info", text="Card 0 parked.")
PAUSE = Override(kind=OverrideKind.PAUSE, until_at=NOON + timedelta(hours=2))


def make_state(
    moment: datetime = NOON, pv_w: float | None = 3200.0, soc: float = 0.71
) -> SiteState:
    """Return a cabin in the sun with one card at work."""
    return SiteState(
        taken_at=moment,
        taken_s=(moment - NOON).total_seconds() + 1000.0,
        utc_offset_s=7200,
        supply=Supply.ISLAND,
        pv_w=pv_w,
        load_w=900.0,
        grid_w=0.0,
        generator_w=0.0,
        battery=BatteryState(soc=soc, power_w=-2300.0, max_charge_w=5000.0),
        rig_w=440.0,
        gpus=(
            GpuState(
                gpu_id="GPU-0",
                limit_w=300.0,
                enforced_w=300.0,
                power_w=298.7,
                temperature_c=61.0,
                utilization=0.99,
                parked=False,
            ),
        ),
        good_polls=12,
    )


def make_record(state: SiteState | None = None, plan: Plan | None = PLAN) -> CycleRecord:
    """Return a tick that `decide` really made."""
    inputs = DecideInputs(
        state=state or make_state(),
        rig=RIG,
        workloads=(Workload(name="miner", gpu_ids=("GPU-0",)),),
        rules=(BatteryLines(work_above_soc=0.6, standby_above_soc=0.4, shut_down_below_soc=0.2),),
        overrides=(PAUSE,),
        tariff=TARIFF,
        plan=plan,
    )
    decision, memory = decide(inputs)
    results = (
        Applied(gpu_id="GPU-0", limit_w=300.0),
        Clamped(gpu_id="GPU-1", asked_w=90.0, limit_w=100.0),
        Refused(gpu_id="GPU-2", asked_w=200.0, reason="no permission"),
    )
    return CycleRecord(inputs=inputs, decision=decision, memory=memory, results=results)


def make_sample(seq: int, starts_at: datetime = NOON, pv_w: float | None = 3000.0) -> Sample:
    """Return one minute."""
    return Sample(
        seq=seq,
        starts_at=starts_at,
        pv_w=pv_w,
        house_w=400.0,
        rig_w=440.0,
        grid_w=0.0,
        battery_w=-2160.0,
        generator_w=None,
        soc=0.7,
        good_s=60.0,
    )


def make_slot(seq: int, starts_at: datetime = NOON, pv_wh: float | None = 750.0) -> SlotRow:
    """Return one quarter hour of the site."""
    slot = SiteSlot(
        starts_at=starts_at,
        pv_wh=pv_wh,
        house_wh=100.0,
        rig_wh=110.0,
        grid_in_wh=0.0,
        grid_out_wh=0.0,
        battery_in_wh=540.0,
        battery_out_wh=0.0,
        generator_wh=None,
        throttled_s=0.0,
        good_s=450.0,
    )
    return SlotRow(seq=seq, day=starts_at.date().isoformat(), slot=slot)


def make_energy(
    seq: int, starts_at: datetime = NOON, cost: float | None = 0.25, sun_wh: float = 100.0
) -> EnergyRow:
    """Return one quarter hour of the ledger."""
    return EnergyRow(
        seq=seq,
        day=starts_at.date().isoformat(),
        starts_at=starts_at,
        sources=SourceEnergy(sun_wh=sun_wh, grid_wh=10.0),
        idle_wh=22.5,
        cost=cost,
        lost_feed_in=0.5,
        counted_s=900.0,
    )


def make_reward(
    block: int, rao: int = 1_000, role: str = "miner", day: str = "2024-05-14"
) -> Reward:
    """Return one reward."""
    return Reward(
        network="embedded", block=block, hotkey="5F…", netuid=1, role=role, rao=rao, day=day
    )


@contextmanager
def opened(path: Path, batch_s: float = 0.02) -> Iterator[Store]:
    """Open a store that writes at once, and close it."""
    store = Store.open(path, "boot-1", batch_s=batch_s)
    try:
        yield store
    finally:
        store.close(2.0)
