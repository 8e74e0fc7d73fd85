"""Every kind of rule, in order of priority, highest first."""

from solard.core.inputs import Rule
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.bms_limits import BmsLimits
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.curve_sweep import CurveSweep
from solard.core.rules.data_age import DataAge
from solard.core.rules.fuse import Fuse
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.inverter_alarm import InverterAlarm
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.job_power import JobPower
from solard.core.rules.keep_alive import KeepAlive
from solard.core.rules.operator import OperatorRule
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.rules.user_policy import UserPolicy

RULE_KINDS: tuple[type[Rule], ...] = (
    SupplyLoss,
    InverterAlarm,
    BmsLimits,
    GpuTemperature,
    CardLimit,
    InverterRating,
    Fuse,
    DataAge,
    BatteryLines,
    GridLimits,
    OperatorRule,
    CurveSweep,
    UserPolicy,
    KeepAlive,
    JobPower,
    HiddenSun,
    PlanRule,
)


def in_priority(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules in order of priority; policies keep the order that their owner wrote."""
    return tuple(sorted(rules, key=lambda rule: RULE_KINDS.index(type(rule))))
