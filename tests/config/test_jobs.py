"""`jobs:` as people write it, and what is wrong with it by line."""

import pytest

from solard.config.quantities import QuantityInvalid
from solard.config.schedules import read_deadline, read_schedule
from solard.core.job_template import LocalMoment
from tests.config.yamls import HOME, problems, read

RETRAIN = "  retrain: {command: [/opt/train.sh], every: week, "


def of(keys: str) -> list[str]:
    return problems(f"{HOME}jobs:\n{RETRAIN}{keys}}}\n")


def test_a_job_is_read_with_safe_defaults() -> None:
    text = 'gpus: 2, duration: 3 h, deadline: "Sun 16:00", value: 0.60 CHF/job'

    (job,) = read(f"{HOME}jobs:\n{RETRAIN}{text}}}\n").jobs

    assert job.cron == "0 0 * * mon"
    assert job.deadline == LocalMoment(minute=960, weekday=6)
    assert (job.spec.name, job.spec.cards, job.spec.power_w) == ("retrain", 2, 600.0)
    assert (job.spec.duration_s, job.spec.value) == (10800.0, 0.60)
    assert (job.spec.mandatory, job.spec.interruptible, job.spec.retries) == (False, True, 0)
    assert (job.spec.checkpoint_signal, job.spec.grace_s) == ("SIGTERM", 60.0)


def test_energy_stands_for_a_duration() -> None:
    text = f"{HOME}jobs:\n{RETRAIN}power: 500 W, energy: 1 kWh}}\n"

    assert read(text).jobs[0].spec.duration_s == 7200.0


def test_a_name_with_an_underscore_becomes_one_of_a_unit() -> None:
    text = f"{HOME}jobs:\n  fine_tune: {{command: [/opt/tune.sh], every: day, duration: 4 h}}\n"

    assert read(text).jobs[0].spec.name == "fine-tune"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("gpus: 1", "jobs.retrain needs either duration or energy, such as `duration: 3 h`"),
        ("duration: 3 h, energy: 1 kWh", "needs either duration or energy"),
        (
            'duration: 3 h, deadline: "16:00", within: 8 h',
            "jobs.retrain.within stands beside deadline; keep one of them",
        ),
        (
            "duration: 3 h, optional: false",
            "jobs.retrain is not optional and has no deadline; write deadline or within",
        ),
        ("duration: 3 h, retries: 101", "jobs.retrain.retries 101 is outside 0..100"),
        (
            "duration: 3 h, within: 1 day, optional: false, pay_at_most: 0.1 EUR/kWh",
            "pay_at_most beside `optional: false` means nothing",
        ),
    ],
)
def test_a_contradiction_is_said_with_its_line(keys: str, sentence: str) -> None:
    (problem,) = of(keys)

    assert problem.startswith("s.yaml:6: ")
    assert sentence in problem


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("day", "0 0 * * *"),
        ("Month", "0 0 1 * *"),
        ("*/15 6-18 * jan,feb mon-fri", "*/15 6-18 * jan,feb mon-fri"),
    ],
)
def test_a_schedule_is_a_word_or_five_fields(text: str, cron: str) -> None:
    assert read_schedule(text) == cron


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fortnight", '"fortnight" is no schedule; write day, week, or "0 6 * * sun"'),
        (7, "7 is no schedule"),
        ("0 25 * * *", '"25" is no hour: it runs from 0 to 23'),
        ("0 6 * * 0", '"0" is no day of the week; write one of mon, tue'),
        ("0 6 * foo *", '"foo" is no month; write one of jan'),
        ("x! 6 * * *", '"x!" is no minute'),
    ],
)
def test_what_is_no_schedule_says_how_to_write_one(text: object, sentence: str) -> None:
    with pytest.raises(QuantityInvalid) as refused:
        read_schedule(text)  # type: ignore[arg-type]

    assert sentence in str(refused.value)


def test_a_deadline_is_a_time_and_perhaps_a_day() -> None:
    assert read_deadline("16:00") == LocalMoment(minute=960)
    assert read_deadline("Sunday 16:00") == LocalMoment(minute=960, weekday=6)
    with pytest.raises(QuantityInvalid, match='"Foo" is no day of the week'):
        read_deadline("Foo 16:00")
    with pytest.raises(QuantityInvalid, match="960 is no deadline"):
        read_deadline(960)
