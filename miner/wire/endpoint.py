"""Where an axon says it listens. It comes from the chain, so anybody may have written it."""

import ipaddress
from dataclasses import dataclass

from solard.core.errors import SolardError


class EndpointInvalid(SolardError):
    """An axon's address is none that a dendrite may ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address and a port, and nothing else that a URL could hold."""

    ip: str
    port: int

    @property
    def text(self) -> str:
        """Return it as a URL's authority."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


def read_endpoint(text: str, *, is_public_only: bool = False) -> Endpoint:
    """Return the endpoint that `IP:PORT` or `[IP]:PORT` names; raise EndpointInvalid.

    Names are refused, and so are addresses at which no axon can be: a miner that announces the
    cloud's metadata service would have the validator ask it.
    """
    host, _, port_text = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError as err:
        raise EndpointInvalid(f"{text!r} is no IP:PORT") from err
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) <= 65535):
        raise EndpointInvalid(f"{text!r} has no port from 1 to 65535")
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    judged = inner or address
    is_nowhere = judged.is_link_local or judged.is_multicast or judged.is_unspecified
    if is_nowhere or (judged.is_reserved and not judged.is_loopback):
        raise EndpointInvalid(f"{text!r} is no address at which an axon can be")
    if is_public_only and not judged.is_global:
        raise EndpointInvalid(f"{text!r} is no public address, and this network is")
    return Endpoint(ip=str(address), port=int(port_text))
