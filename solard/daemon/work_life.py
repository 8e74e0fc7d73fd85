"""What the daemon knows of a program while it lives."""

from dataclasses import dataclass, field
from typing import Any

from solard.core.modes import WorkMode
from solard.core.work import ModeAction, WorkStatus, WorkUse


@dataclass(slots=True)
class Life:
    """How a program fares. Real seconds."""

    pid: int | None = None
    started_s: float = 0.0
    answered_s: float = 0.0
    seen_s: float = 0.0
    """When it was last found; 0 before the first time."""
    applied: ModeAction | None = None
    """What of its modes was last done to this process; None = not known."""
    mode: WorkMode | None = None
    status: WorkStatus | None = None
    rate: float | None = None
    use: WorkUse | None = None
    used_s: float = float("-inf")
    deaf_told: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
