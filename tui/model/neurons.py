"""The chain, our neurons on it, and the workloads that speak for them."""

from solard.core.modes import WorkMode
from solard.core.view import AT_REST, OBSERVED, NeuronView, SiteView, WorkloadView
from solard.core.wording import say_count
from tui import format as words
from tui.model.header import chain_health, dot
from tui.model.picture import Picture
from tui.model.table import Field, Table, table_of
from tui.text import Lines, Span, Tone, cut, flow, hang, line, muted, strong

_FEW_RESTARTS = 1


def network_head(picture: Picture, width: int) -> Lines:
    """Return the state of the chain."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the network yet.")),)
    network = view.network
    if network is None:
        return (
            *hang(line(), "No network runs, so nothing is earned.", width),
            *hang(line(muted("→ ")), _how_to_have_one(view), width),
        )
    kind = "embedded network: play tokens, no price"
    name = kind if network.kind == "embedded" else network.kind
    ago = words.DASH if network.age_s is None else f"{words.duration(network.age_s)} ago"
    facts = (
        line(muted("block "), words.count(network.block)),
        line(muted("epoch "), words.count(network.epochs)),
        line(muted("tempo "), f"{network.tempo} blocks"),
        line(muted("last block "), ago),
    )
    first = line(dot(chain_health(view)), strong(f" {name}"))
    return (cut(first, width), *flow(facts, width))


def _how_to_have_one(view: SiteView) -> str:
    if any(work.role == "network" and work.health == OBSERVED for work in view.workloads):
        return "Observing starts nothing: `solard live`, or o, starts yours."
    return (
        "Write `network: embedded` in solard.yaml for a network of play tokens, "
        "then `solard reload`."
    )


def neuron_table(view: SiteView, width: int) -> Table:
    """Return one row per neuron of ours."""
    network = view.network
    block = None if network is None else network.block
    fields: tuple[Field[NeuronView], ...] = (
        Field(label="SN", width=3, cell=lambda n: Span(str(n.netuid))),
        Field(label="subnet", width=10, right=False, rank=2, cell=lambda n: Span(n.subnet)),
        Field(label="uid", width=4, cell=lambda n: Span(str(n.uid))),
        Field(label="role", width=9, right=False, cell=lambda n: Span(n.role)),
        Field(label="rank", width=4, cell=lambda n: Span(str(n.rank))),
        Field(label="incent.", width=7, rank=4, cell=lambda n: Span(f"{n.incentive:.4f}")),
        Field(label="divid.", width=7, rank=7, cell=lambda n: Span(f"{n.dividends:.4f}")),
        Field(label="vtrust", width=6, rank=1, cell=lambda n: Span(f"{n.vtrust:.2f}")),
        Field(label="τ/epoch", width=8, cell=lambda n: strong(words.tao_number(n.emission_rao))),
        Field(label="τ stake", width=8, rank=3, cell=lambda n: _stake(n)),
        Field(label="updated", width=12, rank=6, cell=lambda n: _blocks_ago(n, block)),
        Field(label="immune", width=12, rank=5, cell=lambda n: _immune(n, block)),
        Field(label="hotkey", width=14, right=False, rank=8, cell=lambda n: _hotkey(n)),
    )
    neurons = () if network is None else network.neurons
    return table_of(fields, neurons, key=lambda n: f"{n.netuid}/{n.uid}", width=width)


def _stake(neuron: NeuronView) -> Span:
    return Span(words.tao_number(neuron.stake_rao))


def _blocks_ago(neuron: NeuronView, block: int | None) -> Span:
    if block is None or neuron.last_update_block > block:
        return muted(words.DASH)
    return Span(say_count(block - neuron.last_update_block, "block"))


def _immune(neuron: NeuronView, block: int | None) -> Span:
    if block is None:
        return muted(words.DASH)
    left = neuron.immune_until_block - block
    return Span(say_count(left, "block"), Tone.GOOD) if left > 0 else muted("no")


def _hotkey(neuron: NeuronView) -> Span:
    name = neuron.hotkey
    return muted(name if len(name) <= 13 else f"{name[:6]}…{name[-6:]}")


def workload_table(view: SiteView, width: int) -> Table:
    """Return one row per workload that the daemon supervises."""
    fields: tuple[Field[WorkloadView], ...] = (
        Field(label="workload", width=12, right=False, cell=lambda w: Span(w.name)),
        Field(label="role", width=9, right=False, rank=3, cell=lambda w: Span(w.role)),
        Field(label="wanted", width=7, right=False, cell=lambda w: Span(w.wanted.value)),
        Field(label="is", width=7, right=False, cell=_mode_cell),
        Field(label="rate", width=8, rank=2, cell=lambda w: Span(words.rate(w.rate))),
        Field(label="pid", width=8, rank=4, cell=_pid),
        Field(label="restarts", width=8, rank=1, cell=_restarts),
        Field(label="health", width=26, right=False, stretch_to=90, cell=_health),
    )
    return table_of(fields, view.workloads, key=lambda w: w.name, width=width)


def _pid(workload: WorkloadView) -> Span:
    return muted(words.DASH if workload.pid is None else str(workload.pid))


def _mode_cell(workload: WorkloadView) -> Span:
    if workload.mode is None and workload.health in {OBSERVED, AT_REST}:
        return muted(words.DASH)
    if workload.mode is None:
        return Span("silent", Tone.BAD)
    if workload.mode is not workload.wanted:
        return Span(workload.mode.value, Tone.WARN)
    tones = {WorkMode.FULL: Tone.GOOD, WorkMode.OFF: Tone.MUTED}
    return Span(workload.mode.value, tones.get(workload.mode, Tone.PLAIN))


def _restarts(workload: WorkloadView) -> Span:
    tone = Tone.WARN if workload.restarts > _FEW_RESTARTS else Tone.PLAIN
    return Span(str(workload.restarts), tone if workload.restarts else Tone.MUTED)


def _health(workload: WorkloadView) -> Span:
    if workload.health in {OBSERVED, AT_REST}:
        return muted(workload.health)
    if workload.health != "ok":
        return Span(workload.health, Tone.BAD)
    if workload.role == "network":
        return Span("ok", Tone.GOOD)  # its counters stand in the box above
    did = [_counted(name, number) for name, number in workload.counters if number]
    return Span(", ".join(["ok", *did]), Tone.GOOD)


def _counted(name: str, number: int) -> str:
    if name.endswith("_rao"):
        return f"{words.tao(number)} {name.removesuffix('_rao').replace('_', ' ')}"
    return f"{words.count(number)} {name.replace('_', ' ')}"
