"""A clock and a real store for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from solard.daemon.events import Events
from solard.store.store import Store
from tests.daemon.stage import HandClock, opened_store


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def events(clock: HandClock, store: Store) -> Events:
    return Events(clock, store)
