"""What the rules will leave the rig at a moment that is only expected: the plan's limits."""

from dataclasses import dataclass, replace
from math import inf

from solard.core.conditions import PolicyAction, Quantity
from solard.core.inputs import DecideInputs, Rule
from solard.core.loads import envelope
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.user_policy import UserPolicy
from solard.core.units import clamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Leeway:
    """Bounds of one moment; infinite = none."""

    at_most_w: float = inf
    """Of the whole rig, its jobs included."""
    at_least_w: float = 0.0
    card_at_most_w: float = inf
    """Of each card."""
    import_at_most_w: float = inf
    """Of the site while the rig works."""
    battery_at_most_w: float = inf
    """Discharge that the rig may cause."""

    def narrow(self, other: "Leeway") -> "Leeway":
        """Return what both leave; where they contradict, the cap wins."""
        at_most_w = min(self.at_most_w, other.at_most_w)
        return Leeway(
            at_most_w=at_most_w,
            at_least_w=min(max(self.at_least_w, other.at_least_w), at_most_w),
            card_at_most_w=min(self.card_at_most_w, other.card_at_most_w),
            import_at_most_w=min(self.import_at_most_w, other.import_at_most_w),
            battery_at_most_w=min(self.battery_at_most_w, other.battery_at_most_w),
        )


def foreseen(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules whose answer depends on nothing that only the moment itself can tell."""
    return tuple(_of_all_cards(one) for one in rules if _is_foreseen(one))


def _of_all_cards(rule: Rule) -> Rule:
    """Return a rule without single cards: the plan's question bounds those themselves."""
    return replace(rule, single=()) if isinstance(rule, CardLimit) else rule


def _is_foreseen(rule: Rule) -> bool:
    if not isinstance(rule, UserPolicy):
        return isinstance(rule, CardLimit | InverterRating)
    return not any(one.quantity.is_of_device for one in (*rule.when, *rule.unless))


def lines_of(rules: tuple[Rule, ...]) -> tuple[float, ...]:
    """Return the states of charge, 0..1, at which a policy's answer may change."""
    lines = set()
    for rule in rules:
        if not isinstance(rule, UserPolicy):
            continue
        for one in (*rule.when, *rule.unless):
            if one.quantity is Quantity.BATTERY_SOC:
                lines |= {line for line in (one.above, one.below) if line is not None}
                lines |= set(one.between or ())
        if rule.action.work_above_soc is not None:
            lines.add(rule.action.work_above_soc)
    return tuple(sorted(lines))


def find_leeway(inputs: DecideInputs) -> Leeway:
    """Return what the rules of a moment leave, each asked as the tick asks it."""
    found = Leeway()
    for rule in inputs.rules:
        if isinstance(rule, UserPolicy):
            action = rule.expected_action(inputs)
            found = found if action is None else found.narrow(_of_policy(rule, action, inputs))
        else:
            found = found.narrow(_of_proposal(rule, inputs))
    return found


def _of_policy(policy: UserPolicy, action: PolicyAction, inputs: DecideInputs) -> Leeway:
    """Return a policy's leeway; what depends on flows the plan decides itself is left to it."""
    still = replace(
        action,
        import_for_rig_at_most_w=None,
        battery_for_rig_at_most_w=None,
        work_above_soc=None,
    )
    room, bounds = envelope(inputs), policy.bounds(inputs, still)
    battery_w = (
        inf if action.battery_for_rig_at_most_w is None else action.battery_for_rig_at_most_w
    )
    battery = inputs.state.battery
    soc = None if battery is None else battery.soc
    if action.work_above_soc is not None and (soc is None or soc < action.work_above_soc):
        battery_w = 0.0
    imported_w = action.import_for_rig_at_most_w
    return Leeway(
        at_most_w=inf if bounds.max_w >= room.max_w else bounds.max_w,
        at_least_w=0.0 if bounds.min_w <= room.min_w else bounds.min_w,
        card_at_most_w=inf if action.each_gpu_at_most_w is None else action.each_gpu_at_most_w,
        import_at_most_w=inf if imported_w is None else imported_w,
        battery_at_most_w=inf if battery_w is None else battery_w,
    )


def _of_proposal(rule: Rule, inputs: DecideInputs) -> Leeway:
    room, proposal = envelope(inputs), rule.propose(inputs).proposal
    caps_w = [cap.at_most_w for cap in proposal.card_caps]
    most_w = clamp(proposal.bounds.max_w, room.min_w, room.max_w)
    return Leeway(
        at_most_w=inf if most_w >= room.max_w else most_w,
        card_at_most_w=min(caps_w, default=inf),
    )
