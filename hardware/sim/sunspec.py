"""The SunSpec map of a hybrid inverter with battery and meter, in the manner of a Fronius GEN24.

Models 1, 103, 120, 122, 124, 160, 203, 802 and the end, from 40000 on, unit 1. A value is
raw·10^SF. In 160, module 3 is the battery charging and 4 discharging; the meter's W + is import,
802's W + discharge.
"""

from hardware.sim.picture import Pack, PlantPicture
from hardware.sim.server import Image, place
from hardware.sim.words import i16, text, u16, u32
from solard.core.state import Supply

UNIT = 1
BASE = 40000
MAKER = "solard"
MODEL = "simulated hybrid home"
PACK = Pack(nominal_v=409.6, resistance_ohm=0.2)
PHASE_V = 230.0
LINE_V = 400.0
GRID_HZ = 50.0
STRING_V = 380.0
CABINET_C = 38.0

NO_U16 = 0xFFFF
NO_I16 = 0x8000
NO_U32 = (0xFFFF, 0xFFFF)
NO_SF = 0x8000

_END = (0xFFFF, 0)
_LITHIUM_ION, _CONNECTED, _PV_AND_STORAGE = 4, 3, 82
_SLEEPING, _MPPT, _THROTTLED, _FAULT, _STANDBY = 2, 4, 5, 7, 8
_EMPTY, _DISCHARGING, _CHARGING, _FULL, _HOLDING = 2, 3, 4, 5, 6
_GRID_DISCONNECT, _OVER_TEMPERATURE = 1 << 4, 1 << 7
_CONNECTED_BIT, _IN_USE = 0x1, 0x7
_IDLE_BELOW_W = 10.0

Words = tuple[int, ...]


def sunspec_image(picture: PlantPicture) -> Image:
    """Return the registers of unit 1 for one moment of the plant."""
    words = (
        *text("SunS", 2),
        *_model(1, _common()),
        *_model(103, _inverter(picture)),
        *_model(120, _nameplate(picture)),
        *_model(122, _connections(picture)),
        *_model(124, _storage(picture)),
        *_model(160, _trackers(picture)),
        *_model(203, _meter(picture)),
        *_model(802, _battery(picture)),
        *_END,
    )
    return {UNIT: place(BASE, words)}


def _model(number: int, points: Words) -> Words:
    return (number, len(points), *points)


def _sf(exponent: int) -> int:
    return i16(exponent)


def _common() -> Words:
    return (
        *text(MAKER, 16),
        *text(MODEL, 16),
        *text("", 8),
        *text("1.0", 8),
        *text("SIM-0001", 16),
        UNIT,
        NO_I16,  # pad
    )


def _inverter(picture: PlantPicture) -> Words:
    flows = picture.flows
    ac_w = flows.pv_w + flows.battery_w
    phase_a = u16(abs(ac_w) / 3 / PHASE_V, 0.01)
    return (
        u16(abs(ac_w) / PHASE_V, 0.01),
        *(phase_a,) * 3,
        _sf(-2),
        *(u16(LINE_V, 0.1),) * 3,
        *(u16(PHASE_V, 0.1),) * 3,
        _sf(-1),
        i16(ac_w),
        _sf(0),
        u16(GRID_HZ, 0.01),
        _sf(-2),
        i16(abs(ac_w)),  # VA
        _sf(0),
        i16(0.0),  # var
        _sf(0),
        i16(100.0, 0.1),  # power factor, %
        _sf(-1),
        *u32(picture.state.pv_wh),
        _sf(0),
        *(NO_U16, NO_SF),  # DC amps: model 160 has them
        *(NO_U16, NO_SF),  # DC volts
        i16(ac_w),
        _sf(0),
        i16(CABINET_C),
        *(NO_I16,) * 3,
        _sf(0),
        _inverter_state(picture),
        NO_U16,
        *u32(_events(picture)),
        *(0,) * 10,  # Evt2, vendor events
    )


