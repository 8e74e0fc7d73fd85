"""The registers of a Victron GX with a Multi, an MPPT charger and a BMS.

Source: the vendor's list for dbus-modbustcp. Addresses are 0-based wire addresses; in the system
service battery power + is *charging*. An undefined cell refuses the whole read (exception 2).
"""

from hardware.sim.picture import Pack, PlantPicture
from hardware.sim.server import Image, place
from hardware.sim.words import i16, i32, text, u16, u32
from solard.core.state import Supply

SYSTEM_UNIT = 100
SYSTEM_ALIAS = 0
BATTERY_UNIT = 225
CHARGER_UNIT = 245
VEBUS_UNIT = 227

SERIAL = "c0619ab5eed5"
"""Twelve letters, as the GX shows its own."""
PACK = Pack(nominal_v=51.2, resistance_ohm=0.01)
AC_V = 230.0
GRID_HZ = 50.0
BATTERY_C = 24.0
PANEL_V = 120.0
TICK_S = 100.0
"""Unit of time-to-go registers."""

_SOURCE = {Supply.GRID: 1, Supply.GENERATOR: 2, Supply.ISLAND: 240}
_FAULT, _BULK, _ABSORPTION, _FLOAT, _INVERTING = 2, 3, 4, 5, 9
_IDLE, _CHARGING, _DISCHARGING = 0, 1, 2
_MPP_OFF, _MPP_LIMITED, _MPP_ACTIVE = 0, 1, 2
_VEBUS_ERROR = 5
"""Overvoltage on AC out: any fault will do, and this one needs no second device."""
_IDLE_BELOW_W = 10.0
_ABSORBS_FROM_SOC = 0.95


def victron_image(picture: PlantPicture) -> Image:
    """Return every unit's registers for one moment of the plant."""
    system = _system(picture)
    return {
        SYSTEM_UNIT: system,
        SYSTEM_ALIAS: system,
        VEBUS_UNIT: _vebus(picture),
        BATTERY_UNIT: _battery(picture),
        CHARGER_UNIT: _charger(picture),
    }


def _system(picture: PlantPicture) -> dict[int, int]:
    flows, soc = picture.flows, picture.state.soc
    charge_w = -flows.battery_w
    volts, amps = _dc(picture)
    return {
        **place(800, text(SERIAL, 6)),
        **place(806, (0, 0)),  # relays
        **place(808, (0,) * 9),  # AC-coupled sun: on output, grid, genset
        **place(817, (u16(flows.load_w), 0, 0)),
        **place(820, (i16(flows.grid_w), 0, 0)),
        **place(823, (i16(flows.generator_w), 0, 0)),
        826: _SOURCE[flows.supply],
        840: u16(volts, 0.1),
        841: i16(-amps, 0.1),
        842: i16(charge_w),
        843: u16(soc, 0.01),
        844: _battery_state(charge_w),
        845: u16((1.0 - soc) * _capacity_ah(picture), 0.1),  # vendor: −Ah · −10
        846: u16(_time_to_go_s(picture), TICK_S),
        850: u16(flows.pv_w),
        851: i16(flows.pv_w / volts, 0.1),
        855: 0,
        860: 0,
        865: i16((charge_w - flows.pv_w) / volts, 0.1),
        866: i16(charge_w - flows.pv_w),
        **place(902, (*u32(flows.load_w), 0, 0, 0, 0)),
        **place(908, (*i32(flows.grid_w), 0, 0, 0, 0)),
        **place(914, (*i32(flows.generator_w), 0, 0, 0, 0)),
    }


