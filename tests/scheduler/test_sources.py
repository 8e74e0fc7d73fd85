"""Other people's words over real HTTP and from real files: late, wrong, absurd, and right."""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.sources.errors import SourceUnreachable, SourceUnreadable
from scheduler.sources.open_meteo import open_meteo_url
from scheduler.sources.quota import Quota
from scheduler.sources.shapes import read_words
from scheduler.sources.source import FileVoice, SunSource, WebVoice, reads_sun
from scheduler.sources.web import asks, get

NOW = datetime(2024, 6, 3, 8, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
TWO = '[{"time": "2024-06-03T08:00Z", "pv_w": 1000}, {"time": "2024-06-03T09:00Z", "pv_w": 2000}]'


class Provider:
    """A real server that answers as told."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, TWO.encode(), dict[str, str]()
        self.asked: list[web.Request] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/f", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    provider.url = f"http://{host}:{port}/f"
    yield provider
    await runner.cleanup()


def source(provider: Provider, kept: Path, *, per_day: int = 48) -> SunSource:
    voice = WebVoice(
        name="Provider",
        get=asks(provider.url, {"Authorization": "Bearer secret"}),
        every_s=3600.0,
        per_day=per_day,
        read=reads_sun("Europe/Paris"),
        kept=kept,
    )
    return SunSource(voice)


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def test_word_is_fetched_with_the_key_and_has_an_age(
    provider: Provider, tmp_path: Path
) -> None:
    told = await source(provider, tmp_path).newest(NOW)

    assert [each.power_w for each in told.power] == [1000.0, 2000.0]
    assert (told.asked_at, told.problem) == (NOW, None)
    assert provider.asked[0].headers["Authorization"] == "Bearer secret"


async def test_31_source_is_asked_once_an_hour_over_restarts(
    provider: Provider, tmp_path: Path
) -> None:
    for minutes in (0, 15, 30, 45):
        told = await source(provider, tmp_path).newest(after(minutes))
    asked = len(provider.asked)
    later = await source(provider, tmp_path).newest(after(60))

    assert asked == 1
    assert (told.asked_at, len(told.power)) == (NOW, 2)
    assert (later.asked_at, len(provider.asked)) == (after(60), 2)


async def test_31_quota_of_a_day_is_kept_and_ends_at_midnight_utc(
    provider: Provider, tmp_path: Path
) -> None:
    frugal = source(provider, tmp_path, per_day=2)
    for hour in range(5):
        told = await frugal.newest(after(60 * hour))
    today = len(provider.asked)
    await frugal.newest(NOW + timedelta(hours=16))

    assert (today, len(provider.asked)) == (2, 3)
    assert told.problem is None
    assert told.asked_at == after(60)


async def test_31_too_many_requests_are_followed_by_as_long_a_pause_as_asked_for(
    provider: Provider, tmp_path: Path
) -> None:
    hasty = source(provider, tmp_path)
    await hasty.newest(NOW)
    provider.status, provider.headers = 429, {"Retry-After": "7200"}
    refused = await hasty.newest(after(60))
    for minutes in (75, 120, 179):
        await source(provider, tmp_path).newest(after(minutes))
    waited = len(provider.asked)
    provider.status, provider.headers = 200, {}
    back = await hasty.newest(after(181))

    assert len(refused.power) == 2
    assert refused.asked_at == NOW
    assert refused.problem == (
        "Provider: it answered 429 Too Many Requests; asked again at 11:00 UTC"
    )
    assert waited == 2
    assert (back.problem, back.asked_at) == (None, after(181))


async def test_unreachable_provider_is_a_sentence_and_ever_rarer_tries(tmp_path: Path) -> None:
    tries: list[datetime] = []
    moment = NOW

    async def nobody(_: datetime) -> bytes:
        tries.append(moment)
        raise SourceUnreachable("no answer: Connection refused")

    voice = WebVoice(
        name="Nobody",
        get=nobody,
        read=reads_sun("UTC"),
        every_s=900.0,
        per_day=1440,
        kept=tmp_path,
    )
    lonely = SunSource(voice)
    for minute in range(0, 12 * 60, 5):
        moment = after(minute)
        told = await lonely.newest(moment)

    pauses_min = [round((two - one).total_seconds() / 60) for one, two in pairwise(tries)]
    assert pauses_min == [5, 10, 20, 40, 80, 160, 320]
    assert (told.power, told.weather) == ((), ())
    assert told.problem is not None
    assert told.problem.startswith("Nobody: no answer: Connection refused; asked again at ")


async def test_nobody_listens_on_the_port_is_unreachable() -> None:
    with pytest.raises(SourceUnreachable, match="no answer"):
        await get("http://127.0.0.1:9/f", {})


async def test_24_clock_that_steps_back_does_not_lock_a_source_out(
    provider: Provider, tmp_path: Path
) -> None:
    traveller = source(provider, tmp_path)
    await traveller.newest(NOW + timedelta(days=300))
    told = await traveller.newest(NOW)

    assert len(provider.asked) == 2
    assert told.asked_at == NOW


@pytest.mark.parametrize(
    ("asked", "pause_s"),
    [("120", 120.0), ("Mon, 03 Jun 2024 10:00:00 GMT", 7200.0), ("soon", None), ("", None)],
)
async def test_31_retry_after_is_seconds_or_a_date_by_the_server_s_clock(
    provider: Provider, asked: str, pause_s: float | None
) -> None:
    provider.status = 503
    provider.headers = {"Retry-After": asked, "Date": "Mon, 03 Jun 2024 08:00:00 GMT"}

    with pytest.raises(SourceUnreachable, match="503") as refused:
        await get(provider.url, {})

    assert refused.value.retry_after_s == pause_s


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<!doctype html><title>Login</title>", "it sent a web page"),
        (b"{nonsense", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "shape that is not known"),
        (b"[]", "nothing in its answer can be used"),
        (b'[{"time": "2024-06-03T08:00Z", "pv_w": 1e9}]', "nothing in its answer can be used"),
        (b'[{"time": "2024-06-03T08:00Z", "pv_w": -500}]', "nothing in its answer can be used"),
        (b'[{"time": "2024-06-03T08:00Z", "pv_w": NaN}]', "nothing in its answer can be used"),
        (b'[{"time": "tomorrow", "pv_w": 100}]', "nothing in its answer can be used"),
        (b"\x00\xff\xfe", "nothing in its answer can be used"),
        (b"x" * (3 << 20), "longer than 2 MiB"),
    ],
    ids=lambda each: each[:20] if isinstance(each, bytes) else "",
)
async def test_32_absurd_answer_is_a_sentence_and_the_last_word_stays(
    provider: Provider, tmp_path: Path, body: bytes, sentence: str
) -> None:
    fooled = source(provider, tmp_path)
    await fooled.newest(NOW)
    provider.body = body
    told = await fooled.newest(after(60))

    assert told.problem is not None
    assert sentence in told.problem
    assert (len(told.power), told.asked_at) == (2, NOW)


async def test_fifty_megabytes_are_not_read_to_their_end(tmp_path: Path) -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(50):
            await answer.write(b"1" * (1 << 20))
            sent += 1
        return answer

    app = web.Application()
    app.router.add_get("/f", flood)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    with pytest.raises(SourceUnreachable, match="longer than 2 MiB"):
        await get(f"http://{host}:{port}/f", {})
    await runner.cleanup()

    assert sent < 40


async def test_key_in_an_address_stands_in_no_sentence(provider: Provider) -> None:
    url = f"{provider.url}?api_key=sEcReT"
    provider.status, provider.headers = 302, {"Location": url}

    with pytest.raises(SourceUnreachable, match="elsewhere again and again") as refused:
        await get(url, {})
    with pytest.raises(SourceUnreachable) as invalid:
        await get("http:///f?api_key=sEcReT", {})

    assert "sEcReT" not in f"{refused.value} {invalid.value}"


async def test_disk_that_is_full_costs_no_word(provider: Provider, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    told = await source(provider, blocked / "kept").newest(NOW)

    assert len(told.power) == 2


async def test_file_of_another_program_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "sun.csv"
    path.write_text("time_utc,pv_w\n2024-06-03T08:00:00Z,500\n")
    file = SunSource(FileVoice(path, reads_sun("Europe/Paris")))
    first = await file.newest(NOW)
    path.unlink()
    gone = await file.newest(NOW)

    assert [each.power_w for each in first.power] == [500.0]
    assert [each.power_w for each in gone.power] == [500.0]
    assert gone.problem == f"{path}: No such file or directory"
    assert gone.asked_at == first.asked_at


async def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    told = await SunSource(FileVoice(pipe, reads_sun("UTC"))).newest(NOW)

    assert told.problem == f"{pipe}: it is no plain file"


def test_solcast_stamps_are_ends_and_its_numbers_are_kilowatts() -> None:
    body = json.dumps(
        {
            "forecasts": [
                {
                    "pv_estimate": 1.25,
                    "period_end": "2024-06-03T08:30:00.0000000Z",
                    "period": "PT30M",
                },
                {
                    "pv_estimate": 1.5,
                    "period_end": "2024-06-03T09:00:00.0000000Z",
                    "period": "PT30M",
                },
            ]
        }
    )
    first, second = read_words(body.encode(), UTC).power

    assert (first.starts_at, first.ends_at, first.power_w) == (NOW, after(30), 1250.0)
    assert (second.starts_at, second.power_w) == (after(30), 1500.0)


def test_forecast_solar_stamps_are_local_and_nights_are_gaps() -> None:
    """10:00 in Paris is 08:00 UTC; the mean of 600 and 800 W holds between two stamps."""
    watts = {"2024-06-03 10:00:00": 600, "2024-06-03 11:00:00": 800, "2024-06-04 06:00:00": 50}
    body = json.dumps(
        {"result": {"watts": watts}, "message": {"info": {"timezone": "Europe/Paris"}}}
    )
    (only,) = read_words(body.encode(), PARIS).power

    assert (only.starts_at, only.ends_at, only.power_w) == (NOW, after(60), 700.0)


def test_another_solard_is_understood() -> None:
    slot = {"starts_at": "2024-06-03T08:00:00+00:00", "ends_at": "2024-06-03T08:15:00+00:00"}
    body = json.dumps({"forecast": {"issued_at": "x", "slots": [slot | {"pv_w": 900.0}]}})
    (only,) = read_words(body.encode(), UTC).power

    assert (only.starts_at, only.ends_at, only.power_w) == (NOW, after(15), 900.0)


def test_open_meteo_radiation_is_the_mean_before_its_stamp() -> None:
    block = {
        "time": [NOW.timestamp() + 900, NOW.timestamp() + 1800],
        "shortwave_radiation": [500.0, None],
        "direct_normal_irradiance": [600.0, 600.0],
        "diffuse_radiation": [100.0, 100.0],
        "temperature_2m": [21.0, 21.0],
        "wind_speed_10m": [3.0, 3.0],
    }
    (only,) = read_words(json.dumps({"minutely_15": block}).encode(), UTC).weather

    assert (only.starts_at, only.ends_at) == (NOW, after(15))
    assert (only.ghi_w_m2, only.dni_w_m2, only.dhi_w_m2) == (500.0, 600.0, 100.0)
    assert (only.air_c, only.wind_m_s) == (21.0, 3.0)


def test_open_meteo_is_asked_for_what_the_panels_need() -> None:
    url = open_meteo_url(48.6049, 7.01, key="k")

    assert url.startswith("https://api.open-meteo.com/v1/forecast?latitude=48.60&longitude=7.01&")
    assert "shortwave_radiation%2Cdirect_normal_irradiance%2Cdiffuse_radiation" in url
    assert url.endswith("apikey=k")


def test_23_csv_in_local_time_knows_the_hour_that_comes_twice() -> None:
    """01:30 to 03:30 in Paris on the last Sunday of October; 02:30 stands for its first time."""
    body = b"time,pv_w\n2024-10-27 01:30,1\n2024-10-27 02:30,2\n2024-10-27 03:30,3\n"
    words = read_words(body, PARIS).power

    assert [each.starts_at.hour for each in words] == [23, 0, 2]


def test_unsorted_and_doubled_rows_are_put_in_order_and_the_last_one_counts() -> None:
    body = b"time;pv_w\n2024-06-03T09:00Z;3\n2024-06-03T08:00Z;1\n2024-06-03T08:00Z;2\n"
    words = read_words(body, UTC).power

    assert [each.power_w for each in words] == [2.0, 3.0]


def test_quota_says_nothing_while_all_is_well() -> None:
    assert Quota().say(NOW, 10) is None
    assert Quota(day="2024-06-03", asked=10).say(NOW, 10) == (
        "the 10 requests of today are used up"
    )


def test_html_is_refused_as_such() -> None:
    with pytest.raises(SourceUnreadable, match="web page"):
        read_words(b"  <html>", UTC)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20)
    | st.sampled_from(["2024-06-03T08:00Z", "9999-12-31T23:59", "0001-01-01", "PT30M"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["forecasts", "time", "pv_w", "period_end", "result", "watts", "hourly", "ghi"]
        )
        | st.text(max_size=5),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no bug
@given(JSON)
def test_whatever_json_says_it_is_words_or_one_kind_of_refusal(data: object) -> None:
    try:
        words = read_words(json.dumps(data).encode(), PARIS)
    except SourceUnreadable:
        return
    assert all(0.0 <= each.power_w <= 1e8 for each in words.power)
    assert all(each.starts_at < each.ends_at for each in (*words.power, *words.weather))


@settings(deadline=None)  # a busy machine is no bug
@given(
    st.binary(max_size=300)
    | st.text(alphabet='time,pv_w;\n0123456789-:TZ."#', max_size=200).map(str.encode)
)
def test_whatever_bytes_say_it_is_words_or_one_kind_of_refusal(body: bytes) -> None:
    try:
        words = read_words(body, PARIS)
    except SourceUnreadable:
        return
    assert words.power or words.weather
