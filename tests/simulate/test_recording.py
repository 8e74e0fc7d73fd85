"""Recordings become ticks, whatever their step and their gaps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from solard.core.tariff import PriceWindow, Tariff
from solard.simulate.errors import RecordingInvalid
from solard.simulate.recording import Recording, read_recording

TARIFF = Tariff(
    currency="EUR",
    import_per_kwh=0.22,
    export_per_kwh=0.08,
    import_windows=(PriceWindow(from_minute=420, to_minute=1320, price_per_kwh=0.32),),
)


def read(path: Path, text: str, **more: datetime) -> Recording:
    path = path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return read_recording(path, TARIFF, "Europe/Berlin", **more)


def rows(step_min: int, count: int, pv: str = "100", load: str = "200", first_min: int = 0) -> str:
    start = datetime(2024, 5, 6, tzinfo=UTC) + timedelta(minutes=first_min)
    stamps = [start + timedelta(minutes=step_min * index) for index in range(count)]
    return "".join(f"{at:%Y-%m-%dT%H:%M:%SZ},{pv},{load}\n" for at in stamps)


HEAD = "time_utc,pv_w,load_w\n"


@pytest.mark.parametrize(
    ("step_min", "count"), [(1, 1440), (5, 288), (10, 144), (30, 48), (60, 24)]
)
def test_any_step_up_to_an_hour_makes_a_day_of_288_ticks(
    tmp_path: Path, step_min: int, count: int
) -> None:
    ticks = read(tmp_path, HEAD + rows(step_min, count)).ticks

    assert len(ticks) == 288
    assert {(tick.pv_w, tick.load_w) for tick in ticks} == {(100.0, 200.0)}


def test_row_holds_over_its_period_and_finer_rows_are_averaged(tmp_path: Path) -> None:
    fine = (
        HEAD + "2024-05-06T00:00:00Z,10,1\n2024-05-06T00:01:00Z,60,6\n" + rows(1, 1438, first_min=2)
    )
    coarse = HEAD + "2024-05-06T00:00:00Z,10,1\n" + rows(30, 47, first_min=30)

    first = read(tmp_path, fine).ticks[0]
    assert (first.pv_w, first.load_w) == pytest.approx(((10 + 60 + 300) / 5, (1 + 6 + 600) / 5))
    assert [tick.pv_w for tick in read(tmp_path, coarse).ticks[:8]] == [10.0] * 6 + [100.0] * 2


def test_missing_sun_is_none_and_missing_load_lies_between_its_neighbours(tmp_path: Path) -> None:
    text = (
        HEAD + "2024-05-06T00:00:00Z,50,100\n2024-05-06T00:30:00Z,,\n2024-05-06T01:00:00Z,NaN,nan\n"
    )
    ticks = read(
        tmp_path, text + "2024-05-06T01:30:00Z,50,400\n" + rows(30, 44, first_min=120)
    ).ticks

    assert [tick.pv_w for tick in ticks[::6][:4]] == [50.0, 0.0, 0.0, 50.0]
    assert [tick.load_w for tick in ticks[::6][:4]] == pytest.approx([100.0, 200.0, 300.0, 400.0])
    assert [tick.pv_known for tick in ticks[::6][:4]] == [True, False, False, True]


def test_rows_that_are_not_there_count_as_missing(tmp_path: Path) -> None:
    text = HEAD + rows(30, 10, load="100") + rows(30, 36, load="300", first_min=360)

    ticks = read(tmp_path, text).ticks

    assert ticks[60].pv_w == 0.0
    assert ticks[60].load_w == pytest.approx(100.0 + 200.0 / 3.0)


def test_order_and_repeats_are_put_right_and_said(tmp_path: Path) -> None:
    text = HEAD + rows(60, 24) + "2024-05-06T03:00:00Z,7,8\n"

    recording = read(tmp_path, text)

    assert (recording.ticks[36].pv_w, recording.ticks[36].load_w) == (7.0, 8.0)
    assert recording.notices == (
        "1 rows repeat a stamp: the last of each counts",
        "rows were not in order of time",
    )


def test_what_is_missing_is_said_with_what_becomes_of_it(tmp_path: Path) -> None:
    lines = rows(60, 24).splitlines()
    lines[3], lines[4] = "2024-05-06T03:00:00Z,NaN,8", "2024-05-06T04:00:00Z,7,1e99"
    del lines[10:12]

    assert read(tmp_path, HEAD + "\n".join(lines)).notices == (
        "1 of 22 rows have no pv_w that can be: they count as 0 W",
        "1 of 22 rows have no load_w that can be: taken from their neighbours",
        "2 rows are missing: no sun in them, and the load of their neighbours",
    )


def test_absurd_powers_are_missing_and_drift_below_zero_is_zero(tmp_path: Path) -> None:
    text = HEAD + "2024-05-06T00:00:00Z,1e9,-5\n" + rows(60, 23, first_min=60)

    first = read(tmp_path, text).ticks[0]

    assert (first.pv_w, first.pv_known, first.load_w) == (0.0, False, 0.0)


def test_prices_are_those_of_the_tick_in_the_sites_zone_unless_the_file_says_others(
    tmp_path: Path,
) -> None:
    text = "time_utc,pv_w,load_w,import_price,export_price\n"
    text += "2024-05-06T00:00:00Z,0,0,-0.05,\n2024-05-06T01:00:00Z,0,0,,0.01\n"
    text += "".join(f"2024-05-06T{hour:02}:00:00Z,0,0,,\n" for hour in range(2, 24))

    ticks = read(tmp_path, text).ticks

    assert (ticks[0].import_per_kwh, ticks[0].export_per_kwh) == (-0.05, 0.08)
    assert (ticks[12].import_per_kwh, ticks[12].export_per_kwh) == (0.22, 0.01)
    assert [ticks[12 * hour].import_per_kwh for hour in (4, 5, 19, 20)] == [0.22, 0.32, 0.32, 0.22]


def test_day_on_which_clocks_change_has_288_ticks_and_its_own_prices(tmp_path: Path) -> None:
    text = HEAD + rows(60, 24).replace("2024-05-06", "2024-10-27")

    ticks = read(tmp_path, text).ticks

    assert len(ticks) == 288
    assert [ticks[12 * hour].import_per_kwh for hour in (5, 6, 20, 21)] == [0.22, 0.32, 0.32, 0.22]


def test_what_lies_before_the_first_day_is_history(tmp_path: Path) -> None:
    text = HEAD + rows(60, 72)

    recording = read(
        tmp_path,
        text,
        begins_at=datetime(2024, 5, 7, tzinfo=UTC),
        ends_at=datetime(2024, 5, 8, tzinfo=UTC),
    )

    assert (len(recording.before), len(recording.ticks)) == (288, 288)
    assert recording.ticks[0].starts_at == datetime(2024, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n", "no column time_utc, pv_w, load_w"),
        (HEAD, "a recording needs at least two rows"),
        (HEAD + "yesterday,1,2\nx,1,2\n", 'data.csv:2: "yesterday" is no moment'),
        (HEAD + "2024-05-06T00:00:00Z,sunny,2\n", 'data.csv:2: pv_w "sunny" is not a number'),
        (HEAD + "2024-05-06T00:00:00Z,1\n", "data.csv:2: 2 cells under 3 columns"),
        (HEAD + rows(60, 12), "no whole day"),
        (HEAD + rows(120, 24), "rows are 2:00:00 apart"),
        ("<html>\n<body>no</body>\n", "no column time_utc"),
    ],
)
def test_file_that_is_no_recording_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(RecordingInvalid, match=sentence.replace("(", r"\(")):
        read(tmp_path, text)


def test_day_that_the_file_does_not_hold_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingInvalid, match="holds 2024-05-06 00:00 to 2024-05-07 00:00 UTC, not"
    ):
        read(
            tmp_path,
            HEAD + rows(60, 24),
            begins_at=datetime(2023, 1, 1, tzinfo=UTC),
            ends_at=datetime(2023, 1, 3, tzinfo=UTC),
        )
