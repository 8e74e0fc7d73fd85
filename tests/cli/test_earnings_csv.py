"""`solard earnings --csv`: days for a spreadsheet, out of the history alone."""

from contextlib import closing
from pathlib import Path

from solard.cli.spreadsheet import to_csv
from solard.core.ledger import SourceEnergy
from solard.core.view import EarningsDay
from solard.store.store import Store
from solard.system.places import places_at
from tests.cli.stage import solard
from tests.store.store_values import make_energy

HEAD = (
    "day,miner_tao,validator_tao,energy_kwh,sun_kwh,hidden_sun_kwh,"
    "battery_kwh,grid_kwh,generator_kwh,idle_kwh,cost,lost_feed_in\n"
)
MONDAY = EarningsDay(
    day="2024-05-13",
    miner_rao=1_500_000_000,
    validator_rao=1,
    sources=SourceEnergy(sun_wh=6100.0, battery_wh=400.0),
    idle_wh=2232.0,
    cost=None,
    lost_feed_in=0.488,
)
SUNDAY = EarningsDay(
    day="2024-05-12",
    miner_rao=0,
    validator_rao=0,
    sources=SourceEnergy(grid_wh=1000.0),
    idle_wh=1000.0,
    cost=0.28,
    lost_feed_in=0.0,
)


def test_days_stand_in_order_and_what_is_not_known_is_empty() -> None:
    assert to_csv((MONDAY, SUNDAY)) == (
        HEAD + "2024-05-12,0.000000000,0.000000000,1.000,0.000,0.000,"
        "0.000,1.000,0.000,1.000,0.2800,0.0000\n"
        + "2024-05-13,1.500000000,0.000000001,6.500,6.100,0.000,0.400,0.000,0.000,2.232,,0.4880\n"
    )


def test_it_needs_no_daemon(tmp_path: Path) -> None:
    places = places_at(tmp_path)
    places.make()
    with closing(Store.open(places.database, "boot")) as store:
        store.put_energy(make_energy(1))

    ran = solard("earnings", "--csv", "--dir", str(tmp_path))

    assert ran.returncode == 0, ran.stderr
    head, day = ran.stdout.splitlines()
    assert head + "\n" == HEAD
    assert day.startswith("2024-05-")
