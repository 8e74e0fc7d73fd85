"""Workloads of the configuration as programs to run; ports of bundled ones are picked once."""

import json
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from solard.config.load import Settings
from solard.config.networks import is_elsewhere, url_of
from solard.config.workload import Bundled, WhenShort, WorkloadSection
from solard.core.modes import WorkMode
from solard.core.work import WorkSpec
from solard.system.places import Places


def make_specs(settings: Settings, places: Places) -> tuple[WorkSpec, ...]:
    """Return how each workload is run, the network first: the others talk to it."""
    ports = _Ports(places.state / "ports.json")
    network = next((w.name for w in settings.workloads if w.bundled is Bundled.NETWORK), None)
    ordered = sorted(settings.workloads, key=lambda w: w.bundled is not Bundled.NETWORK)
    return tuple(
        other_spec(each)
        if each.bundled is None
        else _bundled(each, each.bundled, network, settings, places, ports)
        for each in ordered
    )


def other_spec(section: WorkloadSection) -> WorkSpec:
    """Return how a program that is not bundled is run and looked after."""
    keeps = section.when_short is WhenShort.STANDBY
    return WorkSpec(
        name=section.name,
        role="other",
        command=section.command,
        env=_with_cards(section),
        uses_cards=section.gpus != (),
        stop_below=WorkMode.STANDBY if keeps else WorkMode.ECO,
        grace_s=section.grace_s,
        directory=section.directory,
        user=section.user,
        ports=section.ports,
        external=None if section.external is None else section.external.for_core(),
        modes=() if section.modes is None else section.modes.for_core(),
        answer_within_s=section.answer_within_s,
        health=None if section.health is None else section.health.for_core(section.ports),
        rate=None if section.rate is None else section.rate.for_core(),
        restart=section.restart.for_core(),
        caps=section.caps.for_core(),
    )


def _with_cards(section: WorkloadSection) -> tuple[tuple[str, str], ...]:
    """Return its environment, in which CUDA shows it its own cards and no others.

    CUDA numbers cards by speed unless told to number them as the driver and this file do.
    """
    cards = ",".join(map(str, section.gpus or ()))
    if not cards or section.external is not None or "CUDA_VISIBLE_DEVICES" in dict(section.env):
        return section.env
    order = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return (*section.env, order, ("CUDA_VISIBLE_DEVICES", cards))


def _bundled(
    section: WorkloadSection,
    kind: Bundled,
    network: str | None,
    settings: Settings,
    places: Places,
    ports: "_Ports",
) -> WorkSpec:
    elsewhere = is_elsewhere(settings.network)
    program = "watch" if elsewhere and kind is Bundled.NETWORK else kind.value
    home = places.state / "work" / section.name
    command = [sys.executable, "-m", "miner", program]
    command += ["--dir", str(home), "--socket", str(places.work_socket(section.name))]
    if kind is Bundled.NETWORK and not elsewhere:
        command += ["--host", section.listen, "--port", str(section.port or ports.of(section.name))]
        command += _options("--subnet", _subnets(settings))
    else:
        command += ["--network", _node_url(network, settings, ports)]
    if kind is not Bundled.NETWORK:
        command += ["--api", str(places.api_socket)]
        command += ["--site", f"{settings.site.latitude_deg},{settings.site.longitude_deg}"]
        peak_w = sum(plane.peak_w for plane in settings.planes)
        command += ["--peak-w", str(peak_w)] if peak_w else []
        command += _options("--subnet", section.subnets)
        command += ["--register-at-most", f"{section.register_at_most_tao:.9f}"]
    if kind is Bundled.MINER:
        command += ["--axon-ip", section.listen]
        command += ["--axon-port", str(section.port or ports.of(section.name))]
        command += ["--callers", section.callers.value, "--min-stake", str(section.min_stake)]
        command += ["--register", section.register_by.value]
        command += _options("--model-url", (section.model_url,))
        command += _options("--model", (section.model,))
    return WorkSpec(
        name=section.name,
        role=kind.value,
        command=tuple(command),
        env=section.env,
        bundled=True,
    )


def _node_url(network: str | None, settings: Settings, ports: "_Ports") -> str:
    """Return where our neurons ask the chain: another rig's node, or our own."""
    if is_elsewhere(settings.network):
        return settings.network
    node = next(each for each in settings.workloads if each.name == network)
    return url_of(node.listen, node.port or ports.of(node.name))


def _subnets(settings: Settings) -> tuple[str, ...]:
    """Return the subnets that any neuron of ours is on, each once."""
    named = (name for each in settings.workloads if each.bundled for name in each.subnets)
    return tuple(dict.fromkeys(named))


def _options(option: str, values: Iterable[str | None]) -> list[str]:
    """Return an option for each value; none for a value that is not stated."""
    return [word for value in values if value is not None for word in (option, value)]


class _Ports:
    """Free ports on loopback, picked at first use and kept: peers have announced them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._ports: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._ports = {}

    def of(self, name: str) -> int:
        """Return the port of a workload."""
        if name not in self._ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._ports[name] = int(probe.getsockname()[1])
            self._path.write_text(json.dumps(self._ports), encoding="utf-8")
        return self._ports[name]
