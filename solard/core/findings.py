"""What `solard doctor` finds in the daemon's picture: sentences, each with what helps."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from solard.core.modes import WorkMode
from solard.core.plan import PLAN_EXPIRES_S
from solard.core.readings import CONTROL, Quality
from solard.core.state import CardHealth, SiteState, Supply
from solard.core.view import AS_IT_SHOULD, DeviceView, SiteView, WorkloadView
from solard.core.wording import say_count, say_duration, say_power

OFTEN = 0.02
"""More failed polls than this are a link that somebody should look at."""
POLLS_AT_LEAST = 50
SLOW_TICK_MS = 500.0
NIGHT_SUN_W = -50.0
BALANCE_W = 150.0
BALANCE_SHARE = 0.1
"""Meters differ by so much, and are read at different moments."""
LATE_BLOCKS_S = 300.0
_DECISIVE = CONTROL | {"rig_power", "power", "temperature"}
"""The last three where the owner says so: `rig.meter`, policies, `rig.heat`."""


class Verdict(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    """`devices`, `signs`, `cards` …"""
    verdict: Verdict
    text: str
    remedy: str = ""
    """What helps, empty where nothing needs to."""


def examine(view: SiteView) -> tuple[Finding, ...]:
    """Return what the picture shows, topic by topic."""
    return (
        *_daemon(view),
        *(finding for device in view.devices for finding in _device(device)),
        *_signs(view.state),
        *_cards(view),
        *(finding for work in view.workloads for finding in _workload(work)),
        *_network(view),
        *_outlook(view),
    )


def _daemon(view: SiteView) -> Iterator[Finding]:
    if view.live:
        yield good("daemon", f"solard {view.version} acts.")
    else:
        yield doubt("daemon", "It observes and touches nothing.", "`solard live` lets it act.")
    slow_ms = view.stats.tick_p99_ms
    if slow_ms is not None and slow_ms > SLOW_TICK_MS:
        yield doubt(
            "daemon",
            f"One decision in a hundred takes more than {slow_ms:.0f} ms.",
            "Something takes the processor: `systemd-cgtop` shows who.",
        )
    if view.stats.rows_dropped:
        yield bad(
            "history",
            f"Lost, since they could not be written: {say_count(view.stats.rows_dropped, 'row')}.",
            "Look at the disk: is it full, or read-only?",
        )


def _device(device: DeviceView) -> Iterator[Finding]:
    name = device.device_id
    if device.error is not None:
        yield bad("devices", f"{name}: {device.error}")
        return
    if device.age_s is None:
        yield doubt("devices", f"{name} has not answered yet.")
        return
    polls = device.polls_ok + device.polls_failed
    often = polls >= POLLS_AT_LEAST and device.polls_failed > OFTEN * polls
    # Others may be suspect for ever: registers of which sources say different things.
    decisive = [point for point in device.points if point.name in _DECISIVE]
    suspect = [point.name for point in decisive if point.quality is Quality.SUSPECT]
    if often:
        yield doubt(
            "devices",
            f"{name}: {device.polls_failed} of {polls} polls failed.",
            "Look at cable or Wi-Fi, and for a second program that reads the same device.",
        )
    if suspect:
        yield doubt(
            "devices",
            f"{name}: what it says of {_list(suspect)} cannot be.",
            f"`solard devices {name}` shows the values; is it the right profile?",
        )
    if not often and not suspect:
        known = sum(point.value is not None for point in device.points)
        yield good("devices", f"{name} answers: {known} of {len(device.points)} values known.")


def _signs(state: SiteState) -> Iterator[Finding]:
    """Yield what speaks for a meter that was mounted backwards."""
    if state.pv_w is not None and state.pv_w < NIGHT_SUN_W:
        text = f"The sun takes {say_power(-state.pv_w)}: its sign is turned."
        yield bad("signs", text, "Is it the right profile, or the source's `sign`?")
    if state.load_w is None:
        return
    battery_w = None if state.battery is None else state.battery.power_w
    flows = {"grid": state.grid_w, "battery": battery_w}
    turned = find_turned(state.pv_w, flows, state.load_w)
    if turned is not None:
        text = f"Sun, grid and battery fit the load only where the {turned} has the other sign."
        yield bad("signs", text, f"Write `turned: [{turned}_power]` to its device.")
    elif state.load_w < -BALANCE_W:
        yield bad(
            "signs",
            f"House and rig would give {say_power(-state.load_w)}: a meter counts backwards.",
            "Write `turned: [grid_power]` to the device whose meter it is.",
        )
    else:
        yield good("signs", "Sun, grid, battery and load fit one another.")


def find_turned(pv_w: float | None, flows_w: dict[str, float | None], load_w: float) -> str | None:
    """Return the flow whose other sign makes the balance hold; None where it holds, or none does.

    Power into the house is +: sun, import, discharge. Watts.
    """
    known = {name: flow_w for name, flow_w in flows_w.items() if flow_w is not None}
    if pv_w is None or not known:
        return None
    margin_w = max(BALANCE_W, BALANCE_SHARE * max(abs(pv_w), abs(load_w)))
    missing_w = load_w - pv_w - sum(known.values())
    if abs(missing_w) <= margin_w:
        return None
    fitting = [name for name, flow_w in known.items() if abs(missing_w + 2 * flow_w) <= margin_w]
    return fitting[0] if len(fitting) == 1 else None


def _cards(view: SiteView) -> Iterator[Finding]:
    keeper = view.keeper
    if keeper.error is not None:
        remedy = "`systemctl status solard-gpu` says more."
        yield bad("cards", f"The GPU keeper does not answer: {keeper.error}", remedy)
        return
    if keeper.note is not None:
        yield doubt("cards", keeper.note)
    remedies = {
        CardHealth.DENIED: "The keeper may not set its limit: does it run as installed?",
        CardHealth.LOST: "`dmesg` names the reason (Xid); mostly the machine has to start again.",
        CardHealth.MANUAL: "Another program sets its limit; end that, then `solard gpu take`.",
    }
    names = {card.gpu_id: f"gpu{card.index}" for card in view.rig.cards}
    ill = [gpu for gpu in view.state.gpus if gpu.health is not CardHealth.OK]
    for gpu in ill:
        text = f"{names.get(gpu.gpu_id, gpu.gpu_id)} is {gpu.health.value}."
        yield bad("cards", text, remedies[gpu.health])
    if view.state.gpus and not ill:
        obey = "obeys" if len(view.state.gpus) == 1 else "obey"
        cards = say_count(len(view.state.gpus), "card")
        yield good("cards", f"{cards} {obey} ({keeper.backend}).")


def _workload(work: WorkloadView) -> Iterator[Finding]:
    more = f"`solard logs {work.name}` shows what it said."
    if work.parked:
        remedy = f"{more} `solard workload start {work.name}` tries again."
        yield bad("workloads", f"{work.name} died too often and is parked.", remedy)
    elif work.health not in AS_IT_SHOULD and work.wanted is not WorkMode.OFF:
        yield doubt("workloads", f"{work.name}: {work.health}", more)
    else:
        yield good("workloads", f"{work.name}: {work.health}")
    if work.note is not None:
        yield doubt("workloads", f"{work.name}: {work.note}")


def _network(view: SiteView) -> Iterator[Finding]:
    network = view.network
    if network is None:
        return
    if network.age_s is None or network.age_s > LATE_BLOCKS_S:
        age = "ever" if network.age_s is None else f"for {say_duration(network.age_s)}"
        yield bad("network", f"No block was seen {age}.", "Is the node reached?")
    elif not network.neurons:
        yield doubt("network", "No hotkey of ours is registered yet.")
    else:
        places = [f"uid {one.uid} on {one.subnet} ({one.role})" for one in network.neurons]
        yield good("network", f"Registered: {', '.join(places)}.")


def _outlook(view: SiteView) -> Iterator[Finding]:
    silent = any(device.error is not None for device in view.devices)
    if view.state.supply is Supply.UNKNOWN and not silent:
        yield doubt(
            "supply",
            "Nobody says whether grid, island or generator feeds the house.",
            "Write `site.supply`, or read a device that tells.",
        )
    if not view.forecast:
        yield doubt("forecast", "There is no forecast.", "Does `solar.planes` name the panels?")
    made_at = view.plan_made_at
    if made_at is None:
        yield doubt("plan", "There is no plan: work follows the surplus only.")
        return
    age_s = (view.state.taken_at - made_at).total_seconds()
    if age_s > PLAN_EXPIRES_S:
        text = f"The plan is {say_duration(age_s)} old and not used any more."
        yield doubt("plan", text, "`solard events` says why no newer one was made.")
    else:
        yield good("plan", f"Made {say_duration(max(0.0, age_s))} ago.")


def _list(names: list[str]) -> str:
    return ", ".join(names[:3]) + ("" if len(names) <= 3 else f" and {len(names) - 3} more")


def good(topic: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(topic=topic, verdict=Verdict.GOOD, text=text)


def doubt(topic: str, text: str, remedy: str = "") -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(topic=topic, verdict=Verdict.DOUBTFUL, text=text, remedy=remedy)


def bad(topic: str, text: str, remedy: str = "") -> Finding:
    """Return a finding that something is wrong."""
    return Finding(topic=topic, verdict=Verdict.BAD, text=text, remedy=remedy)
