import pytest

from tui.chart import (
    Column,
    Tick,
    Tones,
    area_chart,
    axis_labels,
    bar,
    nice_top,
    spark,
    stacked_bar,
)
from tui.text import Lines, Span, Tone, plain


def _text(rows: Lines) -> list[str]:
    return [plain(row) for row in rows]


def test_a_bar_is_filled_in_proportion() -> None:
    assert plain(bar(500.0, 1000.0, 8, Tone.SUN)) == "▇▇▇▇▁▁▁▁"
    assert plain(bar(-250.0, 1000.0, 8, Tone.SUN)) == "▇▇▁▁▁▁▁▁"
    assert plain(bar(5000.0, 1000.0, 8, Tone.SUN)) == "▇▇▇▇▇▇▇▇"


def test_a_bar_of_the_unknown_is_empty() -> None:
    assert plain(bar(None, 1000.0, 4, Tone.SUN)) == "▁▁▁▁"
    assert plain(bar(100.0, 0.0, 4, Tone.SUN)) == "▁▁▁▁"


def test_little_is_not_nothing() -> None:
    assert plain(bar(30.0, 1000.0, 8, Tone.SUN)) == "▇▁▁▁▁▁▁▁"
    assert plain(bar(1.0, 1000.0, 8, Tone.SUN)) == "▁▁▁▁▁▁▁▁"


def test_parts_of_a_stacked_bar_add_up() -> None:
    shown = stacked_bar([(50.0, Tone.SUN), (25.0, Tone.BATTERY)], 100.0, 8)

    assert shown[:2] == (Span("▇▇▇▇", Tone.SUN), Span("▇▇", Tone.BATTERY))
    assert plain(shown) == "▇▇▇▇▇▇▁▁"
    assert plain(stacked_bar([(1.0, Tone.SUN)], 0.0, 4)) == "▁▁▁▁"


def test_a_spark_row_leaves_the_unknown_blank() -> None:
    assert plain(spark([0.0, 50.0, None, 100.0], 100.0, Tone.SUN)) == "▁▄ █"


@pytest.mark.parametrize(
    ("value", "top"), [(0.0, 1.0), (0.9, 1.0), (3900.0, 4000.0), (1200.0, 1500.0), (81.0, 100.0)]
)
def test_charts_end_at_a_round_value(value: float, top: float) -> None:
    assert nice_top(value) == pytest.approx(top)


def test_labels_stand_at_round_values() -> None:
    labels = axis_labels(8, 4000.0)

    assert labels.texts == ("", "1 kW", "", "2 kW", "", "3 kW", "", "4 kW")
    assert [text for text in axis_labels(9, 3000.0).texts if text] == ["1 kW", "2 kW", "3 kW"]


def test_a_chart_shows_area_forecast_line_and_now() -> None:
    columns = [
        Column(solid=1000.0, line=500.0),
        Column(solid=3500.0, line=500.0),
        Column(solid=2000.0, shade=3000.0, line=500.0, marked=True),
        Column(shade=2000.0, line=500.0),
        Column(),
    ]

    rows = area_chart(
        columns,
        height=6,
        top=4000.0,
        label=axis_labels(4, 4000.0),
        ticks=(Tick(column=0, text="00"), Tick(column=4, text="12")),
        tones=Tones(),
    )

    assert _text(rows) == [
        "4 kW ┤ ▄┊  ",
        "     │ █░  ",
        "2 kW ┤ ██░ ",
        "     │━━━━ ",
        "     └─────",
        "      00 12",
    ]


def test_the_line_keeps_the_area_behind_it() -> None:
    columns = [Column(solid=4000.0, line=1000.0), Column(solid=None, line=1000.0)]

    rows = area_chart(
        columns, height=4, top=4000.0, label=axis_labels(2, 4000.0), ticks=(), tones=Tones()
    )

    assert rows[1][1:] == (Span("━", Tone.RIG_ON_SUN), Span("━", Tone.RIG))


def test_an_area_stands_in_front_of_another() -> None:
    columns = [Column(solid=4000.0, over=1500.0)]

    rows = area_chart(
        columns, height=4, top=4000.0, label=axis_labels(2, 4000.0), ticks=(), tones=Tones()
    )

    assert rows[0][1:] == (Span("█", Tone.SUN),)
    assert rows[1][1:] == (Span("▆", Tone.RIG_ON_HIDDEN_SUN),)


def test_a_tick_that_would_touch_its_neighbour_is_left_out() -> None:
    rows = area_chart(
        [Column()] * 6,
        height=3,
        top=1.0,
        label=axis_labels(1, 1.0, unit=1.0, suffix=""),
        ticks=(Tick(column=0, text="00"), Tick(column=2, text="03"), Tick(column=4, text="06")),
        tones=Tones(),
    )

    assert plain(rows[-1]).endswith("00  06")