def _vebus(picture: PlantPicture) -> dict[int, int]:
    flows = picture.flows
    entry_w = flows.grid_w + flows.generator_w
    has_entry = flows.supply is not Supply.ISLAND
    volts, amps = _dc(picture)
    entry_v, entry_hz = (u16(AC_V, 0.1), i16(GRID_HZ, 0.01)) if has_entry else (0, 0)
    return {
        **place(3, (entry_v, 0, 0)),
        **place(6, (i16(entry_w / AC_V, 0.1), 0, 0)),
        **place(9, (entry_hz, 0, 0)),
        **place(12, (i16(entry_w, 10.0), 0, 0)),
        **place(15, (u16(AC_V, 0.1), 0, 0)),
        **place(18, (i16(flows.load_w / AC_V, 0.1), 0, 0)),
        21: i16(GRID_HZ, 0.01),
        22: i16(50.0, 0.1),
        **place(23, (i16(flows.load_w, 10.0), 0, 0)),
        26: u16(volts, 0.01),
        27: i16(-amps, 0.1),
        28: 1,
        29: 0 if has_entry else 240,
        30: u16(picture.state.soc, 0.001),
        31: _vebus_state(picture),
        32: _VEBUS_ERROR if picture.alarm else 0,
        33: 3,
        **place(34, (0, 0, 2 if picture.alarm else 0)),  # hot, low battery, overload
    }


def _battery(picture: PlantPicture) -> dict[int, int]:
    flows, soc = picture.flows, picture.state.soc
    volts, amps = _dc(picture)
    return {
        258: i16(-flows.battery_w),
        259: u16(volts, 0.01),
        260: 0,
        261: i16(-amps, 0.1),
        262: i16(BATTERY_C, 0.1),
        **place(263, (0, 0)),
        265: u16((1.0 - soc) * _capacity_ah(picture), 0.1),
        266: u16(soc, 0.001),
        **place(267, (0,) * 13),  # alarms
        303: u16(_time_to_go_s(picture), TICK_S),
        304: u16(0.99, 0.001),
        305: u16(PACK.nominal_v * 1.1, 0.1),
        306: u16(PACK.nominal_v * 0.9, 0.1),
        307: u16(flows.max_charge_w / volts, 0.1),
        308: u16(flows.max_discharge_w / volts, 0.1),
        309: u16(_capacity_ah(picture), 0.1),
    }


def _charger(picture: PlantPicture) -> dict[int, int]:
    flows = picture.flows
    volts, _ = _dc(picture)
    shines = flows.pv_w > 0.0
    return {
        771: u16(volts, 0.01),
        772: i16(flows.pv_w / volts, 0.1),
        773: 0,
        774: 1,
        775: _charge_stage(picture) if shines else 0,
        776: u16(PANEL_V if shines else 0.0, 0.01),
        777: i16(flows.pv_w / PANEL_V, 0.1),
        **place(778, (0,) * 6),  # equalisation, relay, alarms
        784: u16(picture.state.pv_wh / 1000.0, 0.1),
        **place(785, (0,) * 4),
        789: u16(flows.pv_w, 0.1),
        790: u16(picture.state.pv_wh / 1000.0, 0.1),
        791: _mpp_mode(picture),
    }


def _dc(picture: PlantPicture) -> tuple[float, float]:
    """Return the battery's volts and amps, + discharge."""
    soc, power_w = picture.state.soc, picture.flows.battery_w
    return PACK.voltage_v(soc, power_w), PACK.current_a(soc, power_w)


def _capacity_ah(picture: PlantPicture) -> float:
    return picture.spec.capacity_wh / PACK.nominal_v


def _time_to_go_s(picture: PlantPicture) -> float:
    """Return how long the battery lasts at this draw; ten days stand for ever."""
    forever_s = 864000.0
    if picture.flows.battery_w < _IDLE_BELOW_W:
        return forever_s
    stored_wh = picture.state.soc * picture.spec.capacity_wh
    return min(forever_s, stored_wh / picture.flows.battery_w * 3600.0)


def _battery_state(charge_w: float) -> int:
    if abs(charge_w) < _IDLE_BELOW_W:
        return _IDLE
    return _CHARGING if charge_w > 0.0 else _DISCHARGING


def _vebus_state(picture: PlantPicture) -> int:
    if picture.alarm:
        return _FAULT
    if picture.flows.supply is Supply.ISLAND:
        return _INVERTING
    return _charge_stage(picture)


def _charge_stage(picture: PlantPicture) -> int:
    if picture.flows.max_charge_w <= 0.0:
        return _FLOAT
    return _ABSORPTION if picture.state.soc >= _ABSORBS_FROM_SOC else _BULK


def _mpp_mode(picture: PlantPicture) -> int:
    if picture.flows.pv_available_w <= 0.0:
        return _MPP_OFF
    return _MPP_LIMITED if picture.flows.throttled else _MPP_ACTIVE
