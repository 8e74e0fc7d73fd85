"""Durations and powers as people write them."""

import click
import pytest

from solard.cli.quantities import Duration, Power


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("20min", 1200.0),
        ("20m", 1200.0),
        ("2h", 7200.0),
        ("1.5h", 5400.0),
        ("1d", 86400.0),
        (" 3 h ", 10800.0),
    ],
)
def test_duration_is_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    "text", ["", "forever", "90", "0s", "0.0h", "-2h", "2 weeks", "1h30", "1e3s", "nan h", "inf s"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no duration; write 90s, 20min or 2h"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "watts"), [("600W", 600.0), ("1.2kW", 1200.0), (" 0.5 kW ", 500.0), ("0W", 0.0)]
)
def test_power_is_watts(text: str, watts: float) -> None:
    assert Power().convert(text, None, None) == watts


@pytest.mark.parametrize(
    "text", ["", "600", "600w", "1.2KW", "600 Wh", "-5W", "lots", "1e3W", "nanW"]
)
def test_what_is_no_power_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no power; write 600W or 1.2kW"):
        Power().convert(text, None, None)