def _nameplate(picture: PlantPicture) -> Words:
    spec = picture.spec
    return (
        _PV_AND_STORAGE,
        *(u16(spec.inverter_w), _sf(0)),
        *(u16(spec.inverter_w), _sf(0)),
        *(i16(0.0),) * 4,
        _sf(0),
        *(u16(spec.inverter_w / PHASE_V, 0.1), _sf(-1)),
        *(i16(1.0, 0.01),) * 4,
        _sf(-2),
        *(u16(spec.capacity_wh), _sf(0)),
        *(u16(spec.capacity_wh / PACK.nominal_v, 0.1), _sf(-1)),
        *(u16(spec.max_charge_w), _sf(0)),
        *(u16(spec.max_discharge_w), _sf(0)),
        NO_I16,  # pad
    )


def _connections(picture: PlantPicture) -> Words:
    """Return which switches are closed: sun, battery, grid."""
    flows = picture.flows
    return (
        _IN_USE if flows.pv_w > 0.0 else _CONNECTED_BIT,
        _IN_USE,
        1 if flows.supply is Supply.GRID else 0,
        *(0,) * 24,  # lifetime counters, 64 bit
        *(NO_I16, NO_SF),
        *(NO_U16, NO_SF),  # watts available: an inverter of this kind does not say
        *(0,) * 4,  # limits set, controls active
        *text("RTC", 4),
        *NO_U32,
        0,
        *(NO_U16, NO_SF),
    )


def _storage(picture: PlantPicture) -> Words:
    spec, soc = picture.spec, picture.state.soc
    stored_ah = soc * spec.capacity_wh / PACK.nominal_v
    return (
        u16(spec.max_charge_w),
        *(u16(100.0),) * 2,  # gradients, % a second
        0,  # no limit is set
        u16(spec.max_charge_w),
        u16(spec.min_soc, 0.0001),
        u16(soc, 0.0001),
        u16(stored_ah, 0.1),
        u16(_pack_v(picture), 0.1),
        _charge_state(picture),
        i16(1.0, 0.0001),
        i16(1.0, 0.0001),
        *(NO_U16,) * 3,
        0,  # charges from the sun only
        *(_sf(0), _sf(0), _sf(0), _sf(-2), _sf(-2), _sf(-1), _sf(-1), _sf(-2)),
    )


def _trackers(picture: PlantPicture) -> Words:
    flows, state = picture.flows, picture.state
    charge_w, discharge_w = max(0.0, -flows.battery_w), max(0.0, flows.battery_w)
    pack_v = _pack_v(picture)
    string_v = STRING_V if flows.pv_w > 0.0 else 0.0
    return (
        *(_sf(-2), _sf(-1), _sf(0), _sf(0)),
        *(0, 0),  # events
        4,
        NO_U16,
        *_module(1, "MPPT 1", string_v, flows.pv_w, state.pv_wh, _panel_state(picture)),
        *_module(2, "MPPT 2", 0.0, 0.0, 0.0, _SLEEPING),
        *_module(3, "StCha 3", pack_v, charge_w, state.battery_in_wh, _MPPT),
        *_module(4, "StDisCha 4", pack_v, discharge_w, state.battery_out_wh, _MPPT),
    )


def _module(
    number: int, name: str, volts: float, power_w: float, energy_wh: float, state: int
) -> Words:
    return (
        number,
        *text(name, 8),
        u16(power_w / volts if volts else 0.0, 0.01),
        u16(volts, 0.1),
        u16(power_w),
        *u32(energy_wh),
        *NO_U32,  # time stamp
        NO_I16,  # temperature
        state,
        *(0, 0),  # events
    )


