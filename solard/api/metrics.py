"""The picture as Prometheus text; every name ends in its unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from solard.core.view import AS_IT_SHOULD, SiteView

Labels = Mapping[str, str]
NO_LABELS: Labels = {}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric and its samples; an unknown value is left out, never 0."""

    name: str
    kind: str
    """`gauge` or `counter`."""
    text: str
    samples: tuple[tuple[Labels, float | None], ...]

    def lines(self) -> Iterable[str]:
        """Return the metric in Prometheus' text format 0.0.4."""
        known = [(labels, value) for labels, value in self.samples if value is not None]
        if not known:
            return
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in known:
            yield f"{self.name}{_labels(labels)} {float(value)!r}"


def metrics_text(view: SiteView) -> str:
    """Return all metrics of a picture."""
    metrics = (
        *_site(view),
        *_cards(view),
        *_devices(view),
        *_work(view),
        *_host(view),
        *_daemon(view),
    )
    return "\n".join(line for metric in metrics for line in metric.lines()) + "\n"


def _gauge(name: str, text: str, value: float | None) -> Metric:
    return Metric(f"solard_{name}", "gauge", text, ((NO_LABELS, value),))


def _counter(name: str, text: str, value: float | None) -> Metric:
    return Metric(f"solard_{name}_total", "counter", text, ((NO_LABELS, value),))


def _site(view: SiteView) -> tuple[Metric, ...]:
    state, decision = view.state, view.decision
    battery = state.battery
    today = tuple(
        ({"flow": f.name.removesuffix("_wh")}, getattr(view.today, f.name))
        for f in fields(view.today)
    )
    return (
        _gauge("live", "1 while decisions are acted on.", float(view.live)),
        _gauge("pv_watts", "What the panels give.", state.pv_w),
        _gauge("load_watts", "The whole site's load, the rig included.", state.load_w),
        _gauge("house_watts", "The load without the rig.", state.house_w),
        _gauge("rig_watts", "The rig's draw at the wall.", state.rig_w),
        _gauge("idle_watts", "What host and parked cards draw at the wall.", view.idle_w),
        _gauge("surplus_watts", "Sun left over by the house.", state.surplus_w),
        _gauge("grid_watts", "Grid power, import above 0.", state.grid_w),
        _gauge("generator_watts", "What the generator gives.", state.generator_w),
        _gauge(
            "battery_watts",
            "Battery power, discharge above 0.",
            battery.power_w if battery else None,
        ),
        _gauge(
            "battery_charge_ratio", "State of charge, 0 to 1.", battery.soc if battery else None
        ),
        _gauge(
            "budget_watts", "What the rig may draw now.", decision.budget_w if decision else None
        ),
        _gauge("target_watts", "What arbitration wants.", decision.target_w if decision else None),
        Metric("solard_today_watthours", "gauge", "Energy since local midnight.", today),
        _gauge("degraded", "How many things do not work now.", len(view.degraded)),
    )


def _cards(view: SiteView) -> tuple[Metric, ...]:
    gpus = [({"gpu": gpu.gpu_id}, gpu) for gpu in view.state.gpus]

    def card(name: str, text: str, attribute: str) -> Metric:
        samples = tuple((labels, getattr(gpu, attribute)) for labels, gpu in gpus)
        return Metric(f"solard_gpu_{name}", "gauge", text, samples)

    return (
        card("watts", "What the card draws.", "power_w"),
        card("limit_watts", "What the card was told.", "limit_w"),
        card("enforced_watts", "What the driver enforces.", "enforced_w"),
        card("temperature_celsius", "The card's temperature.", "temperature_c"),
        card("utilization_ratio", "How busy the card is, 0 to 1.", "utilization"),
        card("parked", "1 while the card idles unloaded.", "parked"),
        Metric(
            "solard_gpu_energy_joules_total",
            "counter",
            "What the card has used since the keeper first saw it.",
            tuple((labels, gpu.energy_j) for labels, gpu in gpus),
        ),
    )


