"""Policies as written become conditions and actions, and are read back as sentences."""

from pathlib import Path

import pytest

from solard.config.explain import explain_policies, explain_rule, explain_settings
from solard.config.load import load_settings
from solard.core.conditions import Condition, PolicyAction, Quantity
from solard.core.modes import WorkMode
from solard.core.rules.fuse import Fuse
from solard.core.rules.registry import RULE_KINDS
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.rules.user_policy import UserPolicy
from solard.core.state import Supply
from tests.config.yamls import ISLAND, problems, read

EXAMPLES = Path(__file__).parents[2] / "examples"


def policy(text: str) -> UserPolicy:
    (found,) = read(f"{ISLAND}inverter: {{continuous: 4 kW}}\npolicies:\n  - {text}\n").policies
    return found


def said(text: str) -> str:
    return "\n".join(problems(f"{ISLAND}policies:\n  - {text}\n"))


def test_policy_has_conditions_exceptions_and_an_action() -> None:
    found = policy(
        "{name: p, when: {time: {between: '22:00-07:00'}, battery_soc: {below: 50 %, for: 10 min}},"
        " unless: {supply: {is: grid}}, do: {each_gpu: {at_most: 150 W}}}"
    )

    assert found == UserPolicy(
        name="p",
        when=(
            Condition(quantity=Quantity.TIME, between=(1320.0, 420.0)),
            Condition(quantity=Quantity.BATTERY_SOC, below=0.5, for_s=600.0),
        ),
        unless=(Condition(quantity=Quantity.SUPPLY, is_="grid"),),
        action=PolicyAction(each_gpu_at_most_w=150.0),
    )


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("surplus: {above: 1 kW}", Condition(quantity=Quantity.SURPLUS, above=1000.0)),
        ("pv_power: {below: 200 W}", Condition(quantity=Quantity.PV_POWER, below=200.0)),
        ("grid_power: {below: -2 kW}", Condition(quantity=Quantity.GRID_POWER, below=-2000.0)),
        (
            "battery_soc: {between: [20 %, 40 %]}",
            Condition(quantity=Quantity.BATTERY_SOC, between=(0.2, 0.4)),
        ),
        (
            "export_price: {below: 0 EUR/kWh}",
            Condition(quantity=Quantity.EXPORT_PRICE, below=0.0),
        ),
        ("sun_next_48h: {below: 12 kWh}", Condition(quantity=Quantity.SUN_NEXT_48H, below=12e3)),
    ],
)
def test_condition_is_read_in_the_unit_of_its_quantity(when: str, condition: Condition) -> None:
    assert policy(f"{{name: p, when: {{{when}}}, do: {{rig: off}}}}").when == (condition,)


def test_two_relations_of_one_quantity_are_two_conditions() -> None:
    text = "{name: p, when: {surplus: {above: 1 kW, below: 2 kW, for: 5 min}}, do: {rig: eco}}"

    assert policy(text).when == (
        Condition(quantity=Quantity.SURPLUS, above=1000.0, for_s=300.0),
        Condition(quantity=Quantity.SURPLUS, below=2000.0, for_s=300.0),
    )


