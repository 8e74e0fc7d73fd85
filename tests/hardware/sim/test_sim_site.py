"""A simulated site lives on the clock it is given, and may be rewired while it runs."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware.gpu.simulated import create
from hardware.sim.kinds import GRID_HOME, ISLAND
from hardware.sim.measured import load_day
from hardware.sim.rig_meter import CardsMeter, no_rig
from hardware.sim.site import ChangeRefused, SimulatedSite
from hardware.sim.trace import DayTrace
from solard.core.plant import PlantState

TEN_LOCAL = datetime(2024, 5, 28, 8, tzinfo=UTC)
TRACE = DayTrace(load_day("sunny"), 1)


@dataclass
class HandClock:
    elapsed_s: float = 0.0
    speed: float = 1.0

    def now(self) -> datetime:
        return TEN_LOCAL + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s


def site_on(clock: HandClock, soc: float = 0.5, *, left_at: datetime | None = None):
    return SimulatedSite(ISLAND, PlantState(soc=soc), TRACE, clock, no_rig, left_at=left_at)


def test_half_hour_fills_the_battery_with_what_was_measured() -> None:
    # 10:00: 2477.4 W of sun, 300.1 W of house: 1088.7 Wh into the battery, 95 % of it stays.
    clock = HandClock()
    site = site_on(clock)
    for _ in range(180):
        clock.elapsed_s += 10.0
        site.advance()

    truth = site.truth()

    assert truth["soc"] == pytest.approx(0.5 + 1088.65 * 0.95 / 10000.0, abs=0.001)
    assert truth["battery_in_wh"] == pytest.approx(1088.65, abs=8.0)


def test_one_long_step_is_as_good_as_many() -> None:
    clock = HandClock()
    site = site_on(clock, 0.93)
    clock.elapsed_s = 1800.0
    site.advance()

    assert 0.98 < site.truth()["soc"] <= 1.0


def test_time_while_the_process_was_dead_is_lived_through() -> None:
    clock = HandClock(elapsed_s=600.0)

    alive, back = site_on(clock), site_on(clock, left_at=TEN_LOCAL)

    assert back.truth()["battery_in_wh"] == pytest.approx(360.0, rel=0.2)
    assert alive.truth()["battery_in_wh"] < 1.0


@pytest.mark.parametrize("away", [timedelta(days=-1), timedelta(hours=2)])
def test_another_day_is_not_lived_through(away: timedelta) -> None:
    site = site_on(HandClock(), left_at=TEN_LOCAL - away)

    assert site.truth()["battery_in_wh"] < 1.0


def test_change_shows_at_once() -> None:
    site = SimulatedSite(GRID_HOME, PlantState(soc=1.0), TRACE, HandClock(), no_rig)

    site.change({"verb": "set", "export_at_most_w": 0, "alarm": True})

    assert site.truth()["grid_w"] == 0.0
    assert site.truth()["throttled"] is True
    assert site.picture.alarm is True


def test_lost_grid_makes_the_home_an_island() -> None:
    site = SimulatedSite(GRID_HOME, PlantState(soc=0.05), TRACE, HandClock(), no_rig)

    site.change({"supply": "island", "soc": 0.5, "max_charge_w": 100})

    truth = site.truth()
    assert (truth["supply"], truth["grid_w"]) == ("island", 0.0)
    assert truth["battery_w"] == pytest.approx(-100.0)


def test_refused_change_changes_nothing() -> None:
    site = site_on(HandClock())
    before = site.picture

    with pytest.raises(ChangeRefused):
        site.change({"soc": 0.9, "supply": "wind"})

    assert site.picture == before


def test_export_cap_can_be_lifted() -> None:
    spec = replace(GRID_HOME, export_at_most_w=0.0)
    site = SimulatedSite(spec, PlantState(soc=1.0), TRACE, HandClock(), no_rig)

    site.change({"export_at_most_w": None})

    assert site.truth()["grid_w"] < -1500.0


def test_meter_keeps_the_last_draw_when_the_cards_cannot_be_read(tmp_path: Path) -> None:
    cards = tmp_path / "cards.json"
    create(cards, count=2, host_w=90.0)
    meter = CardsMeter(cards, HandClock())
    known_w = meter()

    cards.unlink()

    assert known_w > 90.0
    assert (meter(), meter()) == (known_w, known_w)
    create(cards, count=2, host_w=150.0)
    assert meter() == pytest.approx(known_w + 60.0)
