"""A replayed day in a terminal: a table of energies, and rows of blocks."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from solard.cli.sentences import NOTHING, blocks
from solard.core.day_replay import DayCourse, DayReplay, DayStep
from solard.core.wording import say_energy, say_percent, say_power, say_time

HALF_HOUR = timedelta(minutes=30)


def say_day(replay: DayReplay, timezone: str) -> str:
    """Return the day as it was, as planned and with hindsight."""
    zone = ZoneInfo(timezone)
    known = f"{replay.known_quarters} of {replay.quarters} quarter hours known"
    worth = "worth" if replay.currency is None else replay.currency
    head = ("sun", "house", "rig", "import", "export", "SoC")
    lines = [
        f"{replay.day}, {known}",
        f"{'':20}" + "".join(f"{name:>10}" for name in head) + f"{worth:>10}",
        *(_say_course(course) for course in replay.courses),
        "",
        *_say_blocks(replay, zone),
        *(f"!     {note}" for note in replay.notes),
    ]
    return "\n".join(lines)


def _say_course(course: DayCourse) -> str:
    figures = (
        course.sun_kwh,
        course.house_kwh,
        course.rig_kwh,
        course.import_kwh,
        course.export_kwh,
    )
    cells = [say_energy(1000.0 * figure) for figure in figures]
    cells.append(NOTHING if course.end_soc is None else say_percent(course.end_soc))
    return f"{course.name:20}" + "".join(f"{cell:>10}" for cell in cells) + f"{course.value:>10.2f}"


def _say_blocks(replay: DayReplay, zone: ZoneInfo) -> list[str]:
    was = replay.courses[0]
    begins, ends = was.steps[0].starts_at, was.steps[-1].ends_at
    count = max(1, int((ends - begins) / HALF_HOUR))
    moments = [begins + index * HALF_HOUR for index in range(count)]
    rigs = [[_at(course, moment).rig_w for moment in moments] for course in replay.courses]
    suns = [_at(was, moment).pv_w for moment in moments]
    most_w = max(1.0, *(power or 0.0 for row in (suns, *rigs) for power in row))
    scale = say_power(most_w)
    lines = [f"{'sun':20}{_row(suns, most_w)} {scale}"]
    lines += [
        f"{'rig ' + course.name:20}{_row(rig, most_w)} {scale}"
        for course, rig in zip(replay.courses, rigs, strict=True)
    ]
    lines += [
        f"{'SoC ' + course.name:20}{_row([_at(course, one).soc for one in moments], 1.0)} 100 %"
        for course in replay.courses
        if any(step.soc for step in course.steps)
    ]
    last = say_time(ends.astimezone(zone))
    axis = f"{say_time(begins.astimezone(zone)):<{max(6, count - len(last))}}{last}"
    return [*lines, f"{'':20}{axis}"]


def _row(values: list[float | None], most: float) -> str:
    return blocks([0.0 if value is None else value / most for value in values])


def _at(course: DayCourse, moment: datetime) -> DayStep:
    return next(one for one in course.steps if one.starts_at <= moment < one.ends_at)
