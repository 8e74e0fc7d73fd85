"""Values and policies read back as a person would say them."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.modes import WorkMode
from solard.core.wording import (
    ended,
    say_action,
    say_condition,
    say_count,
    say_duration,
    say_energy,
    say_minute,
    say_percent,
    say_policy,
    say_power,
    say_price,
    say_temperature,
    say_time,
    say_value,
    say_voltage,
    say_when,
)


def test_a_sentence_ends_with_one_sign() -> None:
    assert [ended(text) for text in ("gone", "gone.", "is it on?")] == [
        "gone.",
        "gone.",
        "is it on?",
    ]


def test_one_of_a_thing_is_no_plural() -> None:
    said = [say_count(count, "card") for count in (0, 1, 4, 1200)]

    assert said == ["0 cards", "1 card", "4 cards", "1,200 cards"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    action: PolicyAction = field(default_factory=PolicyAction)


NIGHT = Condition(quantity=Quantity.TIME, between=(1320, 420))
GENERATOR = Condition(quantity=Quantity.SUPPLY, is_="generator")
QUIET = PolicyAction(each_gpu_at_most_w=150.0)


@pytest.mark.parametrize(
    ("power_w", "said"),
    [
        (0.0, "0 W"),
        (-0.3, "0 W"),
        (480.4, "480 W"),
        (999.4, "999 W"),
        (999.6, "1 kW"),
        (2620.0, "2.62 kW"),
        (4000.0, "4 kW"),
        (12449.0, "12.4 kW"),
        (-1230.0, "−1.23 kW"),
    ],
)
def test_power_changes_to_kilowatts_at_one_kilowatt(power_w: float, said: str) -> None:
    assert say_power(power_w) == said


@pytest.mark.parametrize(("ratio", "said"), [(0.71, "71 %"), (0.29, "29 %"), (1.0, "100 %")])
def test_percent_is_a_whole_number(ratio: float, said: str) -> None:
    assert say_percent(ratio) == said


def test_percent_just_below_a_line_does_not_read_as_the_line() -> None:
    assert say_percent(0.1999) == "19 %"


@pytest.mark.parametrize(
    ("duration_s", "said"),
    [
        (0.0, "0 s"),
        (-5.0, "0 s"),
        (34.0, "34 s"),
        (59.7, "1 min"),
        (90.0, "1 min 30 s"),
        (1320.0, "22 min"),
        (3600.0, "1 h"),
        (5400.0, "1 h 30 min"),
        (86400.0, "24 h"),
        (604800.0, "7 days"),
    ],
)
def test_duration_uses_the_two_largest_units(duration_s: float, said: str) -> None:
    assert say_duration(duration_s) == said


def test_other_values_carry_their_units() -> None:
    assert say_energy(6200.0) == "6.2 kWh"
    assert say_energy(38.0) == "38 Wh"
    assert say_temperature(78.0) == "78 °C"
    assert say_voltage(49.6) == "49.6 V"
    assert say_time(datetime(2024, 6, 1, 14, 2)) == "14:02"  # noqa: DTZ001
    assert say_minute(1439.9) == "23:59"


def test_moment_of_another_day_names_its_day() -> None:
    """`NEXT 15:00` at four in the afternoon would be read as a clock that stands still."""
    saturday = datetime(2024, 6, 1, 16, 19)  # noqa: DTZ001

    assert say_when(saturday.replace(hour=23), saturday) == "23:19"
    assert say_when(datetime(2024, 6, 2, 15, 0), saturday) == "Sun 15:00"  # noqa: DTZ001


def test_price_names_its_currency_where_it_is_known() -> None:
    assert say_price(0.28, "EUR") == "0.28 EUR/kWh"
    assert say_price(0.3) == "0.30 per kWh"
    assert say_price(0.0825, "CHF") == "0.0825 CHF/kWh"


@pytest.mark.parametrize(
    ("quantity", "value", "said"),
    [
        (Quantity.BATTERY_SOC, 0.71, "71 %"),
        (Quantity.TIME, 842.0, "14:02"),
        (Quantity.SURPLUS, 1234.0, "1.23 kW"),
        (Quantity.IMPORT_PRICE, 0.28, "0.28 EUR/kWh"),
        (Quantity.SUN_NEXT_48H, 12000.0, "12 kWh"),
        (Quantity.SUPPLY, "grid", "grid"),
        (Quantity.PV_POWER, None, "unknown"),
    ],
)
def test_live_value_is_said_in_the_unit_of_its_quantity(
    quantity: Quantity, value: float | str | None, said: str
) -> None:
    assert say_value(quantity, value, "EUR") == said


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(quantity=Quantity.BATTERY_SOC, above=0.6), "battery above 60 %"),
        (Condition(quantity=Quantity.BATTERY_SOC, below=0.125), "battery below 12.5 %"),
        (NIGHT, "time between 22:00 and 07:00"),
        (GENERATOR, "supply is generator"),
        (
            Condition(quantity=Quantity.SURPLUS, above=500.0, for_s=600.0),
            "surplus above 500 W for 10 min",
        ),
        (Condition(quantity=Quantity.EXPORT_PRICE, below=0.0), "export price below 0.00 EUR/kWh"),
    ],
)
def test_condition_is_a_label(condition: Condition, said: str) -> None:
    assert say_condition(condition, "EUR") == said


def test_night_policy_reads_as_in_the_manual() -> None:
    policy = Policy(when=(NIGHT,), action=QUIET)

    assert say_policy(policy) == "From 22:00 to 07:00 no card takes more than 150 W."


def test_generator_policy_reads_as_in_the_manual() -> None:
    policy = Policy(when=(GENERATOR,), action=PolicyAction(mode=WorkMode.STANDBY))

    assert say_policy(policy) == "On the generator the rig only answers."


def test_exception_is_said_before_the_action() -> None:
    policy = Policy(
        when=(Condition(quantity=Quantity.SUN_NEXT_48H, below=12000.0),),
        unless=(Condition(quantity=Quantity.BATTERY_SOC, above=0.95), GENERATOR, NIGHT),
        action=PolicyAction(work_above_soc=0.85),
    )

    assert say_policy(policy) == (
        "While the sun of the next 48 h is below 12 kWh, unless the battery is above 95 % and the "
        "supply is generator and it is between 22:00 and 07:00, the battery feeds work only above "
        "85 %."
    )


def test_several_conditions_must_all_hold() -> None:
    low = Condition(quantity=Quantity.BATTERY_SOC, below=0.5, for_s=600.0)
    policy = Policy(when=(NIGHT, low), action=QUIET)

    assert say_policy(policy) == (
        "From 22:00 to 07:00, while the battery is below 50 %, and has been for 10 min, "
        "no card takes more than 150 W."
    )


def test_policy_without_conditions_always_acts() -> None:
    assert say_policy(Policy(action=QUIET)) == "No card takes more than 150 W."


def test_policy_with_only_an_exception_starts_with_it() -> None:
    policy = Policy(
        unless=(Condition(quantity=Quantity.SUPPLY, is_="grid"),),
        action=PolicyAction(mode=WorkMode.OFF),
    )

    assert say_policy(policy) == "Unless the supply is grid, the rig does nothing."


def test_every_action_has_words() -> None:
    action = PolicyAction(
        mode=WorkMode.ECO,
        rig_at_most_w=600.0,
        rig_at_least_w=450.0,
        import_for_rig_at_most_w=0.0,
        battery_for_rig_at_most_w=200.0,
        keep_free_w=2500.0,
    )

    assert say_action(action) == (
        "the rig works in eco at most and the rig takes at most 600 W and the rig takes at least "
        "450 W and the grid gives the rig nothing and the battery gives the rig at most 200 W and "
        "2.5 kW of the inverter stay free"
    )
    assert say_action(PolicyAction()) == "nothing changes"
