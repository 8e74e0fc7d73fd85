"""Keys that are each right and together make no sense are named with their line."""

import pytest

from tests.config.yamls import HOME, ISLAND, problems

FULL = (
    "site: {latitude: 46.81, longitude: 9.84, timezone: Europe/Zurich, supply: off-grid}\n"
    "devices: {gx: {profile: victron-gx, host: 192.168.8.20}}\n"
    "inverter: {continuous: 4 kW, keep_free: 1.5 kW}\n"
    "battery: {capacity: 10 kWh, work_above: 60 %}\n"
    "rig: {gpus: {all: {at_most: 280 W}}}\n"
    "policies:\n"
)


def of_battery(keys: str) -> list[str]:
    return problems(ISLAND.replace("10 kWh", f"10 kWh, {keys}"))


def of_policies(*policies: str) -> list[str]:
    return problems(FULL + "".join(f"  - {policy}\n" for policy in policies))


def test_standby_below_shut_down_is_named() -> None:
    assert of_battery("standby_above: 20 %, shut_down_below: {soc: 30 %}") == [
        "s.yaml:4: battery.standby_above 20 % must lie above battery.shut_down_below.soc 30 %"
    ]


def test_standby_below_the_default_shut_down_says_that_it_is_the_default() -> None:
    assert of_battery("standby_above: 15 %") == [
        "s.yaml:4: battery.standby_above 15 % must lie above battery.shut_down_below.soc 20 % "
        "(the safe default)"
    ]


def test_work_below_standby_is_named() -> None:
    assert of_battery("work_above: 35 %, standby_above: 40 %") == [
        "s.yaml:4: battery.work_above 35 % lies below battery.standby_above 40 %; "
        "the order is work, standby, shut down"
    ]


def test_line_below_the_inverters_minimum_is_named() -> None:
    assert of_battery("inverter_minimum: 25 %, shut_down_below: {soc: 20 %}") == [
        "s.yaml:4: battery.shut_down_below.soc 20 % lies below battery.inverter_minimum 25 %: "
        "the inverter would cut the rig off first"
    ]


def test_standby_that_starts_the_generator_is_named() -> None:
    text = ISLAND.replace("10 kWh", "10 kWh, standby_above: 32 %")

    assert problems(text + "generator: {starts_at: 30 %}\n") == [
        "s.yaml:4: battery.standby_above 32 % must be at least generator.starts_at 30 % + 5 %, "
        "or the rig starts it"
    ]


