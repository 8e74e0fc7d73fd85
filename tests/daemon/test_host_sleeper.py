"""The daemon puts its machine to sleep after quiet minutes, and says so."""

from dataclasses import replace

from solard.core.errors import SolardError
from solard.core.records import CycleRecord
from solard.daemon.events import Events
from solard.daemon.host_sleeper import HostSleeper
from tests.core.test_host_sleep import cycle


class Machine:
    """Sleeps at once, or says why not."""

    def __init__(self, refusal: str | None = None) -> None:
        self.slept: list[float] = []
        self._refusal = refusal

    def sleep_for(self, seconds: float) -> float:
        if self._refusal is not None:
            raise SolardError(self._refusal)
        self.slept.append(seconds)
        return seconds


def later(seconds: float) -> CycleRecord:
    record = cycle()
    state = replace(record.inputs.state, taken_s=record.inputs.state.taken_s + seconds)
    return replace(record, inputs=replace(record.inputs, state=state))


async def test_machine_sleeps_after_five_quiet_minutes(events: Events) -> None:
    machine = Machine()
    sleeper = HostSleeper(machine.sleep_for, events)

    slept = [
        await sleeper.look(later(seconds), live=True, has_jobs=False)
        for seconds in (0.0, 150.0, 299.0, 300.0)
    ]

    assert slept == [False, False, False, True]
    assert machine.slept == [7 * 3600.0 + 58 * 60.0]
    assert [event.text.split(",")[0] for event in reversed(events.newest())] == [
        "The machine sleeps for 7 h 58 min",
        "Awake again after 7 h 58 min.",
    ]


async def test_noise_begins_the_wait_anew(events: Events) -> None:
    machine = Machine()
    sleeper = HostSleeper(machine.sleep_for, events)
    await sleeper.look(later(0.0), live=True, has_jobs=False)
    await sleeper.look(later(200.0), live=True, has_jobs=True)

    assert not await sleeper.look(later(310.0), live=True, has_jobs=False)
    assert not await sleeper.look(later(500.0), live=False, has_jobs=False)
    assert machine.slept == []


async def test_machine_that_cannot_sleep_is_one_alert(events: Events) -> None:
    sleeper = HostSleeper(Machine("this machine cannot sleep").sleep_for, events)
    for seconds in (0.0, 300.0, 600.0, 1000.0):
        await sleeper.look(later(seconds), live=True, has_jobs=False)

    alerts = [event.text for event in events.newest() if event.level == "alert"]
    assert alerts == ["No sleep until the next start: this machine cannot sleep"]
