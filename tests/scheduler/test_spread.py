"""P10 and P90 from errors: cut where they should be, near the expected sky, and as of now."""

import numpy as np
import pytest

from scheduler.sky import Floats, Ints
from scheduler.spread import learn_spread, spread_at, spread_rows


def row_of(lead: int, light: float) -> Ints:
    return spread_rows(np.array([lead]), np.array([light]))


def at(
    spread_of: Floats, ages: Floats, expected: float = 0.5, lead: int = 30
) -> tuple[float, float]:
    """The spread that errors around one expected share teach, asked for right there."""
    rows = np.full(len(spread_of), row_of(lead, 0.8)[0])
    spread = learn_spread(rows, np.full(len(spread_of), expected), spread_of, ages)
    low, high = spread_at(spread, row_of(lead, 0.8), np.array([expected]))
    return float(low[0]), float(high[0])


def test_even_errors_are_cut_a_little_outside_a_tenth_and_nine_tenths() -> None:
    errors = np.linspace(-0.5, 0.5, 4001)
    low, high = at(errors, np.zeros(len(errors)))

    assert low == pytest.approx(-0.4, abs=0.01)
    assert high == pytest.approx(0.4, abs=0.01)


def test_site_without_errors_has_an_assumed_spread() -> None:
    assert at(np.zeros(0), np.zeros(0)) == pytest.approx((-0.4, 0.5))


def test_first_errors_of_a_site_count_a_quarter_beside_those_of_other_homes() -> None:
    """Ten times exactly right, where other homes have strayed by −0.40 and +0.50."""
    assert at(np.zeros(10), np.zeros(10)) == pytest.approx((-0.3, 0.375), abs=0.001)


def test_no_forecast_is_surer_than_a_fiftieth_of_the_sky() -> None:
    low, high = at(np.zeros(4000), np.zeros(4000))

    assert (low, high) == pytest.approx((-0.02, 0.02), abs=0.002)


def test_errors_of_another_sky_hardly_count() -> None:
    """At 0.9 the forecast was always right, at 0.1 never."""
    rows = np.full(4000, row_of(30, 0.8)[0])
    expected = np.repeat([0.9, 0.1], 2000)
    errors = np.concatenate([np.zeros(2000), np.linspace(-0.1, 0.9, 2000)])
    spread = learn_spread(rows, expected, errors, np.zeros(4000))

    _, high = spread_at(spread, np.full(2, rows[0]), np.array([0.1, 0.9]))
    assert high[0] > 0.7
    assert high[1] < 0.05


def test_low_sun_and_far_leads_have_spreads_of_their_own() -> None:
    assert (
        len({int(row_of(lead, light)[0]) for lead in (0, 4, 12, 48, 96) for light in (0.1, 0.5)})
        == 10
    )


def test_old_errors_fade() -> None:
    """Wide errors six weeks ago, narrow ones since."""
    wide, narrow = np.linspace(-0.5, 0.5, 2000), np.linspace(-0.1, 0.1, 2000)
    ages = np.concatenate([np.full(2000, 42.0), np.full(2000, 2.0)])
    low, high = at(np.concatenate([wide, narrow]), ages)

    assert high < 0.15
    assert low > -0.15


def test_weather_that_grows_wilder_widens_what_comes_beyond_its_own_errors() -> None:
    """Each three days err a fifth more than those before: the next ones will again."""
    blocks = [np.linspace(-0.1, 0.1, 500) * 1.2**step for step in range(15)]
    ages = np.repeat(np.arange(15)[::-1] * 3.0 + 1.0, 500)
    errors = np.concatenate(blocks)
    _, high = at(errors, ages)
    tame = np.concatenate([blocks[-1]] * 15)
    _, steady = at(tame, ages)

    newest = 0.8 * float(blocks[-1].max())
    assert steady == pytest.approx(newest, rel=0.05)
    assert high > 0.9 * newest
