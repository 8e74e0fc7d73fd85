"""One axon in the foreground, without a chain: for trying out clients and measuring."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miner.axon import Axon, AxonLimits, Service
from miner.keys import Keypair
from miner.program import leave_no_core, until_stopped
from miner.subnets import echo
from miner.subnets.catalog import find_subnet, subnet_names
from miner.wire.buckets import Allowance
from miner.wire.refusal import NotAdmitted, NotServing
from miner.wire.synapse import PING, SynapseField, SynapseKind
from solard.core.errors import SolardError
from solard.core.modes import WorkMode

LIMITS = AxonLimits(max_body_bytes=1_048_576, per_hotkey=Allowance(rate=5000.0, burst_count=10_000))
"""One caller may have all of it: this axon is there to be called."""


class NotOnRealNetwork(SolardError):
    """A development key, or an open door, where real tokens are at stake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AloneSettings:
    """What the foreground axon serves, and to whom."""

    ip: str
    port: int
    subnet: str
    """A key of `echo.SERVICES`."""
    is_open: bool
    """Whether every hotkey may ask."""
    allowed: frozenset[str]
    """Hotkeys that may ask besides."""
    mode: WorkMode
    mark: Path


async def serve_alone(
    settings: AloneSettings, keypair: Keypair, say: Callable[[str], None]
) -> None:
    """Serve a test subnet until SIGTERM or SIGINT."""
    leave_no_core()

    def admit(hotkey: str) -> None:
        if settings.mode is WorkMode.OFF:
            raise NotServing("Solar deficit: paused")
        if not settings.is_open and hotkey not in settings.allowed:
            raise NotAdmitted("Unrecognized hotkey")

    services: tuple[Service, ...] = echo.SERVICES[settings.subnet]
    axon = Axon(keypair, services, admit, limits=LIMITS, mark=settings.mark)
    port = await axon.start(settings.ip, settings.port)
    try:
        say(f"serving {settings.subnet} as {keypair.ss58} on {settings.ip}:{port}")
        await until_stopped()
    finally:
        await axon.stop()


def kind_of(name: str, given: dict[str, Any], hash_fields: tuple[str, ...]) -> SynapseKind:
    """Return the synapse of a name: a known one, or one that has just the given fields."""
    known = {one.name: one for one in (PING, echo.ECHO, echo.ECHO_STREAM)}
    if name in known and not hash_fields:
        return known[name]
    if name in subnet_names() and not hash_fields:
        return find_subnet(name).kind
    fields = tuple(SynapseField(name=each, kind="any", is_required=True) for each in given)
    answer = SynapseField(name="completion", kind="any")
    return SynapseKind(name=name, fields=(*fields, answer), hash_fields=hash_fields)
