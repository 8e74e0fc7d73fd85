"""Three lines on the battery: work, standby, shut down."""

from dataclasses import dataclass

from solard.core.inputs import Answer, DecideInputs, Note, switched
from solard.core.loads import standby_w
from solard.core.rules.answers import at_most, no_objection, only_answer, switch_off
from solard.core.state import BatteryState
from solard.core.wording import say_duration, say_percent, say_power

RULE = "battery lines"
WORK, STANDBY, LOW_VOLTAGE = f"{RULE}/work", f"{RULE}/standby", f"{RULE}/low voltage"
OFF = f"{RULE}/off"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryLines:
    """Above the work line the battery may feed work; below standby the rig only answers.

    Between the two the battery comes first: the rig gets only what the battery cannot take. Each
    line is left upwards only `return_margin_soc` above it, and work starts after a boot only there.
    """

    work_above_soc: float | None
    """None = the battery never feeds work (the default on a grid)."""
    reserve_soc: float = 0.0
    """Below it the battery feeds no work, whatever the plan says; sun still may."""
    standby_above_soc: float
    shut_down_below_soc: float
    shut_down_below_v: float | None = None
    shut_down_for_s: float = 30.0
    """How long the voltage must have been low: a starting pump pulls it down for seconds."""
    return_margin_soc: float = 0.05

    def propose(self, inputs: DecideInputs) -> Answer:
        """Answer with the zone that the battery is in."""
        battery = inputs.state.battery
        if battery is None or battery.soc is None:
            return self._unknown(inputs)
        low_voltage = self._low_voltage(inputs, battery)
        off = self._off(inputs, battery.soc, low_voltage)
        standby = self._below(inputs, STANDBY, battery.soc, self.standby_above_soc)
        work = self._work(inputs, battery.soc)
        notes = (low_voltage, off, standby, work)
        if off.active:
            return self._shut_down(inputs, battery, notes)
        if standby.active:
            return self._stand_by(inputs, battery.soc, notes)
        if work.active and battery.soc < self.reserve_soc:
            return self._reserved(inputs, battery.soc, notes)
        if work.active:
            why = f"Battery {say_percent(battery.soc)}: it may feed work."
            return no_objection(inputs, RULE, why, *notes)
        return self._battery_first(inputs, battery, notes)

    def _unknown(self, inputs: DecideInputs) -> Answer:
        kept = tuple(inputs.memory.note(key) for key in (LOW_VOLTAGE, OFF, STANDBY, WORK))
        known = tuple(note for note in kept if note.since_s is not None)
        act = switch_off if inputs.memory.note(OFF).active else only_answer
        return act(
            inputs,
            rule=RULE,
            why="The battery's state of charge is unknown.",
            next="As soon as the battery answers.",
            notes=known,
        )

    def _low_voltage(self, inputs: DecideInputs, battery: BatteryState) -> Note:
        limit_v, now_s = self.shut_down_below_v, inputs.state.taken_s
        before = inputs.memory.note(LOW_VOLTAGE)
        if limit_v is None or battery.voltage_v is None:
            return switched(before, before.active, now_s)
        return switched(before, battery.voltage_v < limit_v, now_s)

    def _off(self, inputs: DecideInputs, soc: float, low_voltage: Note) -> Note:
        now_s = inputs.state.taken_s
        since_s = low_voltage.since_s if low_voltage.active else None
        sagged = since_s is not None and now_s - since_s >= self.shut_down_for_s
        before = inputs.memory.note(OFF)
        line = self.shut_down_below_soc
        stays = before.active and (low_voltage.active or soc < line + self.return_margin_soc)
        return switched(before, sagged or soc < line or stays, now_s)

    def _below(self, inputs: DecideInputs, key: str, soc: float, line: float) -> Note:
        before = inputs.memory.note(key)
        stays = before.active and soc < line + self.return_margin_soc
        return switched(before, soc < line or stays, inputs.state.taken_s)

    def _work(self, inputs: DecideInputs, soc: float) -> Note:
        before, line = inputs.memory.note(WORK), self.work_above_soc
        if line is None:
            return switched(before, False, inputs.state.taken_s)
        stays = before.active and soc >= line
        starts = soc >= min(1.0, line + self.return_margin_soc)
        return switched(before, starts or stays, inputs.state.taken_s)

    def _shut_down(
        self, inputs: DecideInputs, battery: BatteryState, notes: tuple[Note, ...]
    ) -> Answer:
        volts = "" if battery.voltage_v is None else f", {battery.voltage_v:.1f} V"
        back = say_percent(self.shut_down_below_soc + self.return_margin_soc)
        line = say_percent(self.shut_down_below_soc)
        if self.shut_down_below_v is not None:
            held = say_duration(self.shut_down_for_s)
            line += f" or {self.shut_down_below_v:g} V for {held}"
        return switch_off(
            inputs,
            rule=RULE,
            why=f"Battery {say_percent(battery.soc or 0.0)}{volts}: everything off below {line}.",
            next=f"The rig answers again above {back}.",
            notes=notes,
        )

    def _stand_by(self, inputs: DecideInputs, soc: float, notes: tuple[Note, ...]) -> Answer:
        back = say_percent(self.standby_above_soc + self.return_margin_soc)
        return only_answer(
            inputs,
            rule=RULE,
            why=(
                f"Battery {say_percent(soc)}: below {say_percent(self.standby_above_soc)} the rig "
                f"only answers, below {say_percent(self.shut_down_below_soc)} it is off."
            ),
            next=f"Work may start again above {back}.",
            notes=notes,
        )

    def _reserved(self, inputs: DecideInputs, soc: float, notes: tuple[Note, ...]) -> Answer:
        surplus_w = inputs.state.surplus_w or 0.0
        reserve = say_percent(self.reserve_soc)
        return at_most(
            inputs,
            max(standby_w(inputs), surplus_w),
            rule=RULE,
            why=f"Battery {say_percent(soc)}: below {reserve} only sun feeds work.",
            next=f"Above {reserve} the battery may feed work again.",
            notes=notes,
        )

    def _battery_first(
        self, inputs: DecideInputs, battery: BatteryState, notes: tuple[Note, ...]
    ) -> Answer:
        state = inputs.state
        spare_w = 0.0
        if state.rig_w is not None and state.grid_w is not None:
            left_w = -state.grid_w - max(0.0, battery.power_w or 0.0)
            spare_w = state.rig_w + state.rig_share * left_w
        soc = say_percent(battery.soc or 0.0)
        if self.work_above_soc is None:
            why = f"Battery {soc} feeds no work here: the rig gets the sun that it cannot take"
            next_text = (
                "When more sun is left over (battery.work_above lets the battery feed work)."
            )
        else:
            why = f"Battery {soc} comes first up to {say_percent(self.work_above_soc)}"
            line = say_percent(min(1.0, self.work_above_soc + self.return_margin_soc))
            next_text = f"At {line} work may start."
        return at_most(
            inputs,
            max(standby_w(inputs), spare_w),
            rule=RULE,
            why=f"{why}: {say_power(max(0.0, spare_w))}.",
            next=next_text,
            notes=notes,
        )
