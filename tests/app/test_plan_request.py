"""What the planner is asked for the configured site."""

from solard.app.planner import plan_request
from solard.core.planning import PlanBasis
from solard.core.rules.card_limit import CardLimit
from tests.config.yamls import ISLAND, read
from tests.scheduler.plans import forecast_of, rig_of


def test_a_card_that_is_allowed_less_is_planned_with_less_and_no_other_one() -> None:
    limits = "rig: {gpus: {all: {at_most: 190 W}, single: {1: {at_most: 150 W}}}}\n"

    request = plan_request(
        read(ISLAND + limits), forecast_of([(1000.0, 300.0)] * 4), PlanBasis(rig=rig_of(2))
    )

    assert [card.max_w for card in request.rig.cards] == [200.0, 150.0]
    assert request.rules == (CardLimit(at_most_w=190.0),)