def test_refused_line_causes_no_second_problem() -> None:
    assert of_battery("standby_above: 400 %, shut_down_below: {soc: 50 %}") == [
        "s.yaml:4: battery.standby_above 400 % is outside 0..100 %"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            ISLAND + "inverter: {continuous: 4 kW, keep_free: 4 kW}\n",
            "s.yaml:5: inverter.keep_free 4 kW leaves nothing of inverter.continuous 4 kW",
        ),
        (
            ISLAND + "inverter: {keep_free: 1 kW}\n",
            "s.yaml:5: inverter.keep_free means nothing without inverter.continuous",
        ),
        (
            ISLAND.replace("battery: {capacity: 10 kWh}\n", ""),
            "s.yaml:1: site.supply off-grid needs a battery: section; its lines guard it",
        ),
        (
            ISLAND + "grid: {import_at_most: 5 kW}\n",
            "s.yaml:5: grid: stands beside `supply: off-grid`; an AC input is a generator there",
        ),
        (
            HOME.replace("supply: grid", "supply: grid, work_on_island: true"),
            "s.yaml:1: site.work_on_island needs `supply: grid-with-backup`: no backup, no island",
        ),
        (
            HOME + "grid: {fuse: 35 A, rig_phase: L2}\n",
            "s.yaml:5: grid.rig_phase needs a fuse with three phases: fuse: 3 x 35 A",
        ),
        (
            HOME.replace("devices:\n", "devices:\n  a: {profile: sunspec, host: 192.168.1.50}\n"),
            "s.yaml:4: devices a and meter are one: 192.168.1.50, same unit",
        ),
        (
            HOME.replace("50}", "50, essential: false}"),
            "s.yaml:2: no device is essential: sun and load must come from somewhere",
        ),
        (
            HOME + "api: {tcp: '0.0.0.0:7421'}\n",
            "s.yaml:5: api.tcp needs api.token: without one anybody on the network is the owner",
        ),
        (
            HOME + "api: {tcp: '0.0.0.0:99999', token: abcdefghijklmnop}\n",
            "s.yaml:5: api.tcp 0.0.0.0:99999: the port is outside 1..65535",
        ),
        (
            HOME + "workloads: {a: {gpus: [0]}}\n",
            "s.yaml:5: workloads.a runs nothing; write `bundled: miner` or "
            "`command: [/path/to/program]`",
        ),
        (
            HOME + "workloads: {a: {bundled: miner, command: [x]}}\n",
            "s.yaml:5: workloads.a has both bundled and command; delete one",
        ),
        (
            HOME + "network: none\nworkloads: {a: {bundled: miner}}\n",
            "s.yaml:6: workloads.a needs a network, and network is none",
        ),
        (
            HOME + "workloads: {a: {bundled: network}, b: {bundled: network}}\n",
            "s.yaml:5: workloads a and b are both the network",
        ),
        (
            HOME + "network: http://10.0.0.5:9944\nworkloads: {a: {bundled: network}}\n",
            "s.yaml:6: workloads.a makes a network, and network names the node "
            "http://10.0.0.5:9944; delete one of them",
        ),
        (
            HOME + "network: http://10.0.0.5:9944\nworkloads: {a: {bundled: miner}}\n",
            "s.yaml:6: workloads.a listens on 127.0.0.1, where no validator of another rig can "
            "ask it; write listen: with the address that this machine has for "
            "http://10.0.0.5:9944",
        ),
        (
            HOME + "workloads: {a: {bundled: miner, listen: 0.0.0.0}}\n",
            "s.yaml:5: workloads.a announces 0.0.0.0, where nobody finds it; "
            "write one address of this machine",
        ),
        (
            HOME + "workloads: {a: {bundled: miner, listen: 10.0.0}}\n",
            "s.yaml:5: workloads.a says listen 10.0.0, which is no IP address; "
            "write one of this machine: 10.0.0.6",
        ),
        (
            HOME + "workloads: {a: {bundled: validator, listen: 10.0.0.6}}\n",
            "s.yaml:5: workloads.a says listen 10.0.0.6, but answers nobody; delete listen",
        ),
        (
            HOME + "workloads: {a: {bundled: network, listen: 0.0.0.0}}\n",
            "s.yaml:5: workloads.a listens on 0.0.0.0 for other rigs, "
            "which cannot know its port; write port: 9944",
        ),
        (
            HOME + "workloads: {chain: {bundled: miner}}\n",
            "s.yaml:5: workloads.chain takes the name of the embedded network's own workload",
        ),
        (
            HOME + "workloads: {a: {command: [x], power: {at_least: 150 W}}}\n",
            "s.yaml:5: workloads.a says at_least for its cards, but has none; write gpus: [0]",
        ),
        (
            HOME
            + "rig: {gpus: {all: {at_most: 100 W}}}\n"
            + "workloads: {a: {command: [x], gpus: [0], power: {at_least: 150 W}}}\n",
            "s.yaml:6: workloads.a wants 150 W a card, but rig.gpus.all.at_most is 100 W",
        ),
        (
            HOME
            + "workloads:\n  a: {command: [x], gpus: [0, 1]}\n"
            + "  b: {bundled: miner, gpus: [1, 2]}\n",
            "s.yaml:7: workloads.b uses GPU 1 as well, and a is hands off: nobody else may use its",
        ),
    ],
)
def test_contradiction_is_named(text: str, sentence: str) -> None:
    (said,) = problems(text)

    assert said.startswith(sentence)


