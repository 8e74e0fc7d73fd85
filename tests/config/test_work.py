"""Workloads of others in the file: what they become, and what makes no sense."""

import pytest

from solard.app.workloads import other_spec
from solard.core.modes import WorkMode
from solard.core.work import ActionKind, Keeper, RateKind, WorkSpec
from tests.config.yamls import ISLAND, problems, read


def spec(keys: str) -> WorkSpec:
    settings = read(f"{ISLAND}workloads:\n  m: {{{keys}}}\n")
    return other_spec(settings.workloads[0])


def said(keys: str, more: str = "") -> list[str]:
    lines = problems(f"{ISLAND}workloads:\n  m: {{{keys}}}\n{more}")
    assert all(line.startswith("s.yaml:6: workloads.m") for line in lines), lines
    return [line.removeprefix("s.yaml:6: workloads.m").lstrip(".").strip() for line in lines]


def test_whole_description_becomes_what_is_run() -> None:
    one = spec(
        "command: [/opt/run, --x], directory: /opt, user: sn64, ports: [8091], grace: 30 s, "
        "answer_within: 8 s, health: {http: 'http://127.0.0.1:8091/', fails: 5, every: 1 min}, "
        "rate: {log: 'rate: (.*)', counter: true, unit: MH/s}, "
        "restart: {first: 2 s, last: 1 min, park_after: 5}, "
        "caps: {memory: 1.5 GiB, cpu: 2.5, tasks: 64}"
    )

    assert (one.command, one.directory, one.user) == (("/opt/run", "--x"), "/opt", "sn64")
    assert (one.ports, one.grace_s, one.answer_within_s) == ((8091,), 30.0, 8.0)
    assert one.health is not None
    assert (one.health.url, one.health.fails) == ("http://127.0.0.1:8091/", 5)
    assert one.rate is not None
    assert (one.rate.kind, one.rate.is_counter, one.rate.unit) == (RateKind.LOG, True, "MH/s")
    assert (one.restart.first_s, one.restart.last_s, one.restart.park_after) == (2.0, 60.0, 5)
    caps = one.caps
    assert (caps.memory_bytes, caps.cpu_cores, caps.tasks) == (1_610_612_736, 2.5, 64)


@pytest.mark.parametrize(
    ("worth", "per_h"),
    [
        ("0.04 EUR/h", 0.04),
        ("{from: chain, at_most: 0.10 EUR/h, when_price_unknown: 0.02 EUR/h}", 0.02),
        ("{from: chain, when_price_unknown: 0 EUR/h}", 0.0),
        ("{from: chain, at_most: 0.10 EUR/h}", None),
    ],
)
def test_work_whose_tokens_have_no_price_counts_what_the_owner_says(
    worth: str, per_h: float | None
) -> None:
    settings = read(f"{ISLAND}workloads:\n  m: {{command: [m], worth: {worth}}}\n")

    assert settings.workloads[0].worth_per_h == per_h


def test_worth_from_elsewhere_or_above_its_own_limit_is_refused() -> None:
    (text,) = said("command: [m], worth: {from: taostats}")
    assert "worth.from" in text
    assert "chain" in text
    (text,) = said(
        "command: [m], worth: {from: chain, at_most: 1 EUR/h, when_price_unknown: 2 EUR/h}"
    )
    assert "counts more when no price is known than at_most allows" in text


def test_program_is_shown_its_own_cards_and_no_others() -> None:
    assert dict(spec("command: [m], gpus: [2, 0]").env)["CUDA_VISIBLE_DEVICES"] == "2,0"
    assert spec("command: [m], gpus: all").env == ()
    told = spec('command: [m], gpus: [2], env: {CUDA_VISIBLE_DEVICES: "GPU-7"}').env
    assert told == (("CUDA_VISIBLE_DEVICES", "GPU-7"),)


def test_modes_are_words_or_one_of_three_mappings() -> None:
    one = spec(
        "command: [m], modes: {full: limit, eco: {signal: SIGUSR2}, "
        "standby: {http: 'http://h/m', method: PUT, body: tiny}, off: freeze}"
    )

    kinds = {mode: action.kind for mode, action in one.modes}
    assert kinds == {
        WorkMode.FULL: ActionKind.LIMIT,
        WorkMode.ECO: ActionKind.SIGNAL,
        WorkMode.STANDBY: ActionKind.HTTP,
        WorkMode.OFF: ActionKind.FREEZE,
    }
    told = dict(one.modes)[WorkMode.STANDBY]
    assert (told.url, told.method, told.body) == ("http://h/m", "PUT", "tiny")


