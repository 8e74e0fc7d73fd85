from dataclasses import replace
from datetime import timedelta

import pytest

from solard.core.inputs import Override, OverrideKind
from tests.tui.pictures import HOME, NOW
from tui.model import asks
from tui.model.keys import bar_line, key_bar, tab_labels
from tui.model.overview import Shape, shape
from tui.model.picture import Link, Picture
from tui.text import plain


def test_a_pause_names_watts_and_end() -> None:
    ask = asks.pause_ask(HOME)

    assert ask.title == "Pause the rig for 2 h?"
    assert ask.text == (
        "All cards park: the rig goes from 1,091 W to about 151 W (host and parked cards) until "
        "16:24, then goes on by itself. u resumes earlier."
    )
    assert ask.yes == "Pause until 16:24"


def test_a_pause_while_observing_says_that_nothing_changes() -> None:
    assert asks.pause_ask(replace(HOME, live=False)).text.endswith(
        "solard only observes now, so nothing changes until it is live."
    )


def test_resuming_names_what_ends() -> None:
    pause = Override(kind=OverrideKind.PAUSE, until_at=NOW + timedelta(hours=1))

    ask = asks.resume_ask(replace(HOME, overrides=(pause,)))

    assert ask is not None
    assert ask.text.startswith("The pause would end by itself at 15:24.")
    assert ask.text.endswith("The plan has about 1,080 W for now.")
    assert asks.resume_ask(HOME) is None


def test_going_live_and_observing_say_what_happens() -> None:
    assert "sets no limit" in asks.live_ask(HOME).text
    assert asks.live_ask(replace(HOME, live=False)).text.endswith(
        "The rig draws 1,091 W now, and would give it 1,100 W."
    )


@pytest.mark.parametrize(
    ("power", "length", "power_w", "duration_s"),
    [
        ("600 W", "3 h", 600.0, 10_800.0),
        ("600", "3", 600.0, 10_800.0),
        ("1.2 kW", "45 min", 1200.0, 2700.0),
        ("1,2kw", "1.5h", 1200.0, 5400.0),
    ],
)
def test_powers_and_times_are_read_as_people_write_them(
    power: str, length: str, power_w: float, duration_s: float
) -> None:
    request = asks.read_run(HOME, power, length)

    assert request == asks.RunRequest(power_w=power_w, duration_s=duration_s)


@pytest.mark.parametrize(
    ("power", "length", "message"),
    [
        ("lots", "3 h", "“lots” is no power; write 600 W or 1.2 kW"),
        ("5 kW", "3 h", "5,000 W is outside what this rig can draw: 151 W to 1,612 W"),
        ("600 W", "soon", "“soon” is no time; write 45 min or 3 h"),
        ("600 W", "30 h", "30 h is outside 1 min to 24 h"),
    ],
)
def test_wrong_answers_get_a_sentence(power: str, length: str, message: str) -> None:
    with pytest.raises(asks.AnswerInvalid) as caught:
        asks.read_run(HOME, power, length)

    assert str(caught.value) == message


def test_a_run_names_watts_end_and_what_stands_above_it() -> None:
    request = asks.RunRequest(power_w=600.0, duration_s=10_800.0)

    assert asks.run_sentence(HOME, request) == (
        "The rig goes from 1,091 W to 600 W at the wall until 17:24 (3 h), then goes on by "
        "itself. Safety, stale data, battery lines and grid limits still stand above it."
    )


def test_the_number_stands_before_the_name() -> None:
    assert "".join(tab_labels(120, 1)) == (
        " 1 Overview  2 GPUs  3 Neurons  4 Earnings  5 Plan  6 Policies  7 Log  8 Devices "
    )
    assert "".join(tab_labels(50, 2)) == " 1  2 GPUs  3  4  5  6  7  8 "


def test_a_narrow_key_bar_keeps_the_way_out() -> None:
    bar = plain(bar_line(key_bar(Picture(view=HOME), 1, 30)))

    assert bar.endswith("? Help  q Quit ")
    assert len(bar) <= 30


def test_read_only_offers_no_writes() -> None:
    bar = plain(bar_line(key_bar(Picture(view=HOME, link=Link(read_only=True)), 7, 120)))

    assert bar == " / Filter  f Follow  t Theme  ^p Commands  ? Help  q Quit "


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (120, 36, Shape.WIDE),
        (120, 24, Shape.COMPACT),
        (80, 24, Shape.COMPACT),
        (79, 24, Shape.NARROW),
        (43, 24, Shape.TOO_SMALL),
        (80, 11, Shape.TOO_SMALL),
    ],
)
def test_the_terminal_decides_the_shape(width: int, height: int, expected: Shape) -> None:
    assert shape(width, height) is expected