def test_two_hands_off_programs_on_one_card_are_named_once() -> None:
    text = HOME + "workloads: {a: {command: [x], gpus: [3, 4]}, b: {command: [y], gpus: [3]}}\n"

    assert problems(text) == [
        "s.yaml:5: workloads.b uses GPU 3 as well, and a is hands off: "
        "nobody else may use its cards"
    ]


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (
            "{rig: {at_least: 600 W, at_most: 400 W}}",
            "wants at least 600 W and at most 400 W",
        ),
        (
            "{rig: {mode: standby, at_least: 600 W}}",
            "wants at least 600 W of a rig that it puts to standby",
        ),
        (
            "{rig: {at_least: 3 kW}}",
            "wants at least 3 kW, but the inverter gives 2.5 kW",
        ),
        (
            "{keep_free: 4 kW}",
            "keep_free 4 kW leaves nothing of inverter.continuous 4 kW",
        ),
        (
            "{work_above: 40 %}",
            "would widen battery.work_above from 60 % with work_above 40 %; a policy may only "
            "narrow; put the exception under `unless` of the policy that it shall escape",
        ),
        (
            "{keep_free: 1 kW}",
            "would widen inverter.keep_free from 1.5 kW with keep_free 1 kW; a policy may only",
        ),
        (
            "{each_gpu: {at_most: 300 W}}",
            "would widen rig.gpus.all.at_most from 280 W with each_gpu 300 W; a policy may only",
        ),
    ],
)
def test_policy_that_contradicts_or_widens_is_named(action: str, sentence: str) -> None:
    (said,) = of_policies(f"{{name: p, do: {action}}}")

    assert said.startswith(f's.yaml:7: policy "p" {sentence}')


def test_policy_that_wants_full_work_is_told_to_use_unless() -> None:
    assert of_policies("{name: p, do: {rig: full}}") == [
        "s.yaml:7: policies[0].do.rig full would widen; a policy may only narrow; put the "
        "exception under `unless` of the policy that it shall escape"
    ]


def test_two_policies_of_one_name_are_named() -> None:
    assert of_policies("{name: p, do: {rig: off}}", "{name: p, do: {rig: eco}}") == [
        's.yaml:8: policy "p" stands here twice; give each policy a name of its own'
    ]


def test_policies_that_clash_under_the_same_conditions_are_named() -> None:
    night = "when: {time: {between: '22:00-07:00'}}"

    assert of_policies(
        f"{{name: low, {night}, do: {{rig: {{at_most: 300 W}}}}}}",
        f"{{name: high, {night}, do: {{rig: {{at_least: 600 W}}}}}}",
        f"{{name: none, {night}, do: {{rig: off}}}}",
    ) == [
        's.yaml:8: policy "high" contradicts: at least 600 W, at most 300 W under the same '
        'conditions as "low"',
        's.yaml:9: policy "none" contradicts: at least 600 W, but off under the same conditions '
        'as "high"',
    ]


def test_policies_at_different_times_do_not_clash() -> None:
    assert not of_policies(
        "{name: a, when: {time: {between: '22:00-07:00'}}, do: {rig: {at_most: 300 W}}}",
        "{name: b, when: {time: {between: '07:00-22:00'}}, do: {rig: {at_least: 600 W}}}",
    )


def test_policy_on_what_is_not_written_down_is_named() -> None:
    bare = HOME.replace("battery: {capacity: 10 kWh}\n", "")
    policies = "policies: [{name: p, do: {work_above: 80 %, keep_free: 1 kW}}]\n"

    assert problems(bare + policies) == [
        's.yaml:4: policy "p" has work_above, but there is no battery: section',
        's.yaml:4: policy "p" keeps some of the inverter free, but inverter.continuous is not '
        "written",
    ]


def test_work_line_where_the_battery_feeds_no_work_is_named() -> None:
    assert problems(HOME + "policies: [{name: p, do: {work_above: 80 %}}]\n") == [
        's.yaml:5: policy "p" has work_above, but the battery feeds no work here until '
        "battery.work_above says so"
    ]


def test_policy_that_would_import_more_than_the_grid_allows_is_named() -> None:
    text = HOME + (
        "grid: {import_at_most: 2 kW}\n"
        "policies: [{name: p, do: {import_for_rig: {at_most: 3 kW}}}]\n"
    )

    assert problems(text)[0].startswith(
        's.yaml:6: policy "p" would widen grid.import_at_most from 2 kW with import_for_rig 3 kW'
    )


def test_sleep_without_leave_to_sleep_is_named() -> None:
    text = ISLAND + "rig: {when_blind: {sleep_after: 10 min}}\n"

    assert problems(text) == [
        "s.yaml:5: rig.when_blind.sleep_after needs leave to sleep: "
        "write `rig: {sleep: {method: rtcwake}}` too"
    ]
    assert problems(text.replace("rig: {", "rig: {sleep: {method: rtcwake}, ")) == []
