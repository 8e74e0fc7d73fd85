"""`python -m miner.self_query PORT HOTKEY PROTOCOL SECONDS SYNAPSE FIELDS`: ask our axon, signed.

The key is made for this question, so an axon that admits only registered callers refuses it: that
it does is an answer too. One JSON line says the status and how long it took.
"""

import asyncio
import json
import sys
from typing import Any

from miner import keys
from miner.dendrite import Dendrite, WireProtocol
from miner.wire.synapse import SynapseKind, text_fields


def read_kind(synapse: str, question: str) -> tuple[SynapseKind, dict[str, Any]]:
    """Return the synapse and its values, of `{"fields": {"prompt": "hi"}, "hash_fields": []}`."""
    said = json.loads(question)
    values, hashed = said["fields"], tuple(said["hash_fields"])
    return SynapseKind(name=synapse, fields=text_fields(values), hash_fields=hashed), values


async def ask(
    port: int,
    hotkey: str,
    protocol: str,
    within_s: float,
    question: tuple[SynapseKind, dict[str, Any]],
) -> str:
    """Return what the axon on loopback answers, as a line of JSON."""
    dendrite = Dendrite(keys.generate(), within_s)
    kind, values = question
    try:
        answer = await dendrite.ask(
            f"127.0.0.1:{port}", hotkey, kind, values, protocol=WireProtocol(protocol)
        )
    finally:
        await dendrite.close()
    said = {"status": answer.status, "reason": answer.reason, "took_s": answer.duration_s}
    return json.dumps(said)


def main() -> int:
    """Ask once, print the answer."""
    port, hotkey, protocol, within_s, synapse, question = sys.argv[1:]
    kind = read_kind(synapse, question)
    print(asyncio.run(ask(int(port), hotkey, protocol, float(within_s), kind)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
