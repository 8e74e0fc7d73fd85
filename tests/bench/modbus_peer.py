"""`python -m tests.bench.modbus_peer COUNT`: devices to be read, in a process of their own.

Prints one port for each; each serves holding registers 0..199 of unit 1, and they move a little.
"""

import asyncio
import sys

from hardware.sim.server import Image, ModbusServer, show

WORDS = 200


async def main(count: int) -> None:
    """Serve until killed."""
    turn = 0

    def image() -> Image:
        nonlocal turn
        turn += 1
        return {1: {at: 2000 + (at * 7 + turn) % 100 for at in range(WORDS)}}

    servers = [ModbusServer(show(image)) for _ in range(count)]
    for server in servers:
        print(await server.start("127.0.0.1", 0), flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
