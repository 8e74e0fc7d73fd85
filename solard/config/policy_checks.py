"""Contradictions of policies: among themselves, and with what they would widen."""

from collections.abc import Iterator
from itertools import combinations

from solard.config.energy import Site
from solard.config.model import Document
from solard.config.policies import ONLY_NARROW, PolicySection
from solard.config.reading import Reading
from solard.config.rules import battery_lines, inverter_rating, say_untold, tells
from solard.core.conditions import PolicyAction
from solard.core.modes import WorkMode
from solard.core.wording import say_percent, say_power

Finding = tuple[str, str]


def check_policies(document: Document, reading: Reading) -> None:
    """Report every contradiction of policies that could be read."""
    if not reading.is_sound("policies"):
        return
    policies = tuple(enumerate(document.policies))
    for index, policy in policies:
        for text in (
            *_own(policy),
            *_unseen(policy, document),
            *_widened(policy.do, document, reading),
        ):
            _say(reading, index, policy, text)
    for (_, first), (index, second) in combinations(policies, 2):
        if first.name == second.name:
            text = "stands here twice; give each policy a name of its own"
            _say(reading, index, second, text)
        elif _same_moments(first, second) and (clash := _clash(first, second)):
            _say(reading, index, second, clash)


def _say(reading: Reading, index: int, policy: PolicySection, text: str) -> None:
    reading.contradict(f"policies[{index}]", f'policy "{policy.name}" {text}')


def _own(policy: PolicySection) -> Iterator[str]:
    action = policy.do
    least_w, most_w = action.rig_at_least_w, action.rig_at_most_w
    if least_w is not None and most_w is not None and least_w > most_w:
        yield f"wants at least {say_power(least_w)} and at most {say_power(most_w)}"
    if least_w is not None and action.mode in {WorkMode.OFF, WorkMode.STANDBY}:
        yield f"wants at least {say_power(least_w)} of a rig that it puts to {action.mode.value}"


def _unseen(policy: PolicySection, document: Document) -> Iterator[str]:
    """Yield what no device tells: power_w of `car` from a device car with a point power."""
    for one in (*policy.when, *policy.unless):
        point = one.quantity.value.partition(".")[2]
        if one.device_id is not None and not tells(document, one.device_id, point):
            yield f"looks at {one.device_id}.{point}, {say_untold(one.device_id, point)}"


def _same_moments(first: PolicySection, second: PolicySection) -> bool:
    return set(first.when) == set(second.when) and set(first.unless) == set(second.unless)


def _clash(first: PolicySection, second: PolicySection) -> str | None:
    for low, high in ((first, second), (second, first)):
        least_w, most_w, mode = low.do.rig_at_least_w, high.do.rig_at_most_w, high.do.mode
        other = f'under the same conditions as "{first.name}"'
        if least_w is not None and most_w is not None and least_w > most_w:
            return (
                f"contradicts: at least {say_power(least_w)}, at most {say_power(most_w)} {other}"
            )
        if least_w is not None and mode in {WorkMode.OFF, WorkMode.STANDBY}:
            return f"contradicts: at least {say_power(least_w)}, but {mode.value} {other}"
    return None


def _widened(action: PolicyAction, document: Document, reading: Reading) -> Iterator[str]:
    cap_w, most_w = action.each_gpu_at_most_w, document.rig.card_limit.get("at_most_w")
    if cap_w is not None and isinstance(most_w, float) and cap_w > most_w:
        yield _say_widens("each_gpu", say_power(cap_w), "rig.gpus.all.at_most", say_power(most_w))
    cap_w, most_w = action.import_for_rig_at_most_w, document.grid.limits.get("import_at_most_w")
    if cap_w is not None and isinstance(most_w, float) and cap_w > most_w:
        yield _say_widens(
            "import_for_rig", say_power(cap_w), "grid.import_at_most", say_power(most_w)
        )
    if reading.is_sound("inverter"):
        yield from _free(action, document)
    if document.site is not None and reading.is_sound("battery", "generator.starts_at"):
        yield from _work_line(action, document, document.site)


def _free(action: PolicyAction, document: Document) -> Iterator[str]:
    given = document.inverter.rating
    if given.get("continuous_w") is None:
        if action.keep_free_w is not None:
            yield "keeps some of the inverter free, but inverter.continuous is not written"
        return
    rating = inverter_rating(given)
    free_w, least_w = action.keep_free_w, action.rig_at_least_w
    if free_w is not None and free_w < rating.keep_free_w:
        default = "" if "keep_free_w" in given else " (the safe default)"
        limit = f"{say_power(rating.keep_free_w)}{default}"
        yield _say_widens("keep_free", say_power(free_w), "inverter.keep_free", limit)
    if free_w is not None and free_w >= rating.continuous_w:
        limit = say_power(rating.continuous_w)
        yield f"keep_free {say_power(free_w)} leaves nothing of inverter.continuous {limit}"
    usable_w = rating.continuous_w - rating.keep_free_w
    if least_w is not None and least_w > usable_w:
        yield f"wants at least {say_power(least_w)}, but the inverter gives {say_power(usable_w)}"


def _work_line(action: PolicyAction, document: Document, site: Site) -> Iterator[str]:
    if action.work_above_soc is None:
        return
    if document.battery is None:
        yield "has work_above, but there is no battery: section"
        return
    line = battery_lines(document.battery, document.generator, site).work_above_soc
    if line is None:
        yield "has work_above, but the battery feeds no work here until battery.work_above says so"
    elif action.work_above_soc < line:
        said = say_percent(action.work_above_soc)
        yield _say_widens("work_above", said, "battery.work_above", say_percent(line))


def _say_widens(key: str, value: str, limit: str, limit_value: str) -> str:
    return f"would widen {limit} from {limit_value} with {key} {value}; {ONLY_NARROW}"
