"""What a demo measured, as one object: from the daemon's pictures and its history."""

from dataclasses import dataclass, field

from solard.core.units import RAO_PER_TAO
from solard.core.view import DaemonStats, EarningsDay, EnergyTotals, SiteView

COUNTS = ("decisions", "limits_applied", "polls_ok", "polls_failed", "plan_solves")


@dataclass(slots=True)
class Report:
    """Counts over all daemons and workloads of one demo: a restart starts a new sum."""

    energy: EnergyTotals = field(default_factory=EnergyTotals)
    """Since the demo's start, from the history: it is complete once the daemon has ended."""
    earnings: tuple[EarningsDay, ...] = ()
    soc_min: float | None = None
    last: SiteView | None = None
    _stats: dict[int, DaemonStats] = field(default_factory=dict)
    _counters: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def take(self, view: SiteView) -> None:
        """Take one picture into the sums."""
        self.last = view
        self._stats[view.stats.pid] = view.stats
        for workload in view.workloads:
            if workload.pid is not None:
                for name, value in workload.counters:
                    self._counters[workload.role, workload.pid, name] = value
        lowest = view.stats.soc_min
        if lowest is not None:
            self.soc_min = lowest if self.soc_min is None else min(self.soc_min, lowest)

    def counter(self, role: str, name: str) -> int:
        """Return a workload's count, summed over its restarts."""
        return sum(v for (r, _, n), v in self._counters.items() if r == role and n == name)

    def total(self, name: str) -> int:
        """Return a daemon's count, summed over its restarts."""
        return sum(int(getattr(stats, name)) for stats in self._stats.values())

    def as_json(self) -> dict[str, object]:
        """Return the figures, numbers as numbers and sentences as sentences."""
        view = self.last
        if view is None or view.decision is None:
            return {"error": "the daemon never showed a picture"}
        energy, network = self.energy, view.network
        return {
            "day": view.site,
            **{name: self.total(name) for name in COUNTS},
            "forecast_issues": self.total("forecast_issues"),
            "pv_kwh": _kwh(energy.pv_wh),
            "rig_kwh": _kwh(energy.rig_wh),
            "house_kwh": _kwh(energy.house_wh),
            "grid_import_kwh": _kwh(energy.grid_in_wh),
            "grid_export_kwh": _kwh(energy.grid_out_wh),
            "hidden_sun_kwh": _kwh(sum(day.sources.hidden_sun_wh for day in self.earnings)),
            "battery_soc_min": self.soc_min,
            "blocks": 0 if network is None or network.block is None else network.block,
            "epochs": 0 if network is None else network.epochs,
            "miner_requests": self.counter("miner", "requests"),
            "validator_weights_set": self.counter("validator", "weights_set"),
            "tao_earned_miner": sum(day.miner_rao for day in self.earnings) / RAO_PER_TAO,
            "tao_earned_validator": sum(day.validator_rao for day in self.earnings) / RAO_PER_TAO,
            "plan_solve_s": view.stats.plan_solve_s,
            "why": view.decision.why,
            "next": view.decision.next,
            "daemon_rss_mb": view.stats.rss_mb,
            "tick_p50_ms": view.stats.tick_p50_ms,
            "tick_p99_ms": view.stats.tick_p99_ms,
        }


def _kwh(energy_wh: float) -> float:
    return round(energy_wh / 1000.0, 4)
