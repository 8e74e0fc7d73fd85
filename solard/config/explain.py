"""The configuration read back: what its rules and policies will do, in sentences."""

from solard.config.load import Settings
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
from solard.core.state import Supply
from solard.core.wording import (
    say_duration,
    say_energy,
    say_percent,
    say_policy,
    say_power,
    say_temperature,
    say_voltage,
)


def explain_settings(settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each rule, highest priority first, policies among them."""
    return tuple(explain_rule(rule, settings.tariff.currency) for rule in settings.rules)


def explain_policies(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return each policy's name and its sentence, in the file's order."""
    currency = settings.tariff.currency
    return tuple((policy.name, say_policy(policy, currency)) for policy in settings.policies)


def explain_rule(rule: Rule, currency: str | None = None) -> str:
    """Return what one rule will do, whatever the site looks like now."""
    match rule:
        case SupplyLoss():
            return _supply(rule)
        case InverterAlarm():
            return "While the inverter reports a fault the rig only answers."
        case BmsLimits():
            return "Without a grid the rig takes no more than surplus and allowed discharge give."
        case GpuTemperature():
            return f"A card above {say_temperature(rule.at_most_c)} gets less until it has cooled."
        case CardLimit():
            return rule.sentence()
        case InverterRating():
            most, free = say_power(rule.continuous_w), say_power(rule.keep_free_w)
            return f"Without a grid house and rig stay under {most}, with {free} of it free."
        case Fuse():
            return _fuse(rule)
        case DataAge():
            stop = say_duration(rule.stop_after_s)
            return f"Old data raises nothing; without data the rig only answers, off after {stop}."
        case BatteryLines():
            return _lines(rule)
        case GridLimits():
            return f"The site imports at most {say_power(rule.import_at_most_w)} for the rig."
        case OperatorRule():
            return (
                "`solard pause` and `solard run` count until they expire, but never above all this."
            )
        case CurveSweep():
            return "`solard gpu calibrate` measures a card in surplus, and only takes power away."
        case UserPolicy():
            return f'Policy "{rule.name}": {say_policy(rule, currency)}'
        case JobPower():
            return "A job that runs gets its power, also in the dark, and no more than that."
        case KeepAlive():
            return "While nothing above forbids it, the workloads go on answering."
        case HiddenSun():
            return _hidden_sun(rule)
        case PlanRule():
            return "Work rises while it is worth more than the energy that it takes."
        case _:
            return f"{type(rule).__name__}."


def _supply(rule: SupplyLoss) -> str:
    back = say_duration(rule.return_after_s)
    after = f"and for {back} after"
    if rule.expected is Supply.GRID:
        lost = (
            "" if rule.work_on_island else f"While the grid is lost, {after}, the rig only answers."
        )
        on = "" if rule.generator_may_feed_rig else "On a generator the rig only answers."
        return " ".join(each for each in (lost, on) if each) or "The rig works on any supply."
    if rule.generator_may_feed_rig:
        return "The generator may feed the rig."
    return f"On any AC input, {after}, the rig only answers: off-grid that is a generator."


def _fuse(rule: Fuse) -> str:
    if rule.phases == 1:
        return f"The rig's import stays under the fuse of {rule.current_a:g} A."
    phase = "the fullest phase" if rule.rig_phase is None else f"phase L{rule.rig_phase}"
    return f"What the rig adds keeps {phase} under the fuse of {rule.current_a:g} A."


def _lines(rule: BatteryLines) -> str:
    off = say_percent(rule.shut_down_below_soc)
    if rule.shut_down_below_v is not None:
        held = say_duration(rule.shut_down_for_s)
        off += f" (or {say_voltage(rule.shut_down_below_v)} for {held})"
    standby = say_percent(rule.standby_above_soc)
    work = "The battery feeds no work"
    if rule.work_above_soc is not None:
        work = f"The battery feeds work above {say_percent(rule.work_above_soc)}"
    return f"{work}; below {standby} the rig only answers, below {off} it is off."


def _hidden_sun(rule: HiddenSun) -> str:
    step, allowance = say_power(rule.step_w), say_energy(rule.allowance_wh)
    look = f"the rig looks for hidden sun in steps of {step}"
    return f"When panels may be held back {look}, for at most {allowance} of the battery."
