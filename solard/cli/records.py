"""`solard replay`: decide stored cycles again and compare."""

import json
import sys
from pathlib import Path

import click

from solard.cli.places import home_option, places_of


@click.command()
@click.option("--cycles", is_flag=True, help="Replay every stored decision.")
@click.option("--json", "as_json", is_flag=True)
@home_option
def replay(cycles: bool, as_json: bool, home: Path | None) -> None:
    """Decide every stored cycle again from its own inputs; each must come out the same."""
    if not cycles:
        raise click.UsageError("say what to replay, as in: solard replay --cycles")
    from solard.core.records import replays_same
    from solard.store.reading import open_history

    count, same, different = 0, 0, []
    with open_history(places_of(home).database) as history:
        for stored in history.cycle_records():
            count += 1
            if replays_same(stored.record):
                same += 1
            else:
                different.append({"boot": stored.boot, "seq": stored.seq})
    if as_json:
        click.echo(json.dumps({"cycles": count, "same": same, "different": different}))
    else:
        click.echo(f"{same} of {count} stored decisions come out the same.")
    if different:
        sys.exit(1)
