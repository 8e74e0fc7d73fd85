"""How good forecasts were, in figures: by lead, beside what would have cost nothing."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRow:
    """Mean absolute errors over one band of leads; None where nothing could be compared."""

    from_h: float
    until_h: float
    slots: int
    """Quarter hours compared, nights among them."""
    mae_w: float | None
    yesterday_mae_w: float | None
    """Of taking what the same time of the last known day gave."""
    index_mae_w: float | None
    """Of clear sky × the share of it that the last hour had; only where a recording is replayed."""
    told_mae_w: float | None
    """Of the provider's own word, by day, where there was one."""
    corrected_mae_w: float | None
    """Of solard's forecast in the same quarter hours."""
    covered_share: float | None
    """Of daylight quarter hours that came between P10 and P90; 0.8 is what is claimed."""
    season_covered_share: tuple[float | None, float | None, float | None, float | None]
    """Likewise in Dec–Feb, Mar–May, Jun–Aug, Sep–Nov."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What forecasts of some time were worth."""

    first_at: datetime | None
    """When the first of them was issued."""
    last_at: datetime | None
    forecasts: int
    mean_pv_w: float | None
    """Day and night: errors as a share of it can be compared between sites."""
    rows: tuple[SkillRow, ...]
