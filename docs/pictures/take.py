"""Take pictures of a running solard: python docs/pictures/take.py --socket run/api.sock overview=1.

Each NAME=KEYS presses its keys and writes docs/pictures/NAME.svg.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from draw import draw

from tui.app import SolardApp

HERE = Path(__file__).parent
SETTLES_S = 2.5
LONGEST_WAIT_S = 30


async def take(socket: Path, size: tuple[int, int], theme: str, wanted: list[str]) -> None:
    """Open the TUI without a terminal, press keys, draw what it shows."""
    app = SolardApp(socket, read_only=False)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        for _ in range(LONGEST_WAIT_S):
            if app.picture.view is not None and app.picture.view.decision is not None:
                break
            await pilot.pause(1.0)
        else:
            sys.exit(f"no decision from {socket} in {LONGEST_WAIT_S} s: {app.picture.link.error}")
        for each in wanted:
            name, _, keys = each.partition("=")
            await pilot.press(*keys.split(","))
            await pilot.pause(SETTLES_S)
            path = HERE / f"{name}.svg"
            path.write_text(draw(app, f"solard: {name}"), encoding="utf-8")
            print(path)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--size", default="120x36")
    parser.add_argument("--theme", default="solard-dark")
    parser.add_argument("pictures", nargs="+", metavar="NAME=KEYS")
    asked = parser.parse_args()
    width, height = map(int, asked.size.split("x"))
    asyncio.run(take(asked.socket, (width, height), asked.theme, asked.pictures))


if __name__ == "__main__":
    main()
