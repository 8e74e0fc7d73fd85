"""A file becomes settings and rules, or every problem in it at once."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import pytest

from solard.config.explain import explain_settings
from solard.config.load import NETWORK_WORKLOAD, load_settings, read_settings
from solard.config.problems import ConfigInvalid
from solard.config.starter import StarterValues, write_starter
from solard.config.workload import Bundled, Power
from solard.core.inputs import Rule
from solard.core.rig import PowerTerms
from solard.core.rules.battery_lines import BatteryLines
from solard.core.rules.card_limit import CardLimit
from solard.core.rules.data_age import DataAge
from solard.core.rules.fuse import Fuse
from solard.core.rules.gpu_temperature import GpuTemperature
from solard.core.rules.grid_limits import GridLimits
from solard.core.rules.hidden_sun import HiddenSun
from solard.core.rules.inverter_rating import InverterRating
from solard.core.rules.plan_rule import PlanRule
from solard.core.rules.registry import RULE_KINDS
from solard.core.rules.supply_loss import SupplyLoss
from solard.core.state import Supply
from solard.core.tariff import SpotTerms, Tariff
from tests.config.yamls import HOME, ISLAND, problems, read

R = TypeVar("R", bound=Rule)
EXAMPLES = Path(__file__).parents[2] / "examples"


def rule_of(text: str, kind: type[R]) -> R:
    return next(rule for rule in read(text).rules if isinstance(rule, kind))


@pytest.mark.parametrize("name", ["cabin.yaml", "tariff-home.yaml"])
def test_example_passes(name: str) -> None:
    settings = load_settings(EXAMPLES / name, profiles=("victron_gx", "huawei_sun2000"))

    assert settings.live is False
    assert len(settings.policies) >= 4


def test_starter_passes_and_observes() -> None:
    settings = read(write_starter(StarterValues()))

    assert settings.live is False
    assert [each.name for each in settings.workloads] == ["chain", "miner", "validator"]


def test_what_the_starter_suggests_in_comments_passes_too() -> None:
    lines = [
        line.replace("# ", "", 1) if re.match(r" *# [a-z_]+: ", line) else line
        for line in write_starter(StarterValues()).splitlines()
    ]

    assert problems("\n".join(lines) + "\n") == []


def test_cabin_becomes_the_rules_that_it_says() -> None:
    rules = load_settings(EXAMPLES / "cabin.yaml").rules

    assert SupplyLoss(expected=Supply.ISLAND) in rules
    assert InverterRating(continuous_w=4000.0, keep_free_w=1500.0) in rules
    assert CardLimit(at_most_w=280.0) in rules
    assert GpuTemperature(at_most_c=78.0) in rules
    assert HiddenSun() in rules
    assert (
        BatteryLines(
            work_above_soc=0.6,
            standby_above_soc=0.4,
            shut_down_below_soc=0.2,
            shut_down_below_v=49.6,
            shut_down_for_s=30.0,
        )
        in rules
    )


def test_single_cards_have_caps_of_their_own() -> None:
    settings = read(ISLAND + "rig: {gpus: {single: {2: {at_most: 200 W}}}}\n")

    assert CardLimit(single=((2, 200.0),)) in settings.rules
    assert "gpu2 takes at most 200 W." in explain_settings(settings)


def test_a_workload_that_wants_more_than_its_single_card_may_is_named() -> None:
    text = ISLAND + (
        "rig: {gpus: {single: {2: {at_most: 200 W}}}}\n"
        "workloads: {a: {command: [/bin/a], gpus: [2], power: {at_least: 250 W}}}\n"
    )

    assert problems(text)[0].endswith("wants 250 W a card, but rig.gpus.single.2.at_most is 200 W")


def test_history_is_kept_as_long_as_the_owner_says() -> None:
    kept = read_settings(ISLAND + "store: {keep: {decisions: 5 days}}\n", "s.yaml").store

    assert kept.decisions_kept_s == 5 * 86400.0
    assert kept.minutes_kept_s == 30 * 86400.0
    assert kept.quarter_hours_kept_s == 3 * 365 * 86400.0


def test_home_becomes_the_rules_that_it_says() -> None:
    settings = load_settings(EXAMPLES / "tariff-home.yaml")

    assert SupplyLoss(expected=Supply.GRID) in settings.rules
    assert Fuse(current_a=35.0, phases=3, rig_phase=2) in settings.rules
    assert GridLimits(import_at_most_w=6000.0) in settings.rules
    assert HiddenSun(export_at_most_w=5000.0) in settings.rules
    assert [rule.export_at_most_w for rule in settings.rules if isinstance(rule, PlanRule)] == [
        5000.0
    ]
    assert DataAge(stop_after_s=1800.0) in settings.rules
    assert settings.tariff == Tariff(
        currency="EUR",
        import_per_kwh=0.35,
        export_per_kwh=0.082,
    )
    assert settings.spot == SpotTerms(
        add_per_kwh=0.182, vat_share=0.19, export_per_kwh=0.082, none_when_negative=True
    )


def test_rules_stand_in_priority_order() -> None:
    order = [RULE_KINDS.index(type(rule)) for rule in load_settings(EXAMPLES / "cabin.yaml").rules]

    assert order == sorted(order)


def test_first_start_observes() -> None:
    assert read(ISLAND).live is False
    assert read("mode: live\n" + ISLAND).live is True


def test_island_has_the_safe_lines() -> None:
    assert rule_of(ISLAND, BatteryLines) == BatteryLines(
        work_above_soc=0.60, standby_above_soc=0.40, shut_down_below_soc=0.20
    )


def test_battery_on_a_grid_feeds_no_work_until_its_owner_says_so() -> None:
    assert rule_of(HOME, BatteryLines) == BatteryLines(
        work_above_soc=None, standby_above_soc=0.25, shut_down_below_soc=0.10
    )


def test_default_standby_stays_above_the_generators_start() -> None:
    lines = rule_of(ISLAND + "generator: {starts_at: 50 %}\n", BatteryLines)

    assert lines.standby_above_soc == 0.55
    assert lines.work_above_soc == 0.60


def test_default_lines_stay_above_the_inverters_minimum() -> None:
    text = ISLAND.replace("10 kWh", "10 kWh, inverter_minimum: 45 %")
    lines = rule_of(text, BatteryLines)

    assert lines.shut_down_below_soc == 0.45
    assert lines.standby_above_soc == 0.50


def test_home_without_battery_has_no_lines() -> None:
    rules = read(HOME.replace("battery: {capacity: 10 kWh}\n", "")).rules

    assert not any(isinstance(rule, BatteryLines) for rule in rules)


def test_inverter_keeps_thirty_percent_free_by_default() -> None:
    rule = rule_of(ISLAND + "inverter: {continuous: 5 kW}\n", InverterRating)

    assert rule.keep_free_w == 1500.0


def test_hidden_sun_is_looked_for_only_where_panels_are_held_back() -> None:
    def looks(text: str) -> bool:
        return any(isinstance(rule, HiddenSun) for rule in read(text).rules)

    assert looks(ISLAND)
    assert not looks(ISLAND + "solar: {throttled_when_full: false}\n")
    assert not looks(HOME)
    assert looks(HOME + "grid: {export_at_most: 5 kW}\n")


def test_hidden_sun_takes_the_owners_steps() -> None:
    text = ISLAND + "solar: {hidden_sun: {step: 300 W, allowance: 0.1 kWh, wait: 10 min}}\n"

    assert rule_of(text, HiddenSun) == HiddenSun(step_w=300.0, allowance_wh=100.0, wait_s=600.0)


def test_work_counts_nominally_only_where_energy_has_no_price() -> None:
    assert rule_of(ISLAND, PlanRule).nominal_per_kwh == 0.10
    assert rule_of(HOME, PlanRule).nominal_per_kwh is None


def test_plan_assumes_a_battery_of_two_hours() -> None:
    assert read(HOME).max_discharge_w == 5000.0
    assert read(HOME.replace("10 kWh", "10 kWh, max_charge: 3 kW")).max_charge_w == 3000.0


def test_site_without_battery_has_none_to_plan_with() -> None:
    settings = read(HOME.replace("battery: {capacity: 10 kWh}\n", ""))

    assert (settings.max_charge_w, settings.max_discharge_w) == (0.0, 0.0)


def test_generator_may_feed_the_rig_when_the_owner_says_so() -> None:
    rule = rule_of(ISLAND + "generator: {may_feed_rig: true}\n", SupplyLoss)

    assert rule.generator_may_feed_rig is True


def test_devices_keep_their_names_and_defaults() -> None:
    (device,) = read(ISLAND).devices

    assert (device.device_id, device.host, device.port, device.unit) == (
        "gx",
        "192.168.8.20",
        None,
        None,
    )
    assert read(ISLAND).essential == ("gx",)
    assert read(ISLAND).expected_supply is Supply.ISLAND


def test_network_runs_where_bundled_work_needs_it() -> None:
    settings = read(ISLAND + "workloads: {miner: {bundled: miner}}\n")

    assert settings.workloads[0] == NETWORK_WORKLOAD
    assert settings.workloads[1].bundled is Bundled.MINER


def test_network_written_down_is_not_doubled() -> None:
    text = ISLAND + "workloads: {net: {bundled: network, port: 8600}, m: {bundled: miner}}\n"

    assert [each.name for each in read(text).workloads] == ["net", "m"]


def test_node_of_another_rig_is_watched() -> None:
    text = "network: http://127.0.0.1:9944/\nworkloads: {m: {bundled: miner}}\n"
    settings = read(ISLAND + text)

    assert settings.network == "http://127.0.0.1:9944"
    assert [each.name for each in settings.workloads] == ["chain", "m"]


def test_own_program_is_hands_off_and_bundled_work_is_free() -> None:
    text = ISLAND + "workloads: {a: {command: [/bin/a], gpus: [0]}, m: {bundled: miner}}\n"
    workloads = {each.name: each for each in read(text).workloads}

    assert workloads["a"].terms == Power(terms=PowerTerms.HANDS_OFF)
    assert workloads["m"].terms == Power(terms=PowerTerms.FREE)


def test_miner_takes_the_cards_that_nobody_else_names() -> None:
    text = ISLAND + "workloads: {a: {command: [/bin/a], gpus: [0, 2]}, m: {bundled: miner}}\n"
    workloads = {each.name: each for each in read(text).core_workloads}

    assert workloads["a"].gpu_ids == ("0", "2")
    assert workloads["m"].gpu_ids[:3] == ("1", "3", "4")
    assert workloads["chain"].gpu_ids == ()


def test_miner_may_be_told_to_take_no_card() -> None:
    (_, miner) = read(ISLAND + "workloads: {m: {bundled: miner, gpus: []}}\n").core_workloads

    assert miner.gpu_ids == ()


def test_own_program_carries_its_terms_and_worth() -> None:
    text = ISLAND + (
        "workloads:\n  a:\n    command: [/bin/a, --x]\n    env: {HOME: /srv}\n    gpus: all\n"
        "    power: {at_least: 150 W}\n    when_short: off\n    worth: 0.04 CHF/h\n"
    )
    settings = read(text)
    (work,) = settings.core_workloads

    assert settings.workloads[0].command == ("/bin/a", "--x")
    assert settings.workloads[0].env == (("HOME", "/srv"),)
    assert (work.terms, work.at_least_w) == (PowerTerms.AT_LEAST, 150.0)
    assert (work.keep_alive, work.worth_per_h) == (False, 0.04)
    assert len(work.gpu_ids) == 64


def test_token_stands_in_no_picture_of_the_settings() -> None:
    settings = read(ISLAND + "api: {tcp: '127.0.0.1:7421', token: sesame-open-sesame}\n")

    assert settings.api.token == "sesame-open-sesame"
    assert "sesame" not in repr(settings)


def test_all_problems_are_named_at_once_in_order_of_lines() -> None:
    text = (
        "mode: watch\n"
        "sitee: {}\n"
        "site:\n"
        "  latitude: 146.81\n"
        "  timezone: Europe/Zurch\n"
        "  supply: offgrid\n"
        "devices:\n"
        "  gx: {profil: victron-gx, host: 'tcp://192.168.8.20', port: 70000}\n"
        "battery:\n"
        "  capacity: 10\n"
        "  standby_above: 140 %\n"
        "  steered_by: evcc\n"
        "rig: {idle: .inf}\n"
        "network: finney\n"
    )

    assert problems(text) == [
        "s.yaml:1: mode watch is not known; known here: live, observe",
        's.yaml:2: sitee is not a key here; did you mean "site"?',
        "s.yaml:3: site.longitude is missing; write it like longitude: 46.81",
        "s.yaml:4: site.latitude 146.81 is outside -90..90°",
        's.yaml:5: site.timezone Europe/Zurch is no time zone; did you mean "Europe/Zurich"?',
        's.yaml:6: site.supply offgrid is not known; did you mean "off-grid"?',
        "s.yaml:8: devices.gx.profile is missing; write it like profile: victron-gx",
        's.yaml:8: devices.gx.profil is not a key here; did you mean "profile"?',
        's.yaml:8: devices.gx.host "tcp://192.168.8.20" is not a host name or an address',
        "s.yaml:8: devices.gx.port 70000 is outside 1..65535",
        "s.yaml:10: battery.capacity 10 has no unit; did you mean 10 kWh?",
        "s.yaml:11: battery.standby_above 140 % is outside 0..100 %",
        "s.yaml:12: battery.steered_by evcc is not built yet: batteries that another program "
        "steers",
        "s.yaml:13: .inf is not a finite number",
        "s.yaml:14: network finney is not built yet: a real network; its miners run as workloads "
        "of yours, by `command` or `external`, and need no `network` here",
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("inverter: {continuous: 4 kWh}", '"4 kWh" is an energy, not a power'),
        ("inverter: 4 kW", "inverter is 4 kW; write `continuous: 6.4 kW` below it"),
        ("generator: {may_feed_rig: no}", "neither true nor false; did you mean false?"),
        ("generator: {may_feed_rig: 1}", "neither true nor false; write true or false"),
        ("generator: {starts_at: [1]}", "starts_at is a list; write a share like 30 %"),
        (
            "rig: {gpus: {0: {at_most: 1 W}}}",
            "rig.gpus.0 is not a key here; one card stands under single: "
            "`gpus: {single: {2: {at_most: 200 W}}}`",
        ),
        (
            "rig: {gpus: {single: {70: {at_most: 200 W}}}}",
            '"70" is no name: the number of a card, as `solard gpu list` shows it',
        ),
        (
            "rig: {gpus: {all: {at_mots: 1 W}}}",
            'at_mots is not a key here; did you mean "at_most"?',
        ),
        (
            "rig: {when_blind: {standby_after: 5 min, stop_after: 2 min}}",
            "standby_after 5 min is longer than stop_after 2 min: work would stop before it",
        ),
        ("rig: {gpus: 280 W}", "rig.gpus 280 W is not a mapping; write `gpus: {all: …}`"),
        ("rig: {idle: }", "rig.idle has no value; write a power like 6.4 kW"),
        (
            "network: http://10.0.0.5",
            "network is no node; write http://HOST:PORT, as in http://10.0.0.5:9944",
        ),
        ("network: http://10.0.0.5:99999", "network is no node; write http://HOST:PORT"),
        ("network: http://me:secret@10.0.0.5:9944", "network is no node; write http://HOST:PORT"),
        ("network: 5", "network 5 is not known; known here: embedded, none"),
        ("jobs: {a: {}}", "jobs.a.command is missing; write it like command: list of text"),
        ("hooks: {alert: notify}", "hooks.alert notify is not a list; write [notify]"),
        ("hooks: {alert: []}", "hooks.alert is an empty list"),
        ("hooks: {alert: [5]}", 'hooks.alert[0] 5 is not text; put it in quotes: "5"'),
        ("hooks: {alert: [[a]]}", "hooks.alert[0] is a list; write one line of text"),
        ("hooks: {alert: [~]}", "hooks.alert[0] has no value; write one line of text"),
        ("api: {tcp: nowhere}", '"nowhere" is not an address and a port like 127.0.0.1:7421'),
        ("api: {token: short}", "api.token is not a token of 16 to 200 characters, no spaces"),
        ("workloads: [a]", "workloads a list is not a mapping; write `NAME: …` lines below it"),
        ("workloads: {A: {bundled: miner}}", 'workloads.A "A" is no name: use lower-case'),
        ("workloads: {m: {bundled: minor}}", 'bundled minor is not known; did you mean "miner"?'),
        ("workloads: {m: {bundled: miner, subnets: [T]}}", '"T" is not a subnet, such as sunlight'),
        ("workloads: {m: {bundled: miner, port: web}}", "port web is not a whole number"),
        ("workloads: {m: {bundled: miner, port: {}}}", "port is a mapping; write a whole number"),
        ("workloads: {m: {bundled: miner, gpus: [0, 0]}}", "gpus names a card twice"),
        ("workloads: {m: {bundled: miner, gpus: [70]}}", "gpus[0] 70 is outside 0..63"),
        ("workloads: {m: {bundled: miner, gpus: 0}}", "gpus 0 is not a list; write [0]"),
        ("workloads: {m: {bundled: miner, power: {at_lest: 1 W}}}", "at_lest is not a key here"),
        ("workloads: {m: {bundled: miner, power: gratis}}", "power gratis is not known"),
        ("workloads: {m: {bundled: miner, worth: 2 CHF/kWh}}", "is per kWh, not per h"),
        ("workloads: {m: {bundled: miner, worth: 2000 CHF/h}}", "is outside 0..1000 CHF/h"),
        ("grid: {rig_phase: 2}", 'grid.rig_phase 2 is not known; did you mean "L2"?'),
        ("grid: {fuse: {}}", "grid.fuse is a mapping; write a value like 3 x 35 A"),
        ("tariff: {import: {windows: [{between: 22:00, price: 1 EUR/kWh}]}}", "no"),
        (
            "tariff: {import: {fixed: 1 EUR/kWh}, when_missing: 1 EUR/kWh}",
            "tariff.when_missing means nothing beside import.fixed",
        ),
        ("tariff: {import: {source: energy-charts}}", "energy-charts needs tariff.import.zone"),
        ("tariff: {import: {source: http}}", "tariff.import.source http needs tariff.import.url"),
        ("tariff: {import: {zone: DE-LU}}", "tariff.import.zone means nothing while there is no"),
        (
            "tariff: {import: {source: energy-charts, zone: CH, add: 0.1 CHF/kWh}}",
            "tells prices in EUR, but this file counts in CHF",
        ),
        ("tariff: {export: {source: spot}}", "but tariff.import.source names none"),
        ("forecast: {source: open-metro}", 'open-metro is not known; did you mean "open-meteo"?'),
        ("forecast: {source: http}", "forecast.source http needs forecast.url"),
        ("forecast: {source: file}", "forecast.source file needs forecast.file"),
        ("forecast: {url: 'https://x.example/f'}", "forecast.url is not asked with"),
        ("forecast: {token: abc}", "forecast.token is not used with"),
        ("forecast: {file: sun.csv}", "forecast.file is not read with `source: clear-sky`"),
        ("forecast: {source: http, url: x.example}", "is not an address that begins with http"),
        ("forecast: {ask_every: 10 s}", "forecast.ask_every 10 s is outside 5 min .. 1 day"),
        ("store: {write_every: 1 min}", "store.write_every 1 min is outside 1 s .. 10 s"),
    ],
)
def test_wrong_value_gets_a_sentence(line: str, sentence: str) -> None:
    said = problems(f"{ISLAND}{line}\n")

    assert said
    assert all(each.startswith("s.yaml:5: ") for each in said)
    assert sentence in "\n".join(said)


def test_two_currencies_are_refused() -> None:
    text = HOME + "tariff: {import: {fixed: 0.3 EUR/kWh}, export: {fixed: 0.1 CHF/kWh}}\n"

    assert problems(text) == [
        "s.yaml:5: tariff.export.fixed is in CHF, but another price is in EUR; use one currency"
    ]


def test_empty_file_says_what_is_missing() -> None:
    said = problems("")

    assert any("site is missing" in each for each in said)
    assert any("devices is missing" in each for each in said)


def test_file_that_is_no_mapping_says_so() -> None:
    assert problems("- a\n") == [
        "s.yaml:1: this is no configuration; write sections like `site: {latitude: …}`"
    ]


def test_unknown_profile_gets_the_nearest() -> None:
    path = EXAMPLES / "cabin.yaml"

    with pytest.raises(
        ConfigInvalid, match=r'victron-gx is no profile; did you mean "victron-gz"\?'
    ):
        load_settings(path, profiles=("victron_gz", "sunspec"))


def test_loading_settings_loads_no_other_room() -> None:
    code = (
        "import sys, solard.config.load, solard.config.explain\n"
        "heavy = {'pvlib', 'highspy', 'textual', 'sqlalchemy', 'aiohttp', 'pymodbus'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.returncode == 0
