"""Proposals become one target: intersect, overrule, choose."""

from solard.core.arbitrate import Ruling, arbitrate
from solard.core.bounds import PowerBounds
from solard.core.decision import CardCap, Proposal, Verdict
from solard.core.modes import WorkMode

ROOM = PowerBounds(min_w=100.0, max_w=1000.0)


def says(
    rule: str,
    min_w: float = 100.0,
    max_w: float = 1000.0,
    preferred_w: float | None = None,
    mode: WorkMode = WorkMode.FULL,
    caps: tuple[CardCap, ...] = (),
) -> Proposal:
    return Proposal(
        rule=rule,
        bounds=PowerBounds(min_w=min_w, max_w=max_w),
        preferred_w=preferred_w,
        mode=mode,
        card_caps=caps,
        why=f"{rule} says so.",
    )


def verdicts(ruling: Ruling) -> list[str]:
    return [heard.verdict.value for heard in ruling.heard]


def test_no_proposal_means_the_least() -> None:
    ruling = arbitrate((), ROOM)

    assert (ruling.target_w, ruling.rule, ruling.why) == (
        100.0,
        "nobody",
        "No rule asks for power.",
    )


def test_bounds_intersect_and_the_first_wish_is_moved_inside() -> None:
    ruling = arbitrate(
        (
            says("battery", max_w=400.0),
            says("plan", preferred_w=700.0),
            says("other", 100, 900, 200),
        ),
        ROOM,
    )

    assert ruling.target_w == 400.0
    assert ruling.rule == "battery"
    assert ruling.why == "Plan wanted 700 W. battery says so."
    assert verdicts(ruling) == ["narrowed", "chose", "idle"]


def test_wish_that_fits_decides() -> None:
    ruling = arbitrate((says("battery", max_w=800.0), says("plan", preferred_w=700.0)), ROOM)

    assert (ruling.target_w, ruling.rule, ruling.why) == (700.0, "plan", "plan says so.")


def test_wish_below_the_floor_is_raised_by_the_floor() -> None:
    ruling = arbitrate((says("alive", min_w=300.0), says("plan", preferred_w=200.0)), ROOM)

    assert (ruling.target_w, ruling.rule, ruling.why) == (300.0, "alive", "alive says so.")


def test_lower_rule_that_misses_the_interval_is_overruled_by_name() -> None:
    ruling = arbitrate((says("battery", max_w=200.0), says("policy", min_w=450.0)), ROOM)

    assert ruling.target_w == 200.0
    assert ruling.heard[1].verdict is Verdict.OVERRULED
    assert ruling.heard[1].overruled_by == "battery"


def test_rule_that_asks_for_less_than_the_floor_is_overruled() -> None:
    ruling = arbitrate((says("operator", min_w=600.0), says("policy", max_w=300.0)), ROOM)

    assert ruling.target_w == 600.0
    assert ruling.heard[1].overruled_by == "operator"


def test_envelope_overrules_by_its_own_name() -> None:
    ruling = arbitrate((says("policy", min_w=2000.0, max_w=3000.0),), ROOM)

    assert ruling.heard[0].overruled_by == "the rig's envelope"
    assert ruling.target_w == 1000.0


def test_envelope_without_room_overrules_a_wish_for_less() -> None:
    ruling = arbitrate((says("plan", 10.0, 20.0, 15.0),), ROOM)

    assert (ruling.target_w, ruling.rule) == (100.0, "plan")


def test_lowest_mode_wins_and_names_the_cause() -> None:
    ruling = arbitrate(
        (
            says("supply", max_w=150.0, mode=WorkMode.STANDBY),
            says("policy", mode=WorkMode.ECO),
            says("plan", preferred_w=800.0),
        ),
        ROOM,
    )

    assert ruling.mode is WorkMode.STANDBY
    assert (ruling.rule, ruling.why) == ("supply", "supply says so.")


def test_lowest_cap_of_each_card_wins() -> None:
    ruling = arbitrate(
        (
            says("a", caps=(CardCap(gpu_id="x", at_most_w=200.0),)),
            says("b", caps=(CardCap(gpu_id="x", at_most_w=150.0),)),
            says("c", caps=(CardCap(gpu_id="x", at_most_w=180.0),)),
        ),
        ROOM,
    )

    assert ruling.card_caps == (CardCap(gpu_id="x", at_most_w=150.0),)
    assert verdicts(ruling) == ["narrowed", "narrowed", "idle"]


def test_without_a_wish_the_floor_decides() -> None:
    ruling = arbitrate((says("alive", min_w=300.0),), ROOM)

    assert (ruling.target_w, ruling.rule) == (300.0, "alive")


def test_interval_of_one_point_is_decided_by_who_closed_it() -> None:
    ruling = arbitrate((says("alive", min_w=300.0), says("cap", max_w=300.0)), ROOM)

    assert (ruling.target_w, ruling.rule) == (300.0, "cap")