def _meter(picture: PlantPicture) -> Words:
    flows, state = picture.flows, picture.state
    live = flows.supply is Supply.GRID
    phase_v, line_v = (PHASE_V, LINE_V) if live else (0.0, 0.0)
    third_w = flows.grid_w / 3
    return (
        i16(flows.grid_w / PHASE_V, 0.01),
        *(i16(third_w / PHASE_V, 0.01),) * 3,
        _sf(-2),
        *(i16(phase_v, 0.1),) * 4,
        *(i16(line_v, 0.1),) * 4,
        _sf(-1),
        i16(GRID_HZ if live else 0.0, 0.01),
        _sf(-2),
        i16(flows.grid_w),
        *(i16(third_w),) * 3,
        _sf(0),
        i16(abs(flows.grid_w)),
        *(i16(abs(third_w)),) * 3,
        _sf(0),
        *(0,) * 4,  # var
        _sf(0),
        *(i16(100.0),) * 4,  # power factor, %
        _sf(0),
        *u32(state.grid_out_wh),
        *(0,) * 6,  # by phase: not counted
        *u32(state.grid_in_wh),
        *(0,) * 6,
        _sf(0),
        *(0,) * 16,  # VAh
        NO_SF,
        *(0,) * 32,  # varh
        NO_SF,
        *(0, 0),  # events
    )


def _battery(picture: PlantPicture) -> Words:
    spec, flows, soc = picture.spec, picture.flows, picture.state.soc
    pack_v = _pack_v(picture)
    return (
        u16(spec.capacity_wh / PACK.nominal_v, 0.1),
        u16(spec.capacity_wh),
        u16(spec.max_charge_w),
        u16(spec.max_discharge_w),
        NO_U16,
        *(u16(1.0, 0.0001), u16(spec.min_soc, 0.0001)),
        *(u16(1.0, 0.0001), u16(spec.min_soc, 0.0001)),
        u16(soc, 0.0001),
        u16(1.0 - soc, 0.0001),
        u16(0.99, 0.0001),
        *u32(_cycles(picture)),
        _charge_state(picture),
        1,  # local control
        *(NO_U16, NO_U16),  # heartbeats
        0,
        _LITHIUM_ION,
        _CONNECTED,
        NO_U16,
        *NO_U32,  # warranty
        *(0,) * 8,  # events
        u16(pack_v, 0.1),
        u16(PACK.nominal_v * 1.1, 0.1),
        u16(PACK.nominal_v * 0.9, 0.1),
        *(NO_U16,) * 7,  # cells
        i16(PACK.current_a(soc, flows.battery_w), 0.01),
        u16(flows.max_charge_w / pack_v, 0.01),
        u16(flows.max_discharge_w / pack_v, 0.01),
        i16(flows.battery_w),
        0,
        NO_I16,
        1,
        0,
        *(_sf(-1), _sf(0), _sf(0), NO_SF, _sf(-2), _sf(-2)),
        *(_sf(-2), _sf(-1), _sf(-3), _sf(-2), _sf(-2), _sf(0)),
    )


def _cycles(picture: PlantPicture) -> float:
    """Return full cycles since the plant began: energy given over capacity."""
    if picture.spec.capacity_wh <= 0.0:
        return 0.0
    return picture.state.battery_out_wh / picture.spec.capacity_wh


def _pack_v(picture: PlantPicture) -> float:
    return PACK.voltage_v(picture.state.soc, picture.flows.battery_w)


def _events(picture: PlantPicture) -> int:
    lost = _GRID_DISCONNECT if picture.flows.supply is not Supply.GRID else 0
    return lost | (_OVER_TEMPERATURE if picture.alarm else 0)


def _inverter_state(picture: PlantPicture) -> int:
    if picture.alarm:
        return _FAULT
    if picture.flows.throttled:
        return _THROTTLED
    works = picture.flows.pv_w > 0.0 or abs(picture.flows.battery_w) >= _IDLE_BELOW_W
    return _MPPT if works else _STANDBY


def _panel_state(picture: PlantPicture) -> int:
    if picture.flows.throttled:
        return _THROTTLED
    return _MPPT if picture.flows.pv_w > 0.0 else _SLEEPING


def _charge_state(picture: PlantPicture) -> int:
    battery_w = picture.flows.battery_w
    if battery_w >= _IDLE_BELOW_W:
        return _DISCHARGING
    if battery_w <= -_IDLE_BELOW_W:
        return _CHARGING
    if picture.flows.max_charge_w <= 0.0:
        return _FULL
    return _EMPTY if picture.flows.max_discharge_w <= 0.0 else _HOLDING
