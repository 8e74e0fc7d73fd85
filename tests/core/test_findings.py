"""What the doctor says of a picture: what is wrong, and what helps."""

from dataclasses import replace

import pytest

from solard.core.findings import Finding, Verdict, examine, find_turned
from solard.core.readings import PointReading, Quality
from solard.core.state import CardHealth, Supply
from solard.core.view import SiteView
from tests.api.api_values import VIEW

SUSPECT = PointReading(name="grid_power", value=9e9, unit="W", quality=Quality.SUSPECT)


def of(view: SiteView, topic: str) -> tuple[Finding, ...]:
    return tuple(one for one in examine(view) if one.topic == topic)


def test_a_device_that_often_fails_is_a_matter_of_cable_or_of_a_second_reader() -> None:
    device = replace(VIEW.devices[0], error=None, age_s=1.0, polls_ok=95, polls_failed=5)

    (finding,) = of(replace(VIEW, devices=(device,)), "devices")

    assert finding.verdict is Verdict.DOUBTFUL
    assert "5 of 100 polls failed" in finding.text
    assert "a second program that reads the same device" in finding.remedy


def test_a_silent_device_is_wrong_in_its_own_words() -> None:
    device = replace(VIEW.devices[0], error="no reply in 3 s")

    (finding,) = of(replace(VIEW, devices=(device,)), "devices")

    assert (finding.verdict, finding.text) == (
        Verdict.BAD,
        f"{device.device_id}: no reply in 3 s",
    )


def test_values_that_no_decision_rests_on_may_be_doubtful() -> None:
    spare = replace(SUSPECT, name="battery_current", unit="A")
    device = replace(
        VIEW.devices[0], error=None, age_s=1.0, polls_ok=9, polls_failed=0, points=(spare,)
    )

    assert of(replace(VIEW, devices=(device,)), "devices")[0].verdict is Verdict.GOOD


def test_silent_device_that_would_tell_the_supply_is_not_the_configurations_fault() -> None:
    device = replace(VIEW.devices[0], error="no reply in 3 s")
    dark = replace(VIEW, state=replace(VIEW.state, supply=Supply.UNKNOWN), devices=(device,))

    assert of(dark, "supply") == ()
    assert of(replace(dark, devices=()), "supply")[0].verdict is Verdict.DOUBTFUL


def test_one_card_obeys() -> None:
    card = replace(VIEW.state.gpus[0], health=CardHealth.OK)
    keeper = replace(VIEW.keeper, error=None, note=None)
    alone = replace(VIEW, state=replace(VIEW.state, gpus=(card,)), keeper=keeper)

    assert of(alone, "cards")[0].text == f"1 card obeys ({keeper.backend})."


def test_doubtful_values_are_named() -> None:
    device = replace(
        VIEW.devices[0], error=None, age_s=1.0, polls_ok=9, polls_failed=0, points=(SUSPECT,)
    )

    (finding,) = of(replace(VIEW, devices=(device,)), "devices")

    assert finding.verdict is Verdict.DOUBTFUL
    assert "what it says of grid_power cannot be" in finding.text


@pytest.mark.parametrize(
    ("grid_w", "battery_w", "turned"),
    [
        (-1500.0, -500.0, None),  # 3000 of sun, 1000 of load, the rest exported and stored
        (1500.0, -500.0, "grid"),
        (-1500.0, 500.0, "battery"),
        (1500.0, 500.0, None),  # both: nobody can say which
        (700.0, 300.0, None),  # no sign mends this
    ],
)
def test_a_meter_that_counts_backwards_is_found_by_the_balance(
    grid_w: float, battery_w: float, turned: str | None
) -> None:
    assert find_turned(3000.0, {"grid": grid_w, "battery": battery_w}, 1000.0) == turned


def test_the_remedy_for_a_turned_meter_is_the_line_to_write() -> None:
    battery = replace(VIEW.state.battery, power_w=0.0) if VIEW.state.battery else None
    state = replace(VIEW.state, pv_w=3000.0, load_w=1000.0, grid_w=2000.0, battery=battery)

    (finding,) = of(replace(VIEW, state=state), "signs")

    assert finding.verdict is Verdict.BAD
    assert finding.remedy == "Write `turned: [grid_power]` to its device."


def test_house_that_gives_power_is_a_meter_that_counts_backwards() -> None:
    state = replace(VIEW.state, pv_w=None, load_w=-800.0)

    (finding,) = of(replace(VIEW, state=state), "signs")

    assert "would give 800 W: a meter counts backwards" in finding.text


def test_a_card_in_other_hands_names_the_way_back() -> None:
    gpus = (replace(VIEW.state.gpus[0], health=CardHealth.MANUAL), *VIEW.state.gpus[1:])

    findings = of(replace(VIEW, state=replace(VIEW.state, gpus=gpus)), "cards")

    assert [one.verdict for one in findings if "is manual" in one.text] == [Verdict.BAD]
    assert any("`solard gpu take`" in one.remedy for one in findings)


def test_lost_rows_are_a_full_disk() -> None:
    stats = replace(VIEW.stats, rows_dropped=7)

    (finding,) = of(replace(VIEW, stats=stats), "history")

    assert finding.text == "Lost, since they could not be written: 7 rows."


def test_observing_is_no_fault_but_said() -> None:
    finding = of(replace(VIEW, live=False), "daemon")[0]

    assert (finding.verdict, finding.remedy) == (Verdict.DOUBTFUL, "`solard live` lets it act.")
