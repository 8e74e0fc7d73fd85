"""When templates make jobs: cron in the site's local time, read by apscheduler."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from solard.core.errors import SolardError
from solard.core.job_template import JobTemplate, LocalMoment

NEVER = timedelta(days=36500)
"""A schedule such as 30 February is due in a hundred years."""
DAYS_AHEAD = 8
"""Any weekday comes within them."""


class ScheduleInvalid(SolardError):
    """A schedule that is not five fields of cron."""


class JobCalendar:
    """Local time of one site; days of 23 and 25 hours are what they are there."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def next_due(self, template: JobTemplate, after: datetime) -> datetime:
        """Return the first moment after `after` at which the template makes a job."""
        trigger = read_cron(template.cron, self._zone)
        due = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
        return after + NEVER if due is None else due.astimezone(after.tzinfo)

    def deadline(self, template: JobTemplate, made_at: datetime) -> datetime | None:
        """Return the deadline of a job that the template makes at a moment."""
        if template.within_s is not None:
            return made_at + timedelta(seconds=template.within_s)
        if template.deadline is None:
            return None
        return self._next(template.deadline, made_at)

    def _next(self, moment: LocalMoment, after: datetime) -> datetime:
        first = after.astimezone(self._zone).date()
        for day in range(DAYS_AHEAD):
            date = first + timedelta(days=day)
            midnight = datetime(date.year, date.month, date.day, tzinfo=self._zone)
            found = midnight + timedelta(minutes=moment.minute)  # by the wall clock, as people mean
            right_day = moment.weekday is None or date.weekday() == moment.weekday
            if right_day and found > after:
                return found.astimezone(after.tzinfo)
        raise AssertionError("a week has every weekday")


def read_cron(text: str, zone: ZoneInfo) -> CronTrigger:
    """Return the trigger of five fields; raise ScheduleInvalid.

    Days of the week are names: programs disagree about which day 0 is.
    """
    fields = text.split()
    if len(fields) != 5:
        raise ScheduleInvalid(f'"{text}" has {len(fields)} fields, not 5; write "0 6 * * sun"')
    if any(sign.isdigit() for sign in fields[4]):
        raise ScheduleInvalid(f'"{text}": write the day of the week as a name, such as sun')
    minute, hour, day, month, weekday = fields
    try:
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=weekday.lower(),
            timezone=zone,
        )
    except ValueError as err:
        raise ScheduleInvalid(f'"{text}" is no schedule: {err}') from err
