"""Hand-made pictures of two sites, with a frozen moment: what the screens are tested on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi, sin

from solard.core.bounds import PowerBounds
from solard.core.curves import CurvePoint, WorkCurve
from solard.core.decision import (
    Applied,
    CardCap,
    Clamped,
    Decision,
    HeardProposal,
    PowerLimit,
    Proposal,
    Verdict,
)
from solard.core.forecast import ForecastSlot
from solard.core.job import JobState
from solard.core.ledger import SourceEnergy
from solard.core.modes import WorkMode
from solard.core.plan import PlanSlot
from solard.core.readings import PointReading, Quality
from solard.core.rig import GpuCard, Rig
from solard.core.state import BatteryState, GpuState, SiteState, Supply
from solard.core.view import (
    ConditionView,
    DeviceView,
    EarningsDay,
    EnergyTotals,
    Event,
    JobView,
    KeeperView,
    NetworkView,
    NeuronView,
    PolicyView,
    SiteView,
    TracePoint,
    WorkloadView,
)

OFFSET_S = 7200
NOW = datetime(2026, 6, 13, 12, 24, 5, tzinfo=UTC)
"""Saturday, 14:24:05 at the site."""
MIDNIGHT = datetime(2026, 6, 12, 22, 0, tzinfo=UTC)

CURVE = WorkCurve(
    points=(
        CurvePoint(100.0, 18.0),
        CurvePoint(140.0, 42.0),
        CurvePoint(180.0, 74.0),
        CurvePoint(220.0, 96.0),
        CurvePoint(260.0, 109.0),
        CurvePoint(300.0, 117.0),
        CurvePoint(350.0, 121.0),
    )
)


def _sky_w(hour: float) -> float:
    """A clear day between 6 and 21:30 local, 3.9 kW at its best."""
    return max(0.0, 3900.0 * sin(pi * (hour - 6.0) / 15.5)) if 6.0 < hour < 21.5 else 0.0


def _seen_w(hour: float) -> float:
    cloud = 0.55 if 11.5 < hour < 12.0 else 1.0
    ripple = 0.96 + 0.04 * sin(2.2 * hour)
    return _sky_w(hour) * cloud * ripple


def _rig_seen_w(hour: float) -> float:
    if hour < 9.0:
        return 152.0
    return 620.0 if hour < 10.5 else 1090.0


def _rig_planned_w(hour: float) -> float:
    if hour < 16.75:
        return 1080.0
    return 700.0 if hour < 18.5 else 152.0


def _soc_planned(hour: float) -> float:
    return min(1.0, 0.71 + max(0.0, hour - 14.25) * 0.2) if hour < 18.5 else 0.9


TRACE = tuple(
    TracePoint(
        at=MIDNIGHT + timedelta(minutes=minute),
        pv_w=_seen_w(minute / 60),
        house_w=480.0,
        rig_w=_rig_seen_w(minute / 60),
        soc=0.5,
    )
    for minute in range(0, 14 * 60 + 24, 5)
)

FORECAST = tuple(
    ForecastSlot(
        starts_at=MIDNIGHT + timedelta(minutes=15 * slot),
        ends_at=MIDNIGHT + timedelta(minutes=15 * (slot + 1)),
        pv_w=0.92 * _sky_w((slot + 0.5) / 4),
        pv_low_w=0.6 * _sky_w((slot + 0.5) / 4),
        pv_high_w=_sky_w((slot + 0.5) / 4),
        house_w=480.0,
    )
    for slot in range(96)
)

JOBS = (
    JobView(
        job_id="retrain-7",
        state=JobState.RUNNING,
        command=("/opt/train.sh",),
        power_w=600.0,
        cards=2,
        duration_s=10_800.0,
        ran_s=4_860.0,
        value=0.6,
        mandatory=False,
        interruptible=True,
        added_at=NOW - timedelta(hours=6),
        started_at=NOW - timedelta(hours=2),
        ended_at=None,
        deadline_at=NOW + timedelta(hours=26),
        planned=(),
        failures=0,
        exit_status=None,
        gpu_ids=("GPU-2", "GPU-3"),
        note="The plan gives it this time.",
    ),
    JobView(
        job_id="render-2",
        state=JobState.WAITING,
        command=("/opt/render.sh",),
        power_w=300.0,
        cards=1,
        duration_s=3_600.0,
        ran_s=0.0,
        value=None,
        mandatory=True,
        interruptible=False,
        added_at=NOW - timedelta(hours=1),
        started_at=None,
        ended_at=None,
        deadline_at=None,
        planned=(),
        failures=0,
        exit_status=None,
        gpu_ids=(),
        note="Planned for 11:15.",
    ),
)
"""One that runs, one that waits."""

PLAN = tuple(
    PlanSlot(
        starts_at=MIDNIGHT + timedelta(minutes=15 * slot),
        ends_at=MIDNIGHT + timedelta(minutes=15 * (slot + 1)),
        pv_w=0.92 * _sky_w((slot + 0.5) / 4),
        house_w=480.0,
        rig_w=_rig_planned_w(slot / 4),
        battery_w=-950.0,
        grid_w=0.0,
        throttled_w=0.0,
        soc=_soc_planned(slot / 4),
        water_value_per_kwh=0.08,
        cards_on=3,
    )
    for slot in range(57, 96)
)

RIG = Rig(
    host_w=90.0,
    psu_efficiency=0.92,
    cards=tuple(
        GpuCard(
            gpu_id=f"GPU-sim-{index}",
            index=index,
            name="RTX 3090 (simulated)",
            min_w=100.0,
            default_w=350.0,
            max_w=350.0,
            parked_w=14.0,
        )
        for index in range(4)
    ),
    curves=tuple((f"GPU-sim-{index}", CURVE) for index in range(4)),
)


def _gpu(index: int, limit_w: float, power_w: float, rate: float, celsius: float) -> GpuState:
    return GpuState(
        gpu_id=f"GPU-sim-{index}",
        limit_w=limit_w,
        enforced_w=limit_w,
        power_w=power_w,
        temperature_c=celsius,
        utilization=0.99,
        parked=False,
        work_rate=rate,
    )


GPUS = (
    _gpu(0, 300.0, 296.0, 118.2, 61.0),
    _gpu(1, 300.0, 298.0, 117.6, 63.0),
    _gpu(2, 300.0, 243.0, 101.0, 58.0),
    GpuState(
        gpu_id="GPU-sim-3",
        limit_w=100.0,
        enforced_w=100.0,
        power_w=14.0,
        temperature_c=37.0,
        utilization=0.0,
        parked=True,
    ),
)

STATE = SiteState(
    taken_at=NOW,
    taken_s=51_845.0,
    utc_offset_s=OFFSET_S,
    supply=Supply.GRID,
    pv_w=2620.0,
    load_w=1571.0,
    grid_w=-100.0,
    generator_w=0.0,
    battery=BatteryState(soc=0.71, power_w=-949.0, max_charge_w=3000.0, max_discharge_w=4000.0),
    rig_w=1091.0,
    gpus=GPUS,
    good_polls=412,
)

WHY = (
    "Surplus 2.14 kW: 1.1 kW are worth running, up to displaced export "
    "(stored energy is worth 0.080/kWh)."
)
NEXT = "At 16:45 down to 700 W, at 18:30 all cards park (plan)."


def _heard(
    rule: str,
    why: str,
    verdict: Verdict = Verdict.IDLE,
    bounds: tuple[float, float] = (151.0, 1612.0),
    **more: object,
) -> HeardProposal:
    overruled_by = more.pop("overruled_by", None)
    proposal = Proposal(
        rule=rule,
        bounds=PowerBounds(min_w=bounds[0], max_w=bounds[1]),
        why=why,
        **more,  # type: ignore[arg-type]
    )
    return HeardProposal(
        proposal=proposal,
        verdict=verdict,
        overruled_by=None if overruled_by is None else str(overruled_by),
    )


HEARD = (
    _heard("supply", "The grid is there."),
    _heard("inverter alarm", "The inverter reports no alarm."),
    _heard("GPU temperature", "The hottest card has 63 °C; the line is 80 °C."),
    _heard(
        "inverter rating",
        "The inverter gives 4 kW; the house takes 480 W and 1.5 kW stay free.",
        Verdict.NARROWED,
        (151.0, 1520.0),
    ),
    _heard("data age", "Every source is fresh."),
    _heard("battery lines", "Battery 71 %: work above 60 %, standby above 40 %."),
    _heard("grid limits", "Import is 0 W of at most 6 kW."),
    _heard("operator", "No pause and no run holds."),
    _heard(
        'policy "quiet nights"',
        "It is 14:24, outside 22:00 to 07:00.",
        card_caps=(),
    ),
    _heard(
        'policy "leave room for cooking"',
        "Surplus is above 2 kW: no card takes more than 300 W.",
        Verdict.NARROWED,
        card_caps=tuple(CardCap(gpu_id=f"GPU-sim-{index}", at_most_w=300.0) for index in range(4)),
    ),
    _heard(
        'policy "paid to use power"',
        "The export price is unknown, so 1.6 kW cannot be asked for.",
        Verdict.OVERRULED,
        (1600.0, 1612.0),
        overruled_by="inverter rating",
    ),
    _heard("keep alive", "One card answers for the miner.", Verdict.IDLE, (300.0, 1612.0)),
    _heard("plan", WHY, Verdict.CHOSE, preferred_w=1100.0, mode=WorkMode.FULL),
)

DECISION = Decision(
    decided_at=NOW - timedelta(seconds=2),
    decided_s=51_843.0,
    rule="plan",
    target_w=1100.0,
    budget_w=1100.0,
    mode=WorkMode.FULL,
    limits=(
        PowerLimit(gpu_id="GPU-sim-0", limit_w=300.0, parked=False),
        PowerLimit(gpu_id="GPU-sim-1", limit_w=300.0, parked=False),
        PowerLimit(gpu_id="GPU-sim-2", limit_w=240.0, parked=False),
        PowerLimit(gpu_id="GPU-sim-3", limit_w=100.0, parked=True),
    ),
    expected_w=1018.0,
    why=WHY,
    next=NEXT,
    heard=HEARD,
)

POLICIES = (
    PolicyView(
        name="quiet nights",
        sentence="From 22:00 to 07:00 no card takes more than 150 W.",
        acts=False,
        when=(ConditionView(text="time between 22:00 and 07:00", value="14:24", holds=False),),
        unless=(),
    ),
    PolicyView(
        name="leave room for cooking",
        sentence="While the surplus is above 2 kW, unless the battery is above 95 %, "
        "no card takes more than 300 W.",
        acts=True,
        when=(ConditionView(text="surplus above 2 kW", value="2.14 kW", holds=True),),
        unless=(ConditionView(text="battery above 95 %", value="71 %", holds=False),),
    ),
    PolicyView(
        name="paid to use power",
        sentence="While the export price is below 0 EUR/kWh, the rig takes at least 1.6 kW.",
        acts=False,
        when=(ConditionView(text="export price below 0.00 EUR/kWh", value="unknown", holds=None),),
        unless=(),
    ),
)


def _event(hours: int, minutes: int, seconds: int, source: str, level: str, text: str) -> Event:
    at = MIDNIGHT + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Event(happened_at=at, source=source, level=level, text=text)


EVENTS = (
    _event(14, 2, 11, "rig", "info", "Budget 800 W → 1.1 kW: surplus 2.14 kW held for 10 min."),
    _event(13, 47, 30, "gpu2", "info", "Limit 300 → 240 W, the card enforces 240 W."),
    _event(13, 31, 5, "gpu3", "info", "Parked: 3 cards at 280 W do more than 4 at 216 W."),
    _event(
        13, 12, 44, "modbus", "warning", "No answer from gx for 6 s; its last values stand (4 s)."
    ),
    _event(12, 0, 2, "chain", "info", "Epoch 106: the miner earned τ 0.0041."),
    _event(11, 30, 19, "plan", "info", "New plan: 3 cards until 16:45, battery full at 15:45."),
    _event(
        11,
        29,
        58,
        "rig",
        "alert",
        "Sun fell 3.1 → 1.7 kW within 40 s; 38 of 60 Wh of the cloud "
        "allowance are used, cards 2 and 3 park at 11:36 unless it clears.",
    ),
    _event(6, 2, 0, "daemon", "info", "Started, version 0.1.0, live."),
)


def _day(day: str, miner: int, validator: int, scale: float) -> EarningsDay:
    return EarningsDay(
        day=day,
        miner_rao=miner,
        validator_rao=validator,
        sources=SourceEnergy(
            sun_wh=4600.0 * scale,
            hidden_sun_wh=900.0 * scale,
            battery_wh=450.0 * scale,
            grid_wh=150.0 * scale,
            generator_wh=0.0,
        ),
        idle_wh=1900.0,
        cost=0.04 * scale,
        lost_feed_in=0.11 * scale,
    )


EARNINGS = (
    _day("2026-06-13", 34_000_000, 7_300_000, 1.0),
    _day("2026-06-12", 51_200_000, 11_000_000, 1.5),
    _day("2026-06-11", 22_900_000, 5_100_000, 0.7),
    replace(_day("2026-06-10", 47_000_000, 9_900_000, 1.4), cost=None),
)

NETWORK = NetworkView(
    kind="embedded",
    block=1284,
    epochs=107,
    tempo=12,
    age_s=8.0,
    neurons=(
        NeuronView(
            netuid=1,
            subnet="sunlight",
            uid=1,
            hotkey="5F3sa2TJAWMqDhXG6jhV4N8ko9SxwGy8TpaNS1repo5EYjQX",
            role="miner",
            incentive=0.6213,
            dividends=0.0,
            rank=1,
            vtrust=0.0,
            emission_rao=4_100_000,
            stake_rao=1_204_000_000,
            last_update_block=1280,
            immune_until_block=1484,
        ),
        NeuronView(
            netuid=1,
            subnet="sunlight",
            uid=0,
            hotkey="5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy",
            role="validator",
            incentive=0.0,
            dividends=1.0,
            rank=1,
            vtrust=0.97,
            emission_rao=900_000,
            stake_rao=100_000_000_000,
            last_update_block=1276,
            immune_until_block=200,
        ),
    ),
)


def _workload(name: str, role: str, pid: int, rate: float | None) -> WorkloadView:
    return WorkloadView(
        name=name,
        role=role,
        pid=pid,
        wanted=WorkMode.FULL,
        mode=WorkMode.FULL,
        health="ok",
        rate=rate,
        restarts=0,
    )


WORKLOADS = (
    _workload("network", "network", 4101, None),
    _workload("miner", "miner", 4102, 336.8),
    replace(_workload("validator", "validator", 4103, 12.0), restarts=1),
)


def _point(
    name: str,
    value: float | str | None,
    unit: str,
    quality: Quality = Quality.GOOD,
    address: int | None = None,
) -> PointReading:
    return PointReading(name=name, value=value, unit=unit, quality=quality, address=address)


POINTS = (
    _point("serial", "SIM-0001", "", address=40_052),
    _point("pv_power", 2620.0, "W", address=40_084),
    _point("grid_power", -97.5, "W", address=40_188),
    _point("battery_soc", 71.0, "%", address=40_293),
    _point("battery_power", -950.0, "W"),
    _point("inverter_temperature", 412.0, "°C", Quality.SUSPECT, 40_103),
    _point("pv_energy_total", None, "kWh", Quality.MISSING, 40_094),
)

HOME = SiteView(
    seq=412,
    site="home",
    version="0.1.0",
    live=True,
    speed=1.0,
    currency="EUR",
    state=STATE,
    rig=RIG,
    decision=DECISION,
    results=(
        Applied(gpu_id="GPU-sim-0", limit_w=300.0),
        Applied(gpu_id="GPU-sim-1", limit_w=300.0),
        Clamped(gpu_id="GPU-sim-2", asked_w=240.0, limit_w=300.0),
        Applied(gpu_id="GPU-sim-3", limit_w=100.0),
    ),
    devices=(
        DeviceView(
            device_id="inverter",
            profile="sunspec",
            age_s=1.0,
            period_s=2.0,
            polls_ok=412,
            polls_failed=3,
            error=None,
            retry_in_s=None,
            points=POINTS,
        ),
    ),
    keeper=KeeperView(backend="simulated", pid=4100, note=None, error=None),
    workloads=WORKLOADS,
    network=NETWORK,
    today=EnergyTotals(
        pv_wh=12_400.0,
        house_wh=3_900.0,
        rig_wh=6_100.0,
        grid_in_wh=100.0,
        grid_out_wh=700.0,
        battery_in_wh=1_800.0,
        battery_out_wh=200.0,
    ),
    rest_of_day=EnergyTotals(
        pv_wh=7_700.0,
        house_wh=2_200.0,
        rig_wh=3_600.0,
        grid_out_wh=500.0,
        battery_in_wh=1_400.0,
    ),
    earnings=EARNINGS,
    policies=POLICIES,
    overrides=(),
    forecast=FORECAST,
    plan=PLAN,
    plan_made_at=NOW - timedelta(minutes=9),
    trace=TRACE,
    events=EVENTS,
    jobs=JOBS,
)

SILENT_METER = DeviceView(
    device_id="meter",
    profile="eastron-sdm",
    age_s=94.0,
    period_s=2.0,
    polls_ok=380,
    polls_failed=35,
    error="192.0.2.7:502 does not answer: no reply within 3 s; is somebody else connected to it?",
    retry_in_s=2.0,
    points=(_point("voltage", 231.4, "V", address=0),),
)
SILENT = replace(HOME, devices=(*HOME.devices, SILENT_METER))
"""A home whose second device does not answer any more."""

CABIN = replace(
    HOME,
    site="cabin",
    speed=60.0,
    currency="CHF",
    state=replace(
        STATE,
        supply=Supply.ISLAND,
        pv_w=1100.0,
        load_w=1080.0,
        grid_w=0.0,
        generator_w=0.0,
        battery=BatteryState(soc=0.98, power_w=-20.0, max_charge_w=0.0),
        rig_w=600.0,
        pv_throttled=True,
    ),
    decision=replace(
        DECISION,
        rule="hidden sun",
        target_w=600.0,
        budget_w=600.0,
        why="Battery 98 % and refusing charge; panels give 1.1 kW, sky allows about 3.9. Trying "
        "hidden sun: 2 cards at 210 W.",
        next="+150 W in 60 s; back off if the battery gives more than 150 W (now 20).",
    ),
    devices=(replace(HOME.devices[0], device_id="gx", profile="victron-gx", age_s=90.0),),
    today=replace(HOME.today, grid_in_wh=0.0, grid_out_wh=0.0),
    rest_of_day=None,
    degraded=(
        "No weather forecast: the sun of the last hours stands in for it.",
        "The miner did not answer for 12 s; it is started again.",
    ),
)

FIRST_RUN = replace(
    HOME,
    seq=1,
    live=False,
    state=SiteState(
        taken_at=NOW,
        taken_s=1.0,
        utc_offset_s=OFFSET_S,
        supply=Supply.UNKNOWN,
        pv_w=None,
        load_w=None,
        grid_w=None,
        generator_w=None,
        battery=None,
        rig_w=None,
    ),
    rig=Rig(host_w=90.0),
    decision=None,
    results=(),
    devices=(),
    keeper=KeeperView(
        backend="none",
        pid=None,
        note="No NVIDIA driver is loaded: solard only watches.",
        error=None,
    ),
    workloads=(),
    network=None,
    today=EnergyTotals(),
    rest_of_day=None,
    earnings=(),
    policies=(),
    forecast=(),
    plan=(),
    plan_made_at=None,
    trace=(),
    events=(),
)
