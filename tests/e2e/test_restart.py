"""A daemon that is killed and started again goes on where its cards were."""

from collections.abc import Iterator

import pytest

from solard.core.records import CycleRecord
from solard.store.reading import open_history
from tests.e2e.stage import Site, eventually, short_home

SPEED = 20.0
"""Ten minutes of a card's least time at work are half a minute."""


@pytest.fixture
def site() -> Iterator[Site]:
    with short_home() as outside:
        site = Site(outside, speed=SPEED)
        try:
            site.start_plant()
            site.start_keeper()
            assert eventually(site.places.gpu_socket.exists)
            yield site
        finally:
            site.close()


def stored(site: Site) -> CycleRecord | None:
    """Return the newest stored decision where a card works in it."""
    with open_history(site.places.database) as history:
        last = history.last_cycle()
    works = last is not None and any(not card.parked for card in last.memory.cards)
    return last if works else None


@pytest.mark.slow
def test_card_at_work_keeps_its_time_at_work_over_a_killed_daemon(site: Site) -> None:
    site.start_daemon()
    assert eventually(site.status)
    before = eventually(lambda: stored(site), 60.0)
    assert before is not None, site.log("daemon")

    site.kill("daemon")
    site.start_daemon()
    known = {card.gpu_id: card for card in before.memory.cards if not card.parked}

    def back() -> CycleRecord | None:
        now = stored(site)
        return now if now is not None and now.decision != before.decision else None

    after = eventually(back, 60.0)
    assert after is not None, site.log("daemon")
    cards = [card for card in after.memory.cards if card.gpu_id in known and not card.parked]
    worked_s = [card.worked_s for card in cards if card.worked_s is not None]
    # So long had it worked before, and the time that the daemon was away.
    assert worked_s
    assert min(worked_s) > 0.0
