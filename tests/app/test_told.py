"""From the file's forecast section to a forecast that has somebody else's word in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.sources.source import FileVoice, WebVoice
from solard.app.planner import SitePlanner
from solard.app.told import make_source
from solard.config.load import Settings, read_settings
from solard.core.planning import ForecastBasis

NOW = datetime(2024, 6, 3, 8, tzinfo=UTC)
SITE = """\
site: {name: home, latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices:
  inverter: {profile: sunspec, host: 127.0.0.1, port: 1, unit: 1}
solar: {planes: [{peak: 5 kWp, tilt: 30°, azimuth: 180°, losses: 10 %}]}
"""


def settings(forecast: str) -> Settings:
    return read_settings(f"{SITE}forecast: {forecast}\n", "s.yaml")


def test_nobody_is_asked_unless_somebody_is_named(tmp_path: Path) -> None:
    assert make_source(settings("{}"), tmp_path) is None


def test_every_kind_of_source_can_be_named(tmp_path: Path) -> None:
    kinds = {
        "{source: open-meteo}": WebVoice,
        "{source: http, url: 'https://sun.example/f', token: abc}": WebVoice,
        "{source: file, file: /var/lib/sun.csv}": FileVoice,
    }

    for text, kind in kinds.items():
        source = make_source(settings(text), tmp_path)
        assert source is not None
        assert isinstance(source.voice, kind)


async def test_password_in_an_address_stands_in_no_sentence(tmp_path: Path) -> None:
    text = "{source: http, url: 'http://me:sEcReT@127.0.0.1:9/f'}"
    source = make_source(settings(text), tmp_path)

    assert source is not None
    said = (await source.newest(NOW)).problem
    assert said is not None
    assert said.startswith("127.0.0.1:9: no answer: ")
    assert "sEcReT" not in said


def test_token_stands_in_no_message() -> None:
    assert "sEcReT" not in repr(
        settings("{source: http, url: 'https://x.example/f', token: sEcReT}")
    )


async def test_word_of_a_file_comes_out_of_the_worker_corrected(tmp_path: Path) -> None:
    path = tmp_path / "sun.csv"
    rows = [f"{NOW + timedelta(hours=hour):%Y-%m-%dT%H:%MZ},2000" for hour in range(6)]
    path.write_text("\n".join(["time,pv_w", *rows]))
    planner = SitePlanner(settings(f"{{source: file, file: {path}}}"), tmp_path)

    forecast = await planner.forecast(NOW + timedelta(days=1000), ForecastBasis())
    there = await planner.forecast(NOW, ForecastBasis())

    assert {slot.told_w for slot in forecast.slots} == {None}
    assert [slot.told_w for slot in there.slots[::4]][:7] == [2000.0] * 6 + [None]
    assert there.source.startswith("sun.csv of ")


async def test_unreachable_provider_costs_no_forecast(tmp_path: Path) -> None:
    text = "{source: http, url: 'http://127.0.0.1:9/f'}"
    forecast = await SitePlanner(settings(text), tmp_path).forecast(NOW, ForecastBasis())

    assert len(forecast.slots) == 193
    assert forecast.problem is not None
    assert forecast.problem.startswith("127.0.0.1:9: no answer: ")
    assert forecast.source.endswith("; nothing from 127.0.0.1:9")
