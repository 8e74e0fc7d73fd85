"""What a configuration must say to be simulated, and what is assumed where it does not."""

from pathlib import Path

import pytest

from solard.config.load import read_settings
from solard.simulate.errors import RecordingInvalid
from solard.simulate.site import SimSite, make_site
from tests.simulate.stage import EXAMPLES

BERLIN = (EXAMPLES / "berlin.yaml").read_text(encoding="utf-8")


def site(text: str = BERLIN) -> SimSite:
    return make_site(read_settings(text, "site.yaml"))


@pytest.mark.parametrize("name", ["berlin", "mexico-city", "france"])
def test_examples_are_the_rig_battery_and_tariff_of_the_metric(name: str) -> None:
    one = site((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))

    battery = one.battery
    assert (battery.capacity_wh, battery.efficiency, battery.min_soc) == (10_000.0, 0.95, 0.1)
    assert (battery.max_charge_w, battery.max_discharge_w, battery.reserve_soc) == (5e3, 5e3, 0.2)
    assert (one.cards, one.least_w(1), one.most_w(4), one.start_soc) == (4, 150.0, 1800.0, 0.5)
    assert one.work(4, 1360.0) == pytest.approx(4 * 0.91)
    assert one.worth_per_card_h == pytest.approx(0.05)
    assert (one.uptime_per_h, one.outage_per_h, one.start_cost) == (0.003, 0.20, 0.004)
    assert (battery.wear_per_kwh, one.stored_per_kwh) == (0.02, 0.10)
    assert [one.tariff.import_at(60 * hour) for hour in (6, 7, 21, 22)] == [0.22, 0.32, 0.32, 0.22]
    assert one.tariff.export_per_kwh == 0.08


def test_panels_are_assumed_where_none_are_stated() -> None:
    start, end = BERLIN.index("solar:"), BERLIN.index("battery:")

    (plane,) = site(BERLIN[:start] + BERLIN[end:]).solar.planes
    assert plane.azimuth_deg == 180.0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("power: 200 W, work: 60 %", "power: 200 W, work: 30 %", "must rise in power and work"),
        ("power: 200 W, work: 60 %", "power: 200 W, work: 41 %", "must bend down, never up"),
    ],
)
def test_curve_that_no_card_has_is_one_sentence(old: str, new: str, sentence: str) -> None:
    with pytest.raises(RecordingInvalid, match=sentence):
        site(BERLIN.replace(old, new))


def test_site_without_a_battery_has_none_and_starts_with_nothing_stored() -> None:
    start, end = BERLIN.index("battery:"), BERLIN.index("tariff:")

    bare = site(BERLIN[:start] + BERLIN[end:])

    assert not bare.has_battery
    assert bare.start_soc == 0.0


def test_examples_have_jobs() -> None:
    for name in ("berlin", "mexico-city", "france"):
        assert Path(EXAMPLES / f"{name}-jobs.csv").read_text(encoding="utf-8").count("\n") > 40
