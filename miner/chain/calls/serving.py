"""Where a neuron listens."""

import ipaddress
from dataclasses import replace

from miner.chain.calls.context import U16_MAX, CallRefused, Context, neuron_of, subnet_of
from miner.chain.values import Axon, Value


def serve_axon(
    context: Context, signer: str, *, netuid: int, ip: str, port: int
) -> tuple[Value, ...]:
    """Announce where the signer's neuron listens. Unlike the real chain, loopback may."""
    subnet = subnet_of(context, netuid)
    neuron = neuron_of(context, netuid, signer, "serve_axon")
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise CallRefused(f"serve_axon: {ip!r} is no IP address") from None
    if address.is_unspecified or address.is_multicast or not 0 < port <= U16_MAX:
        raise CallRefused(f"serve_axon: nobody can reach {ip} port {port}")
    limit = subnet.rules.serving_rate_limit
    if neuron.axon and context.block - neuron.axon.served_block < limit:
        raise CallRefused(f"serve_axon: at most once in {limit} blocks")
    return (replace(neuron, axon=Axon(ip=str(address), port=port, served_block=context.block)),)
