"""Limits on their way to the cards, through a real keeper on simulated cards."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.gpu.client import KeeperClient
from solard.core.decision import Applied, Clamped, PowerLimit, Refused
from solard.daemon.actuator import Actuator
from solard.daemon.events import Events
from tests.daemon.stage import DeskKeeper, until
from tests.hardware.gpu.rigs import RunningKeeper, SimulatedDriver

LEASE_S = 2.4
FAILSAFE_W = [100.0, 100.0, 100.0, 100.0]
OWN_W = [350.0, 350.0, 260.0, 260.0]


@pytest.fixture
def keeper() -> Iterator[RunningKeeper]:
    with tempfile.TemporaryDirectory(prefix="gpu-") as directory:
        driver = SimulatedDriver(Path(directory) / "cards.json")
        with closing(RunningKeeper(Path(directory), driver, lease_s=LEASE_S)) as running:
            yield running


@pytest.fixture
def actuator(keeper: RunningKeeper, events: Events) -> Actuator:
    return Actuator(KeeperClient(keeper.socket), events)


def limits(*watts: float) -> tuple[PowerLimit, ...]:
    return tuple(
        PowerLimit(gpu_id=f"GPU-sim-{index}", limit_w=limit_w, parked=False)
        for index, limit_w in enumerate(watts)
    )


async def run_until(actuator: Actuator, look: object, within_s: float = 60.0) -> None:
    """Run the actuator as the daemon does, until `look()` is true."""
    async with asyncio.timeout(within_s):
        while not look():  # type: ignore[operator]
            await actuator.run_once()
            await asyncio.sleep(0.05)


async def run_for(actuator: Actuator, seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        await actuator.run_once()
        await asyncio.sleep(0.05)


def told(events: Events) -> list[str]:
    return [event.text for event in reversed(events.newest())]


async def test_keeper_is_met_and_its_cards_are_read(actuator: Actuator, events: Events) -> None:
    await actuator.run_once()

    assert [card.gpu_id for card in actuator.cards] == [f"GPU-sim-{n}" for n in range(4)]
    assert len(actuator.gpus) == 4
    assert (actuator.view.backend, actuator.view.error) == ("simulated", None)
    assert told(events) == ["4 cards (simulated)."]


async def test_observing_touches_nothing(actuator: Actuator, keeper: RunningKeeper) -> None:
    actuator.want(None)
    await run_for(actuator, 0.5)

    assert keeper.driver.limits_w() == OWN_W
    assert keeper.ask("read")["lease_left_s"] is None
    assert actuator.applied == 0
    assert actuator.holds is False


async def test_limits_reach_the_cards_and_are_told_once(
    actuator: Actuator, keeper: RunningKeeper, events: Events
) -> None:
    actuator.want(limits(200.0, 150.0, 120.0, 110.0))
    await run_for(actuator, 1.0)

    assert keeper.driver.limits_w() == [200.0, 150.0, 120.0, 110.0]
    assert actuator.applied == 4
    assert actuator.holds is True
    assert actuator.results[0] == Applied(gpu_id="GPU-sim-0", limit_w=200.0)
    assert [event.source for event in reversed(events.newest())] == [
        *("gpu", "gpu0", "gpu1", "gpu2", "gpu3")
    ]
    assert told(events)[1] == "started at 200 W"


async def test_lease_is_renewed_for_as_long_as_the_daemon_runs(
    actuator: Actuator, keeper: RunningKeeper
) -> None:
    actuator.want(limits(200.0, 200.0, 200.0, 200.0))

    await run_for(actuator, 1.5 * LEASE_S)
    assert keeper.driver.limits_w() == [200.0, 200.0, 200.0, 200.0]

    await until(lambda: keeper.driver.limits_w() == FAILSAFE_W)


async def test_lease_that_ended_while_the_daemon_stood_still_is_asked_for_again(
    actuator: Actuator, keeper: RunningKeeper
) -> None:
    actuator.want(limits(200.0, 200.0, 200.0, 200.0))
    await run_until(actuator, lambda: actuator.holds)
    await until(lambda: keeper.driver.limits_w() == FAILSAFE_W)

    await run_until(actuator, lambda: keeper.driver.limits_w() == [200.0] * 4)

    assert actuator.holds


async def test_change_of_limit_alone_is_no_event(
    actuator: Actuator, keeper: RunningKeeper, events: Events
) -> None:
    actuator.want(limits(200.0))
    await run_until(actuator, lambda: actuator.applied == 1)
    actuator.want(limits(220.0))
    await run_until(actuator, lambda: keeper.driver.limits_w()[0] == 220.0)

    assert actuator.applied == 2
    assert told(events)[1:] == ["started at 200 W"]


async def test_parking_is_said(actuator: Actuator, events: Events) -> None:
    actuator.want(limits(200.0))
    await run_until(actuator, lambda: actuator.applied == 1)
    actuator.want((PowerLimit(gpu_id="GPU-sim-0", limit_w=100.0, parked=True),))
    await run_until(actuator, lambda: actuator.applied == 2)

    assert told(events)[1:] == ["started at 200 W", "parked"]


async def test_killed_keeper_is_an_alert_and_its_successor_is_told_all_again(
    actuator: Actuator, keeper: RunningKeeper, events: Events
) -> None:
    wanted = [200.0, 200.0, 200.0, 200.0]
    actuator.want(limits(*wanted))
    await run_until(actuator, lambda: actuator.applied == 4)
    first = keeper.pid
    keeper.kill()
    await run_for(actuator, 0.3)
    assert actuator.view.error is not None
    assert "no answer" in actuator.view.error
    assert (actuator.gpus, actuator.view.pid) == ((), None)
    assert actuator.holds is False

    keeper.restart()
    assert keeper.driver.limits_w() == FAILSAFE_W
    await run_until(actuator, lambda: keeper.driver.limits_w() == wanted)

    assert actuator.view.pid == keeper.pid != first
    alerts = [event.text for event in events.newest() if event.level == "alert"]
    assert len(alerts) == 1
    assert alerts[0].startswith("The GPU keeper is away: no answer")
    assert any(f"The GPU keeper is back (pid {keeper.pid})" in text for text in told(events))


async def test_release_gives_the_owner_s_limits_back(
    actuator: Actuator, keeper: RunningKeeper
) -> None:
    actuator.want(limits(200.0, 200.0, 200.0, 200.0))
    await run_until(actuator, lambda: actuator.applied == 4)

    await actuator.release()
    await run_for(actuator, 0.5)

    assert keeper.driver.limits_w() == OWN_W
    assert keeper.ask("read")["lease_left_s"] is None


async def test_release_without_a_keeper_is_a_warning(
    actuator: Actuator, keeper: RunningKeeper, events: Events
) -> None:
    keeper.kill()

    await actuator.release()

    assert events.newest()[0].level == "warning"
    assert events.newest()[0].text.startswith("Limits were not restored: no answer")


async def test_card_that_refuses_is_a_warning_once(
    actuator: Actuator, keeper: RunningKeeper, events: Events
) -> None:
    await actuator.run_once()
    keeper.driver.lose(1)
    actuator.want(limits(200.0, 200.0))
    await run_for(actuator, 1.0)

    assert any(isinstance(result, Refused) for result in actuator.results)
    warnings = [event for event in events.newest() if event.level == "warning"]
    assert [event.source for event in warnings] == ["gpu1"]
    assert "200 W refused" in warnings[0].text
    assert keeper.driver.limits_w()[0] == 200.0


async def test_limit_outside_the_card_s_range_is_clamped(
    actuator: Actuator, keeper: RunningKeeper
) -> None:
    actuator.want(limits(20.0))
    await run_until(actuator, lambda: actuator.results)

    assert actuator.results == (Clamped(gpu_id="GPU-sim-0", asked_w=20.0, limit_w=100.0),)
    assert keeper.driver.limits_w()[0] == 100.0


async def test_waiting_for_a_first_keeper_is_no_alert(tmp_path: Path, events: Events) -> None:
    actuator = Actuator(KeeperClient(tmp_path / "gpu.sock"), events)
    await run_for(actuator, 0.2)

    assert events.newest() == ()
    assert actuator.view.error is not None
    assert actuator.view.backend == "none"


async def test_cards_that_appear_later_are_met(events: Events) -> None:
    keeper = DeskKeeper()
    both, keeper.gpus = keeper.gpus, ()
    actuator = Actuator(keeper, events)
    await actuator.run_once()

    keeper.gpus = both
    await actuator.run_once()

    assert told(events) == ["2 cards (simulated).", "2 cards (simulated)."]
    assert actuator.gpus == both


async def test_hands_off_cards_outlive_the_daemon_untouched(
    actuator: Actuator, keeper: RunningKeeper
) -> None:
    actuator.want(limits(200.0, 200.0), frozenset({"GPU-sim-3"}))
    await run_until(actuator, lambda: keeper.driver.limits_w()[0] == 200.0)
    await asyncio.sleep(LEASE_S + 1.0)

    assert keeper.driver.limits_w() == [100.0, 100.0, 100.0, 260.0]


async def test_hands_off_alone_is_told_too(actuator: Actuator, keeper: RunningKeeper) -> None:
    actuator.want((), frozenset({"GPU-sim-3"}))
    await run_until(actuator, lambda: keeper.ask("list")["cards"][3]["hands_off"])
    keeper.ask("failsafe")

    assert keeper.driver.limits_w() == [100.0, 100.0, 100.0, 260.0]
