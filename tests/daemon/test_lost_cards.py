"""When a card that does not answer ends its work."""

from solard.core.state import CardHealth
from solard.daemon.lost_cards import LostCards
from tests.core.sites import read_card

LOST = (read_card(0, health=CardHealth.LOST), read_card(1))


def test_a_card_is_gone_after_half_a_minute_and_not_before() -> None:
    cards = LostCards()

    assert cards.gone(LOST, 100.0) == frozenset()
    assert cards.gone(LOST, 129.9) == frozenset()
    assert cards.gone(LOST, 130.0) == frozenset({"gpu-0"})


def test_a_card_that_answers_in_between_starts_anew() -> None:
    cards = LostCards()
    cards.gone(LOST, 100.0)
    cards.gone((read_card(0), read_card(1)), 120.0)

    assert cards.gone(LOST, 140.0) == frozenset()


def test_a_keeper_that_is_away_ends_no_work() -> None:
    cards = LostCards()
    cards.gone(LOST, 100.0)

    assert cards.gone((), 200.0) == frozenset()
