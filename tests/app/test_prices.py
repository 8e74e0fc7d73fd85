"""From the file's tariff to prices of the hour in the plan, in a policy, and in the books."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.sources.source import WebVoice
from solard.app.planner import SitePlanner
from solard.app.told import make_price_source
from solard.config.load import Settings, read_settings
from solard.core.forecast import Forecast, ForecastSlot
from solard.core.planning import PlanBasis
from solard.core.tariff import tariff_at
from tests.scheduler.plans import rig_of

MIDNIGHT = datetime(2024, 6, 3, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
SITE = """\
site: {latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices: {meter: {profile: sunspec, host: 127.0.0.1, port: 1, unit: 1}}
solar: {planes: [{peak: 5 kWp, tilt: 30°, azimuth: 180°}]}
grid: {import_at_most: 6 kW}
workloads: {miner: {bundled: miner, gpus: [0], worth: 0.05 EUR/h}}
"""


def settings(tariff: str) -> Settings:
    return read_settings(f"{SITE}tariff: {tariff}\n", "s.yaml")


def write_prices(path: Path) -> Path:
    """Dear hours by 0.40, but the third one pays who takes."""
    rows = [
        f"{MIDNIGHT + HOUR * hour:%Y-%m-%dT%H:%MZ},{-0.05 if hour == 2 else 0.40}"
        for hour in range(24)
    ]
    path.write_text("\n".join(["time_utc,price", *rows]))
    return path


def night() -> Forecast:
    return Forecast(
        issued_at=MIDNIGHT,
        source="a test",
        slots=tuple(
            ForecastSlot(
                starts_at=MIDNIGHT + index * HOUR / 4,
                ends_at=MIDNIGHT + (index + 1) * HOUR / 4,
                pv_w=0.0,
                pv_low_w=0.0,
                pv_high_w=0.0,
                house_w=200.0,
            )
            for index in range(192)
        ),
    )


async def test_plan_buys_in_the_hour_that_pays_and_in_the_same_hour_tomorrow(
    tmp_path: Path,
) -> None:
    path = write_prices(tmp_path / "prices.csv")
    planner = SitePlanner(settings(f"{{import: {{source: file, file: {path}}}}}"), tmp_path)

    known = await planner.prices(MIDNIGHT)
    plan = await planner.plan(night(), PlanBasis(rig=rig_of()))

    assert (len(known.slots), known.problem) == (24, None)
    busy = {
        round((slot.starts_at - MIDNIGHT) / HOUR, 2) for slot in plan.slots if slot.rig_w > 150.0
    }
    assert {2.0, 2.25, 2.5, 2.75} <= busy
    assert busy <= {2.0, 2.25, 2.5, 2.75, 26.0, 26.5}


async def test_tick_has_the_price_of_the_hour_and_else_what_the_owner_wrote(
    tmp_path: Path,
) -> None:
    path = write_prices(tmp_path / "prices.csv")
    site = settings(
        f"{{import: {{source: file, file: {path}, add: 0.10 EUR/kWh, vat: 20 %}}, "
        "export: {fixed: 0.08 EUR/kWh, none_when_spot_negative: true}, "
        "when_missing: 0.35 EUR/kWh}"
    )
    known = await SitePlanner(site, tmp_path).prices(MIDNIGHT)

    paid = tariff_at(site.tariff, known.slots, MIDNIGHT + 2 * HOUR, 120)
    later = tariff_at(site.tariff, known.slots, MIDNIGHT + 30 * HOUR, 360)

    assert (paid.import_per_kwh, paid.export_per_kwh) == (0.06, 0.0)
    assert (later.import_per_kwh, later.export_per_kwh) == (0.35, 0.08)


async def test_source_that_cannot_be_read_is_a_sentence_and_costs_no_plan(
    tmp_path: Path,
) -> None:
    path = tmp_path / "prices.csv"
    planner = SitePlanner(settings(f"{{import: {{source: file, file: {path}}}}}"), tmp_path)

    known = await planner.prices(MIDNIGHT)
    plan = await planner.plan(night(), PlanBasis(rig=rig_of()))

    assert known.problem == f"{path}: No such file or directory"
    assert {round(slot.rig_w) for slot in plan.slots} == {100}


def test_exchange_is_asked_by_its_zone(tmp_path: Path) -> None:
    source = make_price_source(settings("{import: {source: energy-charts, zone: DE-LU}}"), tmp_path)

    assert source is not None
    assert isinstance(source.voice, WebVoice)
    assert source.voice.name == "Energy-Charts"
