"""The built-in test subnet: says back what it hears, whole or in pieces."""

from collections.abc import AsyncIterator
from typing import Any

from miner.axon import Service
from miner.wire.refusal import ChallengeInvalid
from miner.wire.synapse import SynapseField, SynapseInvalid, SynapseKind

PROMPT = SynapseField(name="prompt", kind="str", is_required=True)
COMPLETION = SynapseField(name="completion", kind="str")
ECHO = SynapseKind(name="Echo", fields=(PROMPT, COMPLETION), hash_fields=("prompt",))
ECHO_STREAM = SynapseKind(
    name="EchoStream", fields=(PROMPT, COMPLETION), hash_fields=("prompt",), is_stream=True
)


async def answer(_: str, data: Any) -> dict[str, Any]:
    """Return the prompt with `echo:` before it."""
    return {"completion": "echo:" + _prompt(ECHO, data)}


async def stream(_: str, data: Any) -> AsyncIterator[bytes]:
    """Give `echo:` and the prompt word by word."""
    yield b"echo:"
    for place, word in enumerate(_prompt(ECHO_STREAM, data).split(" ")):
        yield (" " * bool(place) + word).encode()


SERVICES = {
    "echo": (Service(kind=ECHO, answer=answer),),
    "echo-stream": (Service(kind=ECHO_STREAM, stream=stream),),
}
"""What `solard network axon --subnet` can serve."""


def _prompt(kind: SynapseKind, data: Any) -> str:
    try:
        return str(kind.read(data)["prompt"])
    except SynapseInvalid as err:
        raise ChallengeInvalid(str(err)) from err
