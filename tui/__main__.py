"""The TUI as a process of its own: exit code 0 = the person quit with q, 1 = something else did."""

import argparse
import sys
from pathlib import Path

from tui.app import run_tui


def main(arguments: list[str] | None = None) -> int:
    """Run the TUI on the daemon behind a socket."""
    parser = argparse.ArgumentParser(prog="python -m tui", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the daemon's api.sock")
    parser.add_argument("--read-only", action="store_true", help="look, change nothing")
    asked = parser.parse_args(arguments)
    return 0 if run_tui(asked.socket, read_only=asked.read_only) else 1


if __name__ == "__main__":
    sys.exit(main())
