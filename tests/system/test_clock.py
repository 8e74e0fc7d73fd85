"""The site's clock: real, or shared and faster."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from solard.system.clock import (
    CLOCK_VARIABLE,
    ClockSettingInvalid,
    ScaledClock,
    SystemClock,
    clock_from_environment,
    real_period_s,
)

TEN = datetime(2024, 5, 28, 8, 0, tzinfo=UTC)


def test_without_a_setting_the_machine_s_clock_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CLOCK_VARIABLE, raising=False)

    clock = clock_from_environment()

    assert isinstance(clock, SystemClock)
    assert clock.speed == 1.0
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5.0
    assert abs(clock.monotonic_s() - time.monotonic()) < 5.0


def test_setting_makes_the_same_clock_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ScaledClock(TEN, 12345.678901234, 60.0)
    monkeypatch.setenv(CLOCK_VARIABLE, clock.variable())

    assert clock_from_environment() == clock


def test_another_process_falls_into_step() -> None:
    clock = ScaledClock(TEN, time.monotonic(), 60.0)
    program = (
        "from solard.system.clock import clock_from_environment as c; print(c().now().isoformat())"
    )
    before = clock.now()

    seen = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, CLOCK_VARIABLE: clock.variable()},
        capture_output=True,
        text=True,
        check=True,
    )

    assert before <= datetime.fromisoformat(seen.stdout.strip()) <= clock.now()


def test_scaled_second_is_a_minute_at_60() -> None:
    clock = ScaledClock(TEN, time.monotonic() - 10.0, 60.0)

    assert clock.monotonic_s() == pytest.approx(600.0, abs=60.0)
    assert abs(clock.now() - (TEN + timedelta(minutes=10))) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-05-28T08:00:00+00:00",
        "2024-05-28T08:00:00+00:00,1.0",
        "2024-05-28T08:00:00+00:00,1.0,60,1",
        "2024-05-28T08:00:00+00:00,one,60",
        "not a date,1.0,60",
        "2024-05-28T08:00:00+00:00,nan,60",
        "2024-05-28T08:00:00+00:00,1.0,nan",
        "2024-05-28T08:00:00+00:00,1.0,inf",
    ],
)
def test_setting_that_says_no_clock_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(CLOCK_VARIABLE, text)

    with pytest.raises(ClockSettingInvalid, match=r"START,MONOTONIC,SPEED; unset it"):
        clock_from_environment()


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-28T08:00:00,1.0,60",
        "2024-05-28T08:00:00+00:00,1.0,0",
        "2024-05-28T08:00:00+00:00,1.0,-60",
    ],
)
def test_setting_without_offset_or_pace_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(CLOCK_VARIABLE, text)

    with pytest.raises(ClockSettingInvalid, match="UTC offset and a speed above 0"):
        clock_from_environment()


def test_periods_shrink_with_speed_down_to_a_fifth_of_a_second() -> None:
    fast = ScaledClock(TEN, 0.0, 60.0)

    assert real_period_s(fast, 900.0) == 15.0
    assert real_period_s(fast, 2.0) == 0.2
    assert real_period_s(fast, 2.0, minimum_s=1.0) == 1.0
    assert real_period_s(SystemClock(), 2.0) == 2.0