@pytest.mark.parametrize(
    ("keys", "keeper", "name"),
    [
        ("pm2: sn8-miner", Keeper.PM2, "sn8-miner"),
        ("docker: subtensor", Keeper.DOCKER, "subtensor"),
        ("systemd: sn8.service", Keeper.SYSTEMD, "sn8.service"),
        ("pid_file: /run/m.pid", Keeper.PID_FILE, "/run/m.pid"),
        ("pm2: m, pid_file: /run/m.pid", Keeper.PM2, "m"),
    ],
)
def test_external_program_has_one_supervisor(keys: str, keeper: Keeper, name: str) -> None:
    external = spec(f"external: {{{keys}}}").external

    assert external is not None
    assert (external.keeper, external.name) == (keeper, name)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (
            "command: [m], external: {pm2: m}",
            "has both command and external; delete one",
        ),
        ("external: {}", "says external, but not who runs it; write pm2, docker, systemd or "),
        ("external: {pm2: m, docker: m}", "names pm2 and docker as its supervisor; one program"),
        (
            "external: {pm2: m}, caps: {tasks: 5}",
            "is external: caps is for its own supervisor to set; delete caps",
        ),
        (
            "external: {pm2: m}, modes: {full: {command: [m]}}",
            "is external: its command is its owner's; use signal, http or stop in modes",
        ),
        ("command: [m], modes: {full: {}}", "modes.full needs exactly one of signal, http and"),
        (
            "command: [m], modes: {full: {signal: SIGKILL}}",
            'modes.full.signal "SIGKILL" is not SIGUSR1 or SIGUSR2',
        ),
        ("command: [m], modes: {ful: limit}", 'modes.ful is not a key here; did you mean "full"?'),
        (
            "command: [m], answer_within: 8 s",
            "says answer_within, but nobody asks it anything; write "
            "health: {http: http://127.0.0.1:8091/health}, "
            "or for an axon health: {self_query: {port: 8091}}",
        ),
        ("command: [m], rate: {}", "needs exactly one of rate.log, rate.http and"),
        ("command: [m], rate: {http: 'http://h/'}", "says rate.http, but not where in the answer;"),
        ("command: [m], rate: {log: rate}", "says rate.log without a group around the number;"),
        ('command: [m], rate: {log: "(("}', 'rate.log "((" is no regular expression: '),
        ("command: [m], health: {draw_above: 50 W}", "says health.draw_above, but has no cards;"),
        ("command: [m], caps: {memory: 24}", "caps.memory 24 has no unit; "),
        ("command: [m], restart: {first: 1 min, last: 1 s}", "says restart.last below"),
        ("bundled: miner, modes: {off: stop}", "is bundled and tells modes by itself;"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(keys: str, text: str) -> None:
    lines = said(keys)

    assert len(lines) == 1, lines
    assert lines[0].startswith(text), lines[0]


def test_two_workloads_on_one_port_are_named() -> None:
    lines = problems(
        f"{ISLAND}workloads:\n  a: {{command: [a], ports: [1, 2]}}\n"
        "  b: {command: [b], ports: [2]}\n"
    )

    assert lines == ["s.yaml:7: workloads.b listens on port 2, and so does a"]


def test_hands_off_is_what_others_get_and_their_cards_host_nothing_else() -> None:
    work = "workloads:\n  a: {command: [a], gpus: [0]}\n  b: {command: [b], gpus: [0]}\n"

    (line,) = problems(ISLAND + work)

    assert line.startswith("s.yaml:7: workloads.b uses GPU 0 as well, and a is hands off: nobody")


@pytest.mark.parametrize(
    ("keys", "limit_only"),
    [
        ("command: [a]", True),
        ("command: [a], modes: {full: limit, off: stop}", True),
        ("command: [a], modes: {standby: freeze}", False),
        ("command: [a], modes: {full: {signal: SIGUSR1}}", False),
        ("bundled: network", False),
    ],
)
def test_work_without_a_standby_of_its_own_is_known(keys: str, limit_only: bool) -> None:
    (work,) = read(f"{ISLAND}workloads: {{m: {{{keys}}}}}\n").core_workloads

    assert work.limit_only is limit_only
