"""The forecast on skies that are known, and on measured days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from scheduler.forecasting import make_calibration, make_forecast
from scheduler.planner import make_plan
from scheduler.pv_model import model_sky, panels_w, weather_w
from solard.core.forecast import Forecast
from solard.core.planning import ForecastRequest, PanelPlane, PlanRequest, SolarSite
from solard.core.site_slot import SiteSlot
from solard.core.tariff import Tariff
from solard.core.told import Told, ToldPower, ToldWeather
from tests.scheduler.plans import battery_of, rig_of
from tests.scheduler.skies import FRANCE, MONDAY, QUARTER, clear_weeks, dimmed, measured

NOON = MONDAY + timedelta(hours=11)
"""About when the sun is highest over the French home."""


def forecast_at(
    issued_at: datetime, history: tuple[SiteSlot, ...], site: SolarSite = FRANCE
) -> Forecast:
    return make_forecast(ForecastRequest(site=site, issued_at=issued_at, history=history))


def clear_w(moment: datetime, site: SolarSite = FRANCE) -> float:
    return panels_w(site, moment)


def clear_wh(hour: datetime, site: SolarSite) -> float:
    return float(model_sky(site, hour, hour + 4 * QUARTER).clear_w.sum()) / 4.0


def pv_wh(forecast: Forecast, after: datetime, hours: float) -> float:
    before = after + timedelta(hours=hours)
    return sum(slot.pv_w / 4.0 for slot in forecast.slots if after <= slot.starts_at < before)


def test_clear_sky_of_a_june_noon_is_near_what_installers_promise() -> None:
    # 5 kWp under about 950 W/m², hot cells, 14 % losses: 3.4 to 4.2 kW.
    assert 3400.0 < clear_w(NOON) < 4200.0


def test_two_planes_give_the_sum_of_both() -> None:
    east = PanelPlane(peak_w=2000.0, tilt_deg=30.0, azimuth_deg=90.0)
    west = PanelPlane(peak_w=1000.0, tilt_deg=30.0, azimuth_deg=270.0)
    both, only_east, only_west = (
        clear_w(NOON, replace(FRANCE, planes=planes)) for planes in ((east, west), (east,), (west,))
    )

    assert both == pytest.approx(only_east + only_west)


def test_inverter_clips_its_own_plane() -> None:
    small = replace(FRANCE.planes[0], inverter_w=2500.0)

    assert clear_w(NOON, replace(FRANCE, planes=(small,))) == 2500.0


def test_first_day_without_history_has_a_forecast() -> None:
    forecast = forecast_at(MONDAY + timedelta(hours=3), ())

    noon = forecast.slot_at(NOON)
    assert noon is not None
    assert 0.0 < noon.pv_low_w < noon.pv_w < noon.pv_high_w <= 1.05 * clear_w(NOON)
    assert "no history" in forecast.source


def test_forecast_covers_two_days_from_the_running_quarter_hour_on() -> None:
    issued_at = MONDAY + timedelta(hours=3, minutes=7)
    forecast = forecast_at(issued_at, ())

    assert forecast.slots[0].starts_at == MONDAY + timedelta(hours=3)
    assert forecast.slot_at(issued_at + timedelta(hours=48)) is not None
    assert all(
        before.ends_at == after.starts_at
        for before, after in zip(forecast.slots, forecast.slots[1:], strict=False)
    )


def test_night_is_dark() -> None:
    midnight = forecast_at(NOON, clear_weeks(FRANCE, NOON)).slot_at(NOON + timedelta(hours=12))

    assert midnight is not None
    assert midnight.pv_w == midnight.pv_high_w == 0.0


def test_site_that_always_gives_four_fifths_is_forecast_at_four_fifths() -> None:
    forecast = forecast_at(MONDAY, clear_weeks(FRANCE, MONDAY, share=0.8))

    noon = forecast.slot_at(NOON)
    assert noon is not None
    assert noon.pv_w == pytest.approx(0.8 * clear_w(NOON), rel=0.04)
    assert noon.pv_high_w - noon.pv_low_w < 0.12 * noon.pv_w


def test_clouds_of_the_last_hours_dim_the_next_hour_more_than_tomorrow() -> None:
    clear = clear_weeks(FRANCE, NOON)
    before, after = (
        forecast_at(NOON, clear),
        forecast_at(NOON, dimmed(clear, NOON - timedelta(hours=3), 0.2)),
    )

    soon = pv_wh(after, NOON, 1.0) / pv_wh(before, NOON, 1.0)
    tomorrow = pv_wh(after, NOON + timedelta(days=1), 1.0) / pv_wh(
        before, NOON + timedelta(days=1), 1.0
    )
    assert soon < 0.5
    assert tomorrow > 0.65


def test_throttled_quarter_hours_teach_nothing() -> None:
    history = clear_weeks(FRANCE, NOON)
    since = NOON - timedelta(hours=2)
    held_back = tuple(
        slot if slot.starts_at < since else replace(slot, pv_wh=1.0, throttled_s=900.0)
        for slot in history
    )
    left_out = tuple(slot for slot in history if slot.starts_at < since)

    assert forecast_at(NOON, held_back).slots == forecast_at(NOON, left_out).slots


def test_quarter_hours_with_little_good_data_teach_nothing() -> None:
    history = clear_weeks(FRANCE, NOON)
    since = NOON - timedelta(hours=2)
    thin = tuple(
        slot if slot.starts_at < since else replace(slot, pv_wh=0.0, good_s=300.0)
        for slot in history
    )
    left_out = tuple(slot for slot in history if slot.starts_at < since)

    assert pv_wh(forecast_at(NOON, thin), NOON, 8.0) == pv_wh(
        forecast_at(NOON, left_out), NOON, 8.0
    )


def test_half_measured_quarter_hour_counts_at_its_power() -> None:
    history = clear_weeks(FRANCE, NOON)
    halved = tuple(
        replace(slot, pv_wh=slot.pv_wh / 2.0, good_s=450.0)
        for slot in history
        if slot.pv_wh is not None
    )

    assert pv_wh(forecast_at(NOON, halved), NOON, 8.0) == pytest.approx(
        pv_wh(forecast_at(NOON, history), NOON, 8.0)
    )


def test_nothing_after_the_issue_is_known() -> None:
    later = clear_weeks(FRANCE, NOON + timedelta(days=1), days=15, share=0.3)
    earlier = tuple(slot for slot in later if slot.starts_at < NOON)

    assert forecast_at(NOON, later) == forecast_at(NOON, earlier)


def test_order_of_the_history_does_not_matter() -> None:
    history = dimmed(clear_weeks(FRANCE, NOON), NOON - timedelta(hours=5), 0.4)

    assert forecast_at(NOON, history[::-1]) == forecast_at(NOON, history)


def test_roof_that_looks_elsewhere_than_configured_is_learned() -> None:
    true_site = replace(FRANCE, planes=(replace(FRANCE.planes[0], azimuth_deg=230.0),))
    wrong_site = replace(FRANCE, planes=(replace(FRANCE.planes[0], azimuth_deg=170.0),))
    history = clear_weeks(true_site, MONDAY, days=20)

    learned = forecast_at(MONDAY, history, wrong_site)

    unlearned = forecast_at(MONDAY, (), wrong_site)
    hours = [MONDAY + timedelta(hours=hour) for hour in range(4, 20)]
    truth_wh = [clear_wh(hour, true_site) for hour in hours]
    learned_off = sum(
        abs(pv_wh(learned, hour, 1.0) - wh) for hour, wh in zip(hours, truth_wh, strict=True)
    )
    unlearned_off = sum(
        abs(pv_wh(unlearned, hour, 1.0) - wh) for hour, wh in zip(hours, truth_wh, strict=True)
    )
    assert learned_off < 0.15 * sum(truth_wh)
    assert unlearned_off > 0.25 * sum(truth_wh)


def test_panels_that_nobody_wrote_down_are_guessed_from_what_they_gave() -> None:
    history = clear_weeks(FRANCE, MONDAY)
    unwritten = replace(FRANCE, planes=())

    forecast = forecast_at(MONDAY, history, unwritten)

    expected_wh = pv_wh(forecast_at(MONDAY, history), MONDAY, 24.0)
    assert pv_wh(forecast, MONDAY, 24.0) == pytest.approx(expected_wh, rel=0.1)


def test_site_without_panels_and_history_expects_no_sun() -> None:
    forecast = forecast_at(NOON, (), replace(FRANCE, planes=()))

    assert {slot.pv_high_w for slot in forecast.slots} == {0.0}


def test_no_correction_makes_an_inverter_pass_more_than_it_can() -> None:
    small = replace(FRANCE, planes=(replace(FRANCE.planes[0], inverter_w=1500.0),))
    history = clear_weeks(FRANCE, MONDAY)

    assert max(slot.pv_high_w for slot in forecast_at(MONDAY, history, small).slots) <= 1500.0


def test_calibration_of_a_long_history_serves_a_short_one() -> None:
    history = clear_weeks(FRANCE, NOON, share=0.8)
    calibration = make_calibration(ForecastRequest(site=FRANCE, issued_at=NOON, history=history))
    today = tuple(slot for slot in history if slot.starts_at >= MONDAY)

    forecast = make_forecast(
        ForecastRequest(site=FRANCE, issued_at=NOON, history=today, calibration=calibration)
    )

    assert calibration.learned_slots > 500
    assert forecast.slots[0].pv_w == pytest.approx(0.8 * clear_w(NOON), rel=0.04)


def test_measured_clear_day_comes_near_the_learned_clear_sky() -> None:
    dawn = datetime(2024, 5, 28, 3, tzinfo=UTC)
    request = ForecastRequest(
        site=FRANCE, issued_at=dawn, history=measured(dawn - timedelta(days=14), dawn)
    )
    calibration = make_calibration(request)

    sky = model_sky(FRANCE, dawn, dawn + timedelta(hours=18))
    learned_wh = sum(
        power_w / 4.0 * calibration.clear[clock]
        for power_w, clock in zip(sky.clear_w, sky.clock, strict=True)
    )
    truth = measured(dawn, dawn + timedelta(hours=18))
    assert learned_wh == pytest.approx(sum(slot.pv_wh or 0.0 for slot in truth), rel=0.1)


def test_measured_clear_morning_makes_a_clear_noon() -> None:
    morning = datetime(2024, 5, 28, 9, tzinfo=UTC)
    forecast = forecast_at(morning, measured(morning - timedelta(days=14), morning))

    truth = measured(morning, morning + timedelta(hours=3))
    there_wh = sum(slot.pv_wh or 0.0 for slot in truth)
    assert pv_wh(forecast, morning, 3.0) == pytest.approx(there_wh, rel=0.2)


def test_measured_days_lie_between_the_quantiles_about_as_often_as_claimed() -> None:
    inside = total = 0
    first = datetime(2024, 5, 21, tzinfo=UTC)
    for issue in range(12):
        issued_at = first + timedelta(hours=15) * issue
        forecast = forecast_at(issued_at, measured(issued_at - timedelta(days=14), issued_at))
        for slot in measured(issued_at, issued_at + timedelta(hours=24)):
            expected = forecast.slot_at(slot.starts_at)
            if slot.pv_wh is None or expected is None or expected.pv_high_w < 100.0:
                continue
            total += 1
            inside += expected.pv_low_w <= slot.pv_wh * 4.0 <= expected.pv_high_w

    assert total > 500
    assert 0.70 < inside / total < 0.92


def test_last_two_hours_beat_the_usual_sky_for_the_next_one() -> None:
    with_recent = without = 0.0
    first = datetime(2024, 5, 21, 9, tzinfo=UTC)
    for day in range(8):
        issued_at = first + timedelta(days=day)
        history = measured(issued_at - timedelta(days=10), issued_at)
        older = tuple(s for s in history if s.starts_at < issued_at - timedelta(hours=4))
        truth_wh = sum(s.pv_wh or 0.0 for s in measured(issued_at, issued_at + QUARTER * 4))
        with_recent += abs(pv_wh(forecast_at(issued_at, history), issued_at, 1.0) - truth_wh)
        without += abs(pv_wh(forecast_at(issued_at, older), issued_at, 1.0) - truth_wh)

    assert with_recent < 0.8 * without


def told_weather(day: datetime, ghi: float, dni: float, dhi: float) -> tuple[ToldWeather, ...]:
    """The same sky from 6 to 18 UTC, hour by hour."""
    return tuple(
        ToldWeather(
            starts_at=day + timedelta(hours=hour),
            ends_at=day + timedelta(hours=hour + 1),
            ghi_w_m2=ghi,
            dni_w_m2=dni,
            dhi_w_m2=dhi,
            air_c=20.0,
            wind_m_s=2.0,
        )
        for hour in range(6, 18)
    )


def test_weather_goes_through_the_panels() -> None:
    """700 W/m² level, 800 towards the sun at 55° and more: about 900 W/m² on a roof of 40°."""
    weather = told_weather(MONDAY, 700.0, 750.0, 120.0)
    powers_w = weather_w(FRANCE, weather)

    assert 3000.0 < powers_w[5] < 3900.0
    assert powers_w[0] < 0.6 * powers_w[5]


def test_weather_of_tomorrow_moves_tomorrow() -> None:
    history = clear_weeks(FRANCE, NOON, share=0.7)
    tomorrow = MONDAY + timedelta(days=1)
    forecasts = [
        make_forecast(
            ForecastRequest(
                site=FRANCE,
                issued_at=NOON,
                history=history,
                told=Told(source="Open-Meteo", asked_at=NOON, weather=weather),
            )
        )
        for weather in (
            told_weather(tomorrow, 60.0, 0.0, 60.0),
            told_weather(tomorrow, 700.0, 750.0, 120.0),
        )
    ]

    dull_wh, bright_wh = (pv_wh(each, tomorrow + timedelta(hours=9), 4.0) for each in forecasts)
    assert dull_wh < 0.35 * bright_wh


def test_source_says_whose_word_and_how_old() -> None:
    told = Told(
        source="Open-Meteo",
        asked_at=NOON - timedelta(minutes=25),
        weather=told_weather(MONDAY, 700.0, 750.0, 120.0),
    )
    request = ForecastRequest(site=FRANCE, issued_at=NOON, told=told)

    forecast = make_forecast(request)

    assert forecast.source == "Open-Meteo of 25 min ago × clear sky, no history yet"
    assert forecast.problem is None


def test_31_provider_that_never_answered_leaves_the_site_its_own_forecast() -> None:
    history = clear_weeks(FRANCE, NOON, days=2)
    silent = Told(source="Open-Meteo", asked_at=NOON, problem="Open-Meteo: no answer in 20 s")
    alone = make_forecast(ForecastRequest(site=FRANCE, issued_at=NOON, history=history))

    forecast = make_forecast(
        ForecastRequest(site=FRANCE, issued_at=NOON, history=history, told=silent)
    )

    assert forecast.slots == alone.slots
    assert forecast.source == "clear sky × the site's own sky of 3 days; nothing from Open-Meteo"
    assert forecast.problem == "Open-Meteo: no answer in 20 s"


def test_32_word_that_is_always_twice_too_high_is_halved() -> None:
    """20-50 % too much on dull days is what owners of other controllers complain of."""
    history = clear_weeks(FRANCE, NOON, days=20, share=0.4)
    powers = tuple(
        ToldPower(
            starts_at=slot.starts_at,
            ends_at=slot.starts_at + QUARTER,
            power_w=min(8.0 * (slot.pv_wh or 0.0), 4000.0),
        )
        for slot in clear_weeks(FRANCE, NOON + timedelta(days=2), days=22, share=0.4)
    )
    request = ForecastRequest(
        site=FRANCE,
        issued_at=NOON,
        history=history,
        told_before=tuple(each for each in powers if each.starts_at < NOON),
        told=Told(source="Bright", asked_at=NOON, power=powers),
    )

    tomorrow = NOON + timedelta(days=1)
    expected_wh = pv_wh(make_forecast(request), tomorrow, 2.0)
    true_wh = pv_wh(forecast_at(NOON, history), tomorrow, 2.0)
    assert expected_wh == pytest.approx(true_wh, rel=0.15)


def test_row_from_before_the_clock_was_set_costs_nothing() -> None:
    history = clear_weeks(FRANCE, NOON, days=3)
    stray = replace(history[0], starts_at=datetime(1970, 1, 1, tzinfo=UTC))

    assert forecast_at(NOON, (stray, *history)).slots == forecast_at(NOON, history).slots


def test_calibration_of_other_panels_is_not_used() -> None:
    history = clear_weeks(FRANCE, NOON)
    turned = replace(FRANCE, planes=(replace(FRANCE.planes[0], azimuth_deg=100.0),))
    calibration = make_calibration(ForecastRequest(site=turned, issued_at=NOON, history=history))

    forecast = make_forecast(
        ForecastRequest(site=FRANCE, issued_at=NOON, history=history, calibration=calibration)
    )

    assert forecast.slots == forecast_at(NOON, history).slots


@pytest.mark.parametrize("day", [(2024, 3, 31), (2024, 10, 27)], ids=["23 h", "25 h"])
def test_23_day_with_a_changed_clock_has_an_unbroken_forecast(day: tuple[int, int, int]) -> None:
    midnight = datetime(*day, tzinfo=UTC)
    forecast = forecast_at(midnight, clear_weeks(FRANCE, midnight, days=5))

    assert len(forecast.slots) == 193
    assert all(one.ends_at == two.starts_at for one, two in pairwise(forecast.slots))


def test_24_forecast_after_a_step_back_sees_nothing_of_the_hour_to_come() -> None:
    """The rows of 11 o'clock were written before the clock went back to 10."""
    history = clear_weeks(FRANCE, NOON, days=5)
    stepped_back = NOON - timedelta(hours=1)
    before = tuple(slot for slot in history if slot.starts_at < stepped_back)

    assert forecast_at(stepped_back, history) == forecast_at(stepped_back, before)


