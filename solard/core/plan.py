"""The plan: prices, cards and expectations for the next two days, never set-points."""

from dataclasses import dataclass
from datetime import datetime

from solard.core.future import Future
from solard.core.job import JobWindow
from solard.core.units import energy_wh

PLAN_EXPIRES_S = 7200.0
"""An older plan is not used: the plan rule falls back to surplus only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSlot:
    """What the plan expects of one slot; powers are means in W with the signs of `SiteState`."""

    starts_at: datetime
    ends_at: datetime
    pv_w: float
    house_w: float
    rig_w: float
    battery_w: float
    grid_w: float
    throttled_w: float
    """Sun that nobody can take."""
    soc: float
    """At the end of the slot, 0..1."""
    water_value_per_kwh: float
    """Worth of one more kWh in the battery (dual of the state-of-charge row)."""
    cards_on: int
    jobs_w: float = 0.0
    """Of planned jobs, beside the rig's own work."""
    import_per_kwh: float | None = None
    """Price that the plan reckons with; None where none is known."""
    asleep: bool = False
    """Whether the whole machine sleeps."""
    unserved_w: float = 0.0
    """Load that nothing can serve: off-grid with an empty battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An adopted plan."""

    made_at: datetime
    solve_s: float
    """Real seconds that the solver took."""
    gap: float
    """Absolute gap to the best bound, in the tariff's currency."""
    slots: tuple[PlanSlot, ...]
    jobs: tuple[JobWindow, ...] = ()
    """When each job runs, in order of time; an interruptible one may have several windows."""

    future: Future | None = None
    """What the time after the next two hours' moments is worth; None = only water values."""

    def slot_at(self, moment: datetime) -> PlanSlot | None:
        """Return the slot that holds `moment`, or None outside the plan."""
        return next((s for s in self.slots if s.starts_at <= moment < s.ends_at), None)

    def runs_job(self, job_id: str, moment: datetime) -> bool:
        """Say whether the plan lets a job run at `moment`."""
        return any(window.job_id == job_id and window.holds(moment) for window in self.jobs)

    def is_fresh(self, moment: datetime) -> bool:
        """Say whether the plan is young enough to follow."""
        return 0.0 <= (moment - self.made_at).total_seconds() < PLAN_EXPIRES_S

    def sleeps_until(self, moment: datetime) -> datetime | None:
        """Return when a sleep ends that holds `moment`; None where the plan is awake."""
        until = None
        for slot in self.slots:
            if slot.ends_at <= moment:
                continue
            if not slot.asleep:
                break
            until = slot.ends_at
        return until

    def lowest_after(self, moment: datetime) -> PlanSlot | None:
        """Return the slot to come at whose end the battery is lowest, or None after the plan."""
        to_come = [slot for slot in self.slots if slot.ends_at > moment]
        return min(to_come, key=lambda slot: slot.soc, default=None)

    def sun_wh(self, after: datetime) -> float:
        """Return the sun expected after a moment until the plan's end, in Wh."""
        return sum(
            energy_wh(slot.pv_w, (slot.ends_at - max(slot.starts_at, after)).total_seconds())
            for slot in self.slots
            if slot.ends_at > after
        )