@pytest.mark.parametrize(
    ("do", "action"),
    [
        ("rig: standby", PolicyAction(mode=WorkMode.STANDBY)),
        ("rig: {mode: eco, at_most: 600 W}", PolicyAction(mode=WorkMode.ECO, rig_at_most_w=600.0)),
        ("rig: {at_least: 450 W}", PolicyAction(rig_at_least_w=450.0)),
        ("import_for_rig: {at_most: 0 W}", PolicyAction(import_for_rig_at_most_w=0.0)),
        ("battery_for_rig: {at_most: 0 W}", PolicyAction(battery_for_rig_at_most_w=0.0)),
        ("keep_free: 2.5 kW", PolicyAction(keep_free_w=2500.0)),
        ("work_above: 85 %", PolicyAction(work_above_soc=0.85)),
    ],
)
def test_action_is_read(do: str, action: PolicyAction) -> None:
    assert policy(f"{{name: p, do: {{{do}}}}}").action == action


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{name: p}", "policies[0].do is missing; write it like do: action"),
        ("{do: {rig: off}}", "policies[0].name is missing"),
        ("{name: p, do: {}}", "policies[0].do is empty; write one like {rig: standby}"),
        ("{name: p, do: standby}", "policies[0].do standby is no action"),
        ("{name: p, do: {rigg: off}}", 'do.rigg is not a key here; did you mean "rig"?'),
        ("{name: p, do: {rig: idle}}", "do.rig idle is not known; known here: eco, off, standby"),
        ("{name: p, do: {rig: {at_most: 5 A}}}", '"5 A" is a current, not a power'),
        ("{name: p, when: {}, do: {rig: off}}", "when is empty; write one like {battery_soc:"),
        ("{name: p, when: night, do: {rig: off}}", "when night is no condition"),
        (
            "{name: p, when: {battery: {below: 1 %}}, do: {rig: off}}",
            'when.battery is not a key here; did you mean "battery_soc"?',
        ),
        (
            "{name: p, when: {car.power: {above: 1 W}}, do: {rig: off}}",
            'policy "p" looks at car.power, which no device tells; write `car: {source: http',
        ),
        (
            "{name: p, when: {supply: generator}, do: {rig: off}}",
            "when.supply generator has no relation; write `{is: generator}`",
        ),
        (
            "{name: p, when: {supply: {is: diesel}}, do: {rig: off}}",
            "when.supply.is diesel is not known; known here: generator, grid, island",
        ),
        (
            "{name: p, when: {time: {above: '22:00'}}, do: {rig: off}}",
            "when.time.above is not a key here; known here: between",
        ),
        (
            "{name: p, when: {time: {between: '22:00'}}, do: {rig: off}}",
            '"22:00" is not a time window; write it like "22:00-07:00"',
        ),
        (
            "{name: p, when: {battery_soc: {between: [40 %, 20 %]}}, do: {rig: off}}",
            "between wants two values, the lower one first: [20 %, 40 %]",
        ),
        (
            "{name: p, when: {battery_soc: {between: [4, 20 %]}}, do: {rig: off}}",
            "between[0] 4 has no unit; did you mean 4 %?",
        ),
        (
            "{name: p, when: {surplus: {for: 5 min}}, do: {rig: off}}",
            "when.surplus needs a relation: above, below, between",
        ),
        ("off", "policies[0] is off; write `name: text` below it"),
    ],
)
def test_wrong_policy_gets_a_sentence(text: str, sentence: str) -> None:
    assert "s.yaml:6: " in said(text)
    assert sentence in said(text)


def test_policies_are_read_back_as_sentences() -> None:
    assert explain_policies(load_settings(EXAMPLES / "cabin.yaml")) == (
        ("no diesel for mining", "On the generator the rig only answers."),
        ("quiet nights", "From 22:00 to 07:00 no card takes more than 150 W."),
        ("leave room for cooking", "From 11:30 to 13:00 2.5 kW of the inverter stay free."),
        (
            "dark spell ahead",
            "While the sun of the next 48 h is below 12 kWh, unless the battery is above 95 %, "
            "the battery feeds work only above 85 %.",
        ),
    )


def test_prices_are_read_back_in_their_currency() -> None:
    sentences = dict(explain_policies(load_settings(EXAMPLES / "tariff-home.yaml")))

    assert sentences["buy only cheap grid"] == (
        "While the import price is above 0.20 EUR/kWh, the grid gives the rig nothing."
    )


def test_every_kind_of_rule_is_explained() -> None:
    rules = [
        rule
        for name in ("cabin.yaml", "tariff-home.yaml")
        for rule in load_settings(EXAMPLES / name).rules
    ]
    sentences = [explain_rule(rule) for rule in rules]

    assert {type(rule) for rule in rules} == set(RULE_KINDS)
    assert all(sentence.endswith(".") and " " in sentence for sentence in sentences)


def test_rules_are_explained_in_priority_order() -> None:
    first, *_, last = explain_settings(load_settings(EXAMPLES / "cabin.yaml"))

    assert first == (
        "On any AC input, and for 5 min after, the rig only answers: off-grid that is a generator."
    )
    assert last == "Work rises while it is worth more than the energy that it takes."


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            SupplyLoss(expected=Supply.GRID, generator_may_feed_rig=True, work_on_island=True),
            "The rig works on any supply.",
        ),
        (
            SupplyLoss(expected=Supply.ISLAND, generator_may_feed_rig=True),
            "The generator may feed the rig.",
        ),
        (Fuse(current_a=20.0), "The rig's import stays under the fuse of 20 A."),
        (
            Fuse(current_a=35.0, phases=3),
            "What the rig adds keeps the fullest phase under the fuse of 35 A.",
        ),
    ],
)
def test_special_cases_of_rules_are_explained(rule: SupplyLoss | Fuse, sentence: str) -> None:
    assert explain_rule(rule) == sentence


def test_policy_may_look_at_a_single_device() -> None:
    car = "  car: {source: http, url: 'http://evcc.local:7070/api/state', essential: false, "
    car += "points: {power: loadpoints.0.chargePower}}\n"
    text = ISLAND.replace("battery:", f"{car}battery:")
    rule = "{name: p, when: {car.power: {above: 100 W}}, do: {rig: standby}}"
    (found,) = read(f"{text}policies:\n  - {rule}\n").policies

    assert found.when == (Condition(quantity=Quantity.DEVICE_POWER, device_id="car", above=100.0),)
    assert explain_rule(found) == (
        'Policy "p": While the power of car is above 100 W, the rig only answers.'
    )
