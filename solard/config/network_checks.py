"""Contradictions between workloads and the network that they are on."""

from collections.abc import Iterator
from ipaddress import ip_address

from solard.config.model import Document
from solard.config.networks import LOOPBACK, host_of, is_elsewhere
from solard.config.workload import NETWORK_NAME, Bundled, WorkloadSection

Finding = tuple[str, str]


def network_faults(document: Document) -> Iterator[Finding]:
    """Yield the path whose line is shown, and the sentence."""
    nodes = [name for name, each in document.workloads if each.bundled is Bundled.NETWORK]
    if len(nodes) > 1:
        yield f"workloads.{nodes[1]}", f"workloads {' and '.join(nodes)} are both the network"
    if not nodes and any(name == NETWORK_NAME for name, _ in document.workloads):
        text = "takes the name of the embedded network's own workload; call it something else"
        yield f"workloads.{NETWORK_NAME}", f"workloads.{NETWORK_NAME} {text}"
    for name, workload in document.workloads:
        for text in (*_on_network(workload, document.network), *_listening(workload)):
            yield f"workloads.{name}", f"workloads.{name} {text}"


def _on_network(workload: WorkloadSection, network: str) -> Iterator[str]:
    if workload.bundled is None:
        return
    if network == "none":
        yield f"needs a network, and network is none; write `network: embedded` for {workload.name}"
    if not is_elsewhere(network):
        return
    if workload.bundled is Bundled.NETWORK:
        yield f"makes a network, and network names the node {network}; delete one of them"
    is_far = not _is_loopback(host_of(network))
    if workload.bundled is Bundled.MINER and is_far and _is_loopback(workload.listen):
        text = f"listens on {workload.listen}, where no validator of another rig can ask it"
        yield f"{text}; write listen: with the address that this machine has for {network}"


def _listening(workload: WorkloadSection) -> Iterator[str]:
    listen = workload.listen
    if listen == LOOPBACK:
        return
    if workload.bundled not in {Bundled.MINER, Bundled.NETWORK}:
        yield f"says listen {listen}, but answers nobody; delete listen"
        return
    try:
        is_every = ip_address(listen).is_unspecified
    except ValueError:
        yield f"says listen {listen}, which is no IP address; write one of this machine: 10.0.0.6"
        return
    if workload.bundled is Bundled.MINER and is_every:
        yield f"announces {listen}, where nobody finds it; write one address of this machine"
    if workload.bundled is Bundled.NETWORK and workload.port is None:
        yield f"listens on {listen} for other rigs, which cannot know its port; write port: 9944"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
