"""An owner's policy: `when` and `unless` conditions, and what it then narrows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from solard.core.bounds import PowerBounds
from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.decision import CardCap, Proposal
from solard.core.inputs import Answer, DecideInputs, Note, switched
from solard.core.loads import envelope, standby_w
from solard.core.modes import WorkMode
from solard.core.rules.answers import no_objection, steady_w
from solard.core.rules.inverter_rating import InverterRating
from solard.core.state import Supply, find_seen
from solard.core.wording import say_action, say_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPolicy:
    """Narrow the rig while all of `when` holds and not all of `unless` does.

    Where a live value is unknown, an action that lowers power acts and one that raises it does not.
    """

    name: str
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    action: PolicyAction

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the action's bounds, or with none while the policy rests."""
        rule = f'policy "{self.name}"'
        notes = (
            *self._watch(inputs, "when", self.when),
            *self._watch(inputs, "unless", self.unless),
        )
        acts = self.acts(inputs, notes)
        if acts is False:
            return no_objection(inputs, rule, f"Rests: {say_policy(self)}", *notes)
        action = self.action if acts else _only_lowering(self.action)
        proposal = Proposal(
            rule=rule,
            bounds=self.bounds(inputs, action),
            mode=action.mode or WorkMode.FULL,
            card_caps=_caps(inputs, action),
            why=f'Policy "{self.name}": {say_action(action)}.',
            next="Until its conditions change.",
        )
        return Answer(proposal=proposal, notes=notes)

    def acts(self, inputs: DecideInputs, notes: tuple[Note, ...]) -> bool | None:
        """Say whether the policy acts now; None when a live value that decides it is unknown."""
        held = {note.key: note for note in notes}
        return self._verdict(
            [_holds_long(c, inputs, held[self._key("when", i)]) for i, c in enumerate(self.when)],
            [
                _holds_long(c, inputs, held[self._key("unless", i)])
                for i, c in enumerate(self.unless)
            ],
        )

    def expected_action(self, inputs: DecideInputs) -> PolicyAction | None:
        """Return what the policy will do at a moment that is only expected; None = it rests.

        What must have held for a while is taken to have held.
        """
        acts = self._verdict(
            [holds(condition, inputs) for condition in self.when],
            [holds(condition, inputs) for condition in self.unless],
        )
        if acts is False:
            return None
        return self.action if acts else _only_lowering(self.action)

    def _verdict(self, when: list[bool | None], unless: list[bool | None]) -> bool | None:
        """Say whether a policy acts whose conditions answer so."""
        applies = _all(when)
        excused = _all(unless) if self.unless else False
        if applies is False or excused is True:
            return False
        return True if applies and excused is False else None

    def _key(self, part: str, index: int) -> str:
        return f"policy {self.name}/{part} {index}"

    def _watch(
        self, inputs: DecideInputs, part: str, conditions: tuple[Condition, ...]
    ) -> tuple[Note, ...]:
        return tuple(
            switched(
                inputs.memory.note(self._key(part, index)),
                holds(condition, inputs) is True,
                inputs.state.taken_s,
            )
            for index, condition in enumerate(conditions)
        )

    def bounds(self, inputs: DecideInputs, action: PolicyAction) -> PowerBounds:
        """Return where an action of this policy lets the whole rig's draw lie."""
        room = envelope(inputs)
        most_w = min([room.max_w, *_ceilings_w(inputs, action)])
        least_w = action.rig_at_least_w if action.rig_at_least_w is not None else room.min_w
        most_w = room.clamp(most_w)
        return PowerBounds(min_w=min(room.clamp(least_w), most_w), max_w=most_w)


