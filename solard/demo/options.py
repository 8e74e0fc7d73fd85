"""What a demo can be asked for."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path

MORNING = time(10, 0)
"""Site time at which the demo starts: enough sun to do something at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """One demo."""

    day: str = "sunny"
    profile: str = "sunspec"
    """`sunspec` is a home on a grid, `victron` an off-grid island."""
    speed: float = 60.0
    """Site seconds per real second."""
    seed: int = 1
    for_s: float | None = None
    """Real seconds; None = until the person quits."""
    headless: bool = False
    home: Path | None = None
    """Kept when given; otherwise a temporary directory."""
    cards: int = 4
