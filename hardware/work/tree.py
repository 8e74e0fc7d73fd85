"""A program and all that descends from it, where there is no cgroup to ask."""

import contextlib
import os
import signal
from collections.abc import Iterable

from solard.core.work import WorkUse
from solard.system.processes import ProcessStat, descendants, read_all


def members_of(pid: int | None) -> dict[int, ProcessStat]:
    """Return the living processes of a program by pid; none for None."""
    if pid is None:
        return {}
    everybody = read_all()
    found = {pid, *descendants(pid, everybody)}
    found |= {one.pid for one in everybody if one.session == pid}
    return {one.pid: one for one in everybody if one.pid in found and not one.has_ended}


def use_of(members: Iterable[ProcessStat]) -> WorkUse:
    """Return what processes take together."""
    known = tuple(members)
    page, ticks_a_second = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
    return WorkUse(
        processes=len(known),
        memory_bytes=sum(one.rss_pages for one in known) * page,
        cpu_s=sum(one.cpu_ticks + one.children_cpu_ticks for one in known) / ticks_a_second,
        frozen=bool(known) and all(one.state == "T" for one in known),
    )


def say_status(status: object) -> str | None:
    """Return an exit status in words; below 0 it is the signal that ended the program."""
    if not isinstance(status, int):
        return None
    if status >= 0:
        return f"exit status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"
