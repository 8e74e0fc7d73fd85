"""Look for sun that a throttling inverter hides: small steps, and back as soon as it costs."""

from dataclasses import dataclass

from solard.core.decision import Proposal
from solard.core.inputs import Answer, DecideInputs, Note
from solard.core.loads import envelope, standby_w
from solard.core.rules.answers import no_objection
from solard.core.state import BatteryState, SiteState, Supply
from solard.core.units import energy_wh
from solard.core.wording import say_duration, say_percent, say_power

RULE = "hidden sun"
FULL_SOC = 0.95
"""From here on chargers taper, and panels may be held back without a word."""
DAYLIGHT_W = 30.0
"""Panels that give less than this have nothing worth looking for."""


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
        state, before = inputs.state, inputs.memory.note(RULE)
        battery = state.battery
        if not self._may_hide(state) or battery is None or battery.power_w is None:
            return no_objection(inputs, RULE, "No sign that panels are held back.")
        used_wh = self._used_wh(inputs, before, battery.power_w)
        note = self._next_note(inputs, before, battery.power_w, used_wh)
        if note.level_w is None:
            return no_objection(inputs, RULE, "Nothing to raise from.", note)
        wait_s = self._wait_left_s(note, state)
        proposal = Proposal(
            rule=RULE,
            bounds=envelope(inputs),
            preferred_w=note.level_w,
            why=self._why(state, battery, note),
            next=(
                f"+{say_power(self.step_w)} in {say_duration(wait_s)}; back off if the battery "
                f"gives more than {say_power(self.back_off_w)} "
                f"(now {say_power(max(0.0, battery.power_w))})."
            ),
        )
        return Answer(proposal=proposal, notes=(note,))

    def _may_hide(self, state: SiteState) -> bool:
        battery = state.battery
        if state.pv_w is None or state.pv_w < DAYLIGHT_W or battery is None or battery.soc is None:
            return False
        if state.rig_w is None or not self._export_is_closed(state):
            return False
        if state.pv_throttled is not None and state.supply is Supply.GRID:
            return state.pv_throttled
        refuses = battery.max_charge_w is not None and battery.max_charge_w < self.back_off_w
        return bool(state.pv_throttled) or refuses or battery.soc >= FULL_SOC

    def _export_is_closed(self, state: SiteState) -> bool:
        if state.supply is Supply.ISLAND:
            return True
        if state.supply is not Supply.GRID or self.export_at_most_w is None:
            return False
        return state.grid_w is not None and -state.grid_w >= self.export_at_most_w - self.back_off_w

    def _used_wh(self, inputs: DecideInputs, before: Note, battery_w: float) -> float:
        last_s = inputs.memory.decided_s
        elapsed_s = 0.0 if last_s is None else inputs.state.taken_s - last_s
        return max(0.0, before.used_wh + energy_wh(battery_w, elapsed_s))

    def _next_note(
        self, inputs: DecideInputs, before: Note, battery_w: float, used_wh: float
    ) -> Note:
        """Return the level to ask for: up after a quiet while, down at once, else as it was.

        `active` means waiting after a miss; `since_s` is the last change of level.
        """
        state, room = inputs.state, envelope(inputs)
        now_s, rig_w = state.taken_s, state.rig_w
        if rig_w is None:
            return Note(key=RULE)
        if before.level_w is None or before.since_s is None:
            level_w = room.clamp(max(rig_w, standby_w(inputs)))
            return Note(key=RULE, since_s=now_s, level_w=level_w)
        if battery_w > self.back_off_w or used_wh > self.allowance_wh:
            level_w = room.clamp(min(before.level_w, rig_w) - max(battery_w, 0.0))
            return Note(key=RULE, active=True, since_s=now_s, level_w=level_w)
        if self._wait_left_s(before, state) > 0:
            return Note(
                key=RULE,
                active=before.active,
                since_s=before.since_s,
                level_w=before.level_w,
                used_wh=used_wh,
            )
        reached_w = min(before.level_w, rig_w + self.step_w)
        return Note(
            key=RULE, since_s=now_s, level_w=room.clamp(reached_w + self.step_w), used_wh=used_wh
        )

    def _wait_left_s(self, note: Note, state: SiteState) -> float:
        wait_s = self.wait_s if note.active else self.step_after_s
        return max(0.0, wait_s - (state.taken_s - (note.since_s or state.taken_s)))

    def _why(self, state: SiteState, battery: BatteryState, note: Note) -> str:
        pv = say_power(state.pv_w or 0.0)
        soc = say_percent(battery.soc or 0.0)
        charge = " and refusing charge" if battery.max_charge_w == 0 else ""
        looking = "waiting after a miss" if note.active else "trying hidden sun"
        return (
            f"Battery {soc}{charge}; panels give {pv} and may be held back: {looking} "
            f"with {say_power(note.level_w or 0.0)} for the rig."
        )