def live_value(condition: Condition, inputs: DecideInputs) -> float | str | None:
    """Return what a condition's quantity is right now, in its unit; None when unknown."""
    state, tariff = inputs.state, inputs.tariff
    seen = find_seen(state.seen, condition.device_id or "")
    minute = state.local_at.hour * 60 + state.local_at.minute
    match condition.quantity:
        case Quantity.BATTERY_SOC:
            return None if state.battery is None else state.battery.soc
        case Quantity.TIME:
            return float(minute)
        case Quantity.SURPLUS:
            return state.surplus_w
        case Quantity.PV_POWER:
            return state.pv_w
        case Quantity.GRID_POWER:
            return state.grid_w
        case Quantity.BATTERY_POWER:
            return None if state.battery is None else state.battery.power_w
        case Quantity.IMPORT_PRICE:
            return tariff.import_at(minute)
        case Quantity.EXPORT_PRICE:
            return tariff.export_per_kwh
        case Quantity.SUPPLY:
            return None if state.supply is Supply.UNKNOWN else state.supply.value
        case Quantity.SUN_NEXT_48H:
            plan = inputs.plan
            fresh = plan is not None and plan.is_fresh(state.taken_at)
            return plan.sun_wh(state.taken_at) if plan is not None and fresh else None
        case Quantity.DEVICE_POWER:
            return None if seen is None else seen.power_w
        case Quantity.DEVICE_TEMPERATURE:
            return None if seen is None else seen.temperature_c
        case _:  # pragma: no cover - mypy proves that nothing is left
            assert_never(condition.quantity)


def holds(condition: Condition, inputs: DecideInputs) -> bool | None:
    """Say whether a condition holds at this moment; None when its value is unknown."""
    value = live_value(condition, inputs)
    if value is None:
        return None
    if isinstance(value, str):
        return value == condition.is_
    if condition.between is not None:
        low, high = condition.between
        if condition.quantity is Quantity.TIME and low > high:
            return value >= low or value < high
        return low <= value < high
    if condition.above is not None:
        return value > condition.above
    return condition.below is not None and value < condition.below


def _holds_long(condition: Condition, inputs: DecideInputs, note: Note) -> bool | None:
    now = holds(condition, inputs)
    if not now or condition.for_s <= 0:
        return now
    return inputs.state.taken_s - (note.since_s or 0.0) >= condition.for_s


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Return False where one is False, else None where one is unknown, else True."""
    found = tuple(answers)
    if False in found:
        return False
    return None if None in found else True


def _only_lowering(action: PolicyAction) -> PolicyAction:
    return replace(action, rig_at_least_w=None)


def _ceilings_w(inputs: DecideInputs, action: PolicyAction) -> list[float]:
    """Return every upper bound on the rig's wall power that the action states."""
    state = inputs.state
    ceilings = [] if action.rig_at_most_w is None else [action.rig_at_most_w]
    if action.mode in {WorkMode.STANDBY, WorkMode.OFF}:
        ceilings.append(standby_w(inputs) if action.mode is WorkMode.STANDBY else 0.0)
    if action.import_for_rig_at_most_w is not None:
        ceilings.append(_import_ceiling_w(inputs, action.import_for_rig_at_most_w))
    if action.battery_for_rig_at_most_w is not None:
        ceilings.append(_battery_ceiling_w(inputs, action.battery_for_rig_at_most_w))
    if action.work_above_soc is not None:
        soc = None if state.battery is None else state.battery.soc
        if soc is None or soc < action.work_above_soc:
            ceilings.append(_battery_ceiling_w(inputs, 0.0))
    if action.keep_free_w is not None:
        ceilings.append(_free_ceiling_w(inputs, action.keep_free_w))
    return ceilings


def _import_ceiling_w(inputs: DecideInputs, allowed_w: float) -> float:
    state = inputs.state
    if state.rig_w is None or state.grid_w is None:
        return steady_w(inputs)
    return max(standby_w(inputs), state.rig_w - state.grid_w + allowed_w)


def _battery_ceiling_w(inputs: DecideInputs, allowed_w: float) -> float:
    """Return the draw at which the battery gives `allowed_w`; import is another policy's matter."""
    state = inputs.state
    battery_w = None if state.battery is None else state.battery.power_w
    if state.rig_w is None or battery_w is None:
        return steady_w(inputs)
    exported_w = max(0.0, -(state.grid_w or 0.0))
    return max(standby_w(inputs), state.rig_w - battery_w + exported_w + allowed_w)


def _free_ceiling_w(inputs: DecideInputs, keep_free_w: float) -> float:
    rating = next((rule for rule in inputs.rules if isinstance(rule, InverterRating)), None)
    if rating is None or inputs.state.house_w is None:
        return steady_w(inputs)
    return rating.carried_w(inputs.state) - keep_free_w - inputs.state.house_w


def _caps(inputs: DecideInputs, action: PolicyAction) -> tuple[CardCap, ...]:
    most_w = action.each_gpu_at_most_w
    if most_w is None:
        return ()
    return tuple(CardCap(gpu_id=card.gpu_id, at_most_w=most_w) for card in inputs.rig.cards)
