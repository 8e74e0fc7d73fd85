"""Schedules and deadlines of jobs, as people write them."""

import re

from solard.config.quantities import QuantityInvalid, read_minute
from solard.config.reader import Plain
from solard.core.job_template import LocalMoment

WORDS = {
    "hour": "0 * * * *",
    "day": "0 0 * * *",
    "week": "0 0 * * mon",
    "month": "0 0 1 * *",
}
"""`every: week` is Monday at midnight, local time."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SCHEDULE_EXAMPLE = 'day, week, or "0 6 * * sun"'
DEADLINE_EXAMPLE = '"16:00" or "Sun 16:00"'

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", None, None, WEEKDAYS),
)
_ITEM = re.compile(r"(\*|([a-z]+|[0-9]+)(-([a-z]+|[0-9]+))?)(/([1-9][0-9]?))?")


def read_schedule(value: Plain) -> str:
    """Return five fields of cron; raise QuantityInvalid with what to write instead."""
    if not isinstance(value, str):
        raise QuantityInvalid(f"{value} is no schedule; write {SCHEDULE_EXAMPLE}")
    text = " ".join(value.lower().split())
    if text in WORDS:
        return WORDS[text]
    fields = text.split(" ")
    if len(fields) != len(_FIELDS):
        raise QuantityInvalid(f'"{value}" is no schedule; write {SCHEDULE_EXAMPLE}')
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for item in field.split(","):
            _check(item, name, low, high, words)
    return text


def read_deadline(value: Plain) -> LocalMoment:
    """Return the time of the day, and perhaps of one weekday, that `Sun 16:00` names."""
    if not isinstance(value, str):
        raise QuantityInvalid(f"{value} is no deadline; write it like {DEADLINE_EXAMPLE}")
    day, _, clock = value.strip().rpartition(" ")
    if not day:
        return LocalMoment(minute=read_minute(clock))
    weekday = day.strip().lower()[:3]
    if weekday not in WEEKDAYS:
        raise QuantityInvalid(f'"{day}" is no day of the week; write it like {DEADLINE_EXAMPLE}')
    return LocalMoment(minute=read_minute(clock), weekday=WEEKDAYS.index(weekday))


def _check(item: str, name: str, low: int | None, high: int | None, words: tuple[str, ...]) -> None:
    """Refuse what no program would fire on; days of the week are words, as 0 differs by program."""
    match = _ITEM.fullmatch(item)
    if match is None:
        raise QuantityInvalid(f'"{item}" is no {name}; write {SCHEDULE_EXAMPLE}')
    for part in (match[2], match[4]):
        if part is None or part in words:
            continue
        if not part.isdecimal() or low is None or high is None:
            raise QuantityInvalid(f'"{part}" is no {name}; write one of {", ".join(words)}')
        if not low <= int(part) <= high:
            raise QuantityInvalid(f'"{part}" is no {name}: it runs from {low} to {high}')
