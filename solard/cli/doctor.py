"""`solard doctor`: everything looked at once, what is wrong, and what helps."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of

if TYPE_CHECKING:
    from solard.core.findings import Finding
    from solard.system.places import Places

SIGNS = {"good": "✓", "doubtful": "?", "bad": "✗"}


@click.command()
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: solard.yaml in the etc directory.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def doctor(config: Path | None, as_json: bool, home: Path | None) -> None:
    """Look at everything once: machine, configuration, daemon, devices, signs, cards, network.

    Changes nothing. Exits with 1 where something is wrong.
    """
    from hardware.modbus.profile import profile_names
    from solard.app.doctor import examine_machine

    places = places_of(home)
    installed = home is None and Path("/etc/systemd/system/solard.service").exists()
    root = Path("/") if installed else None
    findings = examine_machine(config or places.config, places, profile_names(), root)
    findings += (*_keys(), *_daemon(places))
    if as_json:
        from solard.core.codec import Codec

        click.echo(json.dumps({"findings": Codec().encode(findings)}, ensure_ascii=False))
    else:
        _print(findings)
    if any(one.verdict == "bad" for one in findings):
        sys.exit(1)


def _daemon(places: "Places") -> "tuple[Finding, ...]":
    from solard.client.now import ask_view
    from solard.core.errors import SolardError
    from solard.core.findings import bad, examine

    try:
        return examine(ask_view(places.api_socket))
    except SolardError as err:
        return (bad("daemon", str(err)),)


def _keys() -> "tuple[Finding, ...]":
    from miner.wallets import ColdkeyHere, default_home, refuse_coldkeys
    from solard.core.findings import bad, good

    try:
        refuse_coldkeys(default_home())
    except ColdkeyHere as err:
        return (bad("keys", str(err)),)
    return (good("keys", "No coldkey can be read here."),)


def _print(findings: "tuple[Finding, ...]") -> None:
    topic = ""
    for one in findings:
        shown = "" if one.topic == topic else one.topic
        topic = one.topic
        click.echo(f"{SIGNS[one.verdict]} {shown:14} {one.text}")
        if one.remedy:
            click.echo(f"{'':16} → {one.remedy}")
    wrong = sum(one.verdict == "bad" for one in findings)
    doubtful = sum(one.verdict == "doubtful" for one in findings)
    click.echo(f"{len(findings)} things looked at: {wrong} wrong, {doubtful} in doubt.")