@pytest.mark.parametrize("nonsense_wh", [1e12, -500.0, float("nan"), float("inf")])
def test_energy_that_cannot_be_teaches_nothing(nonsense_wh: float) -> None:
    history = clear_weeks(FRANCE, NOON, days=5)
    spoiled = (*history[:-2], replace(history[-2], pv_wh=nonsense_wh), history[-1])
    gone = (*history[:-2], replace(history[-2], pv_wh=None), history[-1])

    assert forecast_at(NOON, spoiled).slots == forecast_at(NOON, gone).slots


def test_33_sun_that_is_forecast_moves_the_plan() -> None:
    """The same evening and half a battery: a bright tomorrow runs cards, a dull one fewer."""
    evening = MONDAY + timedelta(hours=19)
    plans = [
        make_plan(
            PlanRequest(
                forecast=forecast_at(evening, clear_weeks(FRANCE, evening, share=share)),
                timezone=FRANCE.timezone,
                rig=rig_of(2),
                tariff=Tariff(import_per_kwh=0.30, export_per_kwh=0.08),
                battery=battery_of(),
                soc=0.5,
            )
        )
        for share in (0.1, 1.0)
    ]

    dull, bright = (sum(slot.cards_on for slot in plan.slots) for plan in plans)
    assert dull < bright
