"""`python -m miner.self_query PORT HOTKEY SYNAPSE PROTOCOL SECONDS`: ask our own axon, signed.

The key is made for this question, so an axon that admits only registered callers refuses it: that
it does is an answer too. One JSON line says the status and how long it took.
"""

import asyncio
import json
import sys

from miner import keys
from miner.dendrite import Dendrite, WireProtocol
from miner.wire.synapse import SynapseKind


async def ask(port: int, hotkey: str, synapse: str, protocol: str, within_s: float) -> str:
    """Return what the axon on loopback answers, as a line of JSON."""
    dendrite = Dendrite(keys.generate(), within_s)
    try:
        answer = await dendrite.ask(
            f"127.0.0.1:{port}",
            hotkey,
            SynapseKind(name=synapse),
            {},
            protocol=WireProtocol(protocol),
        )
    finally:
        await dendrite.close()
    said = {"status": answer.status, "reason": answer.reason, "took_s": answer.duration_s}
    return json.dumps(said)


def main() -> int:
    """Ask once, print the answer."""
    port, hotkey, synapse, protocol, within_s = sys.argv[1:]
    print(asyncio.run(ask(int(port), hotkey, synapse, protocol, float(within_s))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
