"""What bundled programs say on their work sockets, read with distrust."""

from typing import Any, TypeGuard

from solard.core.modes import WorkMode
from solard.core.work import WorkStatus


def read_detail(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the details of a work socket's answer; none where they are not an object."""
    detail = answer.get("detail")
    return detail if isinstance(detail, dict) else {}


def read_status(answer: dict[str, Any]) -> WorkStatus:
    """Return the status that a work socket's answer describes; unknown parts are left out."""
    rate, mode = answer.get("rate"), answer.get("mode")
    pid, earned_rao = answer.get("pid"), answer.get("earned_rao")
    hotkey = answer.get("hotkey")
    return WorkStatus(
        pid=pid if _is_count(pid) else 0,
        mode=WorkMode(mode) if isinstance(mode, str) and mode in set(WorkMode) else WorkMode.OFF,
        health=str(answer.get("health") or "says nothing"),
        rate=float(rate) if isinstance(rate, int | float) else None,
        earned_rao=earned_rao if _is_count(earned_rao) else 0,
        hotkey=hotkey if isinstance(hotkey, str) else None,
        counters=tuple(
            (name, value) for name, value in sorted(read_detail(answer).items()) if _is_count(value)
        ),
    )


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
