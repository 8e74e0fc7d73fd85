"""Look for sun that a throttling inverter hides: small steps, and back as soon as it costs."""

from dataclasses import dataclass, replace

from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs, Note
from solard.core.loads import envelope, standby_w
from solard.core.rules.answers import no_objection
from solard.core.state import SiteState, Supply
from solard.core.units import energy_wh
from solard.core.wording import say_duration, say_percent, say_power

RULE = "hidden sun"
FULL_SOC = 0.95
"""From here on chargers taper, and panels may be held back without a word."""
DAYLIGHT_W = 30.0
"""Panels that give less than this have nothing worth looking for."""
STAY_MARGIN_SOC = 0.02
METER_NOISE_W = 50.0
"""By so much a meter at its cap may read less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What the search looks at, all of it known; W and 0..1."""

    pv_w: float
    rig_w: float
    battery_w: float
    """+ discharging."""
    soc: float
    max_charge_w: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenSun:
    """Raise the rig step by step while panels may be held back and the battery need not help.

    When an inverter throttles, PV equals load: measured surplus is 0 in full sun, so the only way
    to learn what the sky would give is to ask for more and to look who answers.
    """

    step_w: float = 150.0
    step_after_s: float = 60.0
    back_off_w: float = 150.0
    """Discharge that ends the search: the battery answered instead of the panels."""
    allowance_wh: float = 60.0
    """What the battery may give for looking before the next wait."""
    wait_s: float = 300.0
    """After a miss."""
    export_at_most_w: float | None = None
    """The site's export cap; None = no cap, so a grid takes whatever the panels give."""

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with a wish for a little more than now, or with none."""
        before = inputs.memory.note(RULE)
        sight = _look(inputs.state)
        if sight is None or not self._may_hide(inputs.state, sight, before):
            return no_objection(inputs, RULE, "No sign that panels are held back.")
        note = self._next_note(inputs, sight, before)
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            preferred_w=note.level_w,
            why=_why(sight, note),
            next=self._next(inputs, sight, note),
        )
        return Answer(proposal=proposal, notes=(note,))

    def _may_hide(self, state: SiteState, sight: _Sight, before: Note) -> bool:
        """Say whether sun may be lost: nobody else takes it, and the battery takes all it can.

        A battery that charges below its limit gets all the sun there is. Once the search runs it
        goes on while the battery is nearly full: its own steps take the charge down.
        """
        if not self._export_is_closed(state):
            return False
        if state.pv_throttled is not None and state.supply is Supply.GRID:
            return state.pv_throttled
        limit_w = sight.max_charge_w
        full = sight.soc >= FULL_SOC
        if before.level_w is not None:
            refuses = limit_w is not None and limit_w < self.back_off_w
            return refuses or sight.soc >= FULL_SOC - STAY_MARGIN_SOC
        takes_all = full if limit_w is None else -sight.battery_w >= limit_w - self.back_off_w
        return bool(state.pv_throttled) or takes_all

    def _export_is_closed(self, state: SiteState) -> bool:
        if state.supply is Supply.ISLAND:
            return True
        if state.supply is not Supply.GRID or self.export_at_most_w is None:
            return False
        return state.grid_w is not None and -state.grid_w >= self.export_at_most_w - self.back_off_w

    def _exports_less(self, state: SiteState) -> bool:
        """Say whether export has left its cap: then nothing more is hidden, and the level stays."""
        if state.supply is not Supply.GRID or self.export_at_most_w is None:
            return False
        return -(state.grid_w or 0.0) < self.export_at_most_w - METER_NOISE_W

    def _next_note(self, inputs: DecideInputs, sight: _Sight, before: Note) -> Note:
        """Return the level to ask for: up after a quiet while, down at once, else as it was.

        `active` means waiting after a miss; `since_s` is the last change of level.
        """
        now_s, room = inputs.state.taken_s, envelope(inputs)
        if before.level_w is None:
            level_w = room.clamp(max(sight.rig_w, standby_w(inputs)))
            return Note(key=RULE, since_s=now_s, level_w=level_w)
        used_wh = _used_wh(inputs, sight, before)
        if sight.battery_w > self.back_off_w or used_wh > self.allowance_wh:
            level_w = room.clamp(min(before.level_w, sight.rig_w) - max(sight.battery_w, 0.0))
            return Note(key=RULE, active=True, since_s=now_s, level_w=level_w)
        if self._wait_left_s(before, now_s) > 0 or self._exports_less(inputs.state):
            return replace(before, used_wh=used_wh)
        # Not ahead of the rig: cards that cannot follow must not be asked for ever more.
        level_w = min(before.level_w, sight.rig_w + self.step_w) + self.step_w
        return Note(key=RULE, since_s=now_s, level_w=room.clamp(level_w), used_wh=used_wh)

    def _wait_left_s(self, note: Note, now_s: float) -> float:
        wait_s = self.wait_s if note.active else self.step_after_s
        since_s = now_s if note.since_s is None else note.since_s
        return max(0.0, wait_s - (now_s - since_s))

    def _next(self, inputs: DecideInputs, sight: _Sight, note: Note) -> str:
        step = "More the cards do not take"
        if note.level_w is not None and note.level_w < envelope(inputs).max_w:
            wait_s = self._wait_left_s(note, inputs.state.taken_s)
            step = f"+{say_power(self.step_w)} in {say_duration(wait_s)}"
        return (
            f"{step}; back off if the battery gives more than {say_power(self.back_off_w)} "
            f"(now {say_power(max(0.0, sight.battery_w))})."
        )


def _look(state: SiteState) -> _Sight | None:
    """Return what the search needs to see, or None in the dark or where a part is unknown."""
    battery = state.battery
    if state.pv_w is None or state.pv_w < DAYLIGHT_W or state.rig_w is None or battery is None:
        return None
    if battery.soc is None or battery.power_w is None:
        return None
    return _Sight(
        pv_w=state.pv_w,
        rig_w=state.rig_w,
        battery_w=battery.power_w,
        soc=battery.soc,
        max_charge_w=battery.max_charge_w,
    )


def _used_wh(inputs: DecideInputs, sight: _Sight, before: Note) -> float:
    """Return what the battery has given for the search; charging pays it back."""
    elapsed_s = inputs.state.taken_s - (inputs.memory.decided_s or inputs.state.taken_s)
    return max(0.0, before.used_wh + energy_wh(sight.battery_w, elapsed_s))


def _why(sight: _Sight, note: Note) -> str:
    charge = " and refusing charge" if sight.max_charge_w == 0 else ""
    looking = "waiting after a miss" if note.active else "trying hidden sun"
    return (
        f"Battery {say_percent(sight.soc)}{charge}; panels give {say_power(sight.pv_w)} and may "
        f"be held back: {looking} with {say_power(note.level_w or 0.0)} for the rig."
    )