def _devices(view: SiteView) -> tuple[Metric, ...]:
    ages, polls = [], []
    for device in view.devices:
        ages.append(({"device": device.device_id}, device.age_s))
        polls.append(({"device": device.device_id, "result": "ok"}, device.polls_ok))
        polls.append(({"device": device.device_id, "result": "failed"}, device.polls_failed))
    return (
        Metric("solard_device_age_seconds", "gauge", "Since the last good answer.", tuple(ages)),
        Metric("solard_device_polls_total", "counter", "Polls by result.", tuple(polls)),
    )


def _work(view: SiteView) -> tuple[Metric, ...]:
    named = [({"workload": one.name, "role": one.role}, one) for one in view.workloads]
    earned = view.earnings[0] if view.earnings else None
    return (
        Metric(
            "solard_workload_healthy",
            "gauge",
            "1 while nothing is wrong with it: well, starting, or at rest as it should be.",
            tuple((labels, float(one.health in AS_IT_SHOULD)) for labels, one in named),
        ),
        Metric(
            "solard_workload_restarts_total",
            "counter",
            "How often it was started again.",
            tuple((labels, one.restarts) for labels, one in named),
        ),
        Metric(
            "solard_workload_watts",
            "gauge",
            "What its cards draw for it at the wall.",
            tuple((labels, one.power_w) for labels, one in named),
        ),
        Metric(
            "solard_workload_energy_joules_total",
            "counter",
            "Energy at the wall through its cards, over restarts.",
            tuple((labels, one.energy_j) for labels, one in named),
        ),
        Metric(
            "solard_workload_rate",
            "gauge",
            "Its own rate of work, in its own unit.",
            tuple((labels, one.rate) for labels, one in named),
        ),
        _gauge(
            "network_block", "The newest block seen.", view.network.block if view.network else None
        ),
        Metric(
            "solard_earned_today_rao",
            "gauge",
            "Earned on the newest day with earnings.",
            (
                ({"role": "miner"}, earned.miner_rao if earned else None),
                ({"role": "validator"}, earned.validator_rao if earned else None),
            ),
        ),
    )


def _host(view: SiteView) -> tuple[Metric, ...]:
    host = view.host
    if host is None:
        return ()
    moved = (
        ({"direction": "in"}, host.received_bytes_per_s),
        ({"direction": "out"}, host.sent_bytes_per_s),
    )
    network = "Bytes a second over all interfaces but loopback."
    return (
        _gauge("host_cpu_ratio", "Share of all cores in use, 0 to 1.", host.cpu_share),
        _gauge("host_memory_used_bytes", "Memory in use.", host.memory_used_bytes),
        _gauge("host_memory_bytes", "Memory of the machine.", host.memory_total_bytes),
        _gauge("host_disk_used_bytes", "Used on the disk of the state.", host.disk_used_bytes),
        _gauge("host_disk_bytes", "Size of the disk of the state.", host.disk_total_bytes),
        _gauge("host_temperature_celsius", "The hottest sensor.", host.temperature_c),
        Metric("solard_host_network_bytes_per_second", "gauge", network, moved),
    )


def _daemon(view: SiteView) -> tuple[Metric, ...]:
    stats = view.stats
    ticks = (
        ({"quantile": "0.5"}, _seconds(stats.tick_p50_ms)),
        ({"quantile": "0.99"}, _seconds(stats.tick_p99_ms)),
    )
    return (
        _counter("ticks", "Ticks since the start.", stats.ticks),
        Metric("solard_tick_seconds", "gauge", "How long a tick takes.", ticks),
        _counter("decisions", "Decisions that differed from the one before.", stats.decisions),
        _counter("limits_applied", "Limits that cards took.", stats.limits_applied),
        _counter("plan_solves", "Plans made.", stats.plan_solves),
        _gauge("plan_solve_seconds", "What the last plan took.", stats.plan_solve_s),
        _counter("forecasts", "Forecasts made.", stats.forecast_issues),
        _counter("history_rows_dropped", "Rows that could not be kept.", stats.rows_dropped),
        _gauge(
            "resident_bytes", "The daemon's memory.", stats.rss_mb * 2**20 if stats.rss_mb else None
        ),
    )


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1000.0


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
