"""Measure a card's work per watt, and draw what is known of it."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from solard.cli.places import home_option, places_of
from solard.cli.quantities import Duration
from solard.core.errors import SolardError

if TYPE_CHECKING:
    from solard.client.client import Client
    from solard.core.learning import LearnedCurve
    from solard.core.rig import GpuCard
    from solard.core.view import SiteView

LOOK_EVERY_S = 2.0


class CardMissing(SolardError):
    """The daemon steers no such card."""


@click.command()
@click.argument("index", metavar="GPU", type=int)
@click.option("--for", "longest_s", type=Duration(), default=7200.0, help="At most; 2h.")
@click.option("--detach", is_flag=True, help="Do not wait; `solard gpu curve` shows it later.")
@home_option
def calibrate(index: int, longest_s: float, detach: bool, home: Path | None) -> None:
    """Measure a card at nine powers while the sun carries the rig, then draw its curve.

    It takes a quarter of an hour of surplus and waits where there is none. Ctrl-C leaves it going.
    """
    from solard.client.client import Client

    asyncio.run(_calibrate(Client(places_of(home).api_socket), index, longest_s, detach))


@click.command()
@click.argument("index", metavar="GPU", type=int)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def curve(index: int, as_json: bool, home: Path | None) -> None:
    """Draw a card's work against its power, as learned so far."""
    from solard.client.client import Client

    client = Client(places_of(home).api_socket)
    view, learned = asyncio.run(_know(client))
    click.echo(_as_json(view, learned, index) if as_json else _drawn(view, learned, index))


async def _calibrate(client: "Client", index: int, longest_s: float, detach: bool) -> None:
    view = await client.view()
    _card(view, index)
    await client.sweep(index, view.state.taken_at + timedelta(seconds=longest_s))
    until_at = view.state.taken_at + timedelta(seconds=longest_s)
    said = ""
    while not detach:
        await asyncio.sleep(LOOK_EVERY_S)
        view = await client.view()
        why = _why(view)
        if why is not None and why != said:
            click.echo(why)
            said = why
        if view.state.taken_at >= until_at or " is measured: " in said:
            click.echo(_drawn(*await _know(client), index))
            return
    click.echo(f"gpu{index} is measured in surplus; `solard gpu curve {index}` shows it.")


async def _know(client: "Client") -> "tuple[SiteView, tuple[LearnedCurve, ...]]":
    return await client.view(), await client.curves()


def _why(view: "SiteView") -> str | None:
    from solard.core.rules.curve_sweep import RULE

    heard = () if view.decision is None else view.decision.heard
    return next((one.proposal.why for one in heard if one.proposal.rule == RULE), None)


def _drawn(view: "SiteView", learned: "tuple[LearnedCurve, ...]", index: int) -> str:
    from solard.core.curve_picture import curve_lines
    from solard.core.curves import prior_curve
    from solard.core.learning import curve_of

    card = _card(view, index)
    mine = [one for one in learned if one.gpu_id == card.gpu_id]
    share_w = view.rig.host_w / max(1, len(view.rig.cards))
    drawn: list[str] = []
    for one in mine:
        found = curve_of(one, card)
        if found is not None:
            minutes = sum(each.weight_s for each in one.bins) / 60.0
            drawn.append(f"{card.name} at {one.workload}, {minutes:.0f} min measured")
            drawn += curve_lines(card, found, one, share_w)
    if not drawn:
        prior = prior_curve(min_w=card.min_w, max_w=card.max_w, default_w=card.default_w)
        drawn.append(f"{card.name}: assumed; `solard gpu calibrate {index}` measures it")
        drawn += curve_lines(card, prior, None, share_w)
    return "\n".join(drawn)


def _as_json(view: "SiteView", learned: "tuple[LearnedCurve, ...]", index: int) -> str:
    from solard.core.records import RECORD_CODEC

    card = _card(view, index)
    mine = [one for one in learned if one.gpu_id == card.gpu_id]
    used = view.rig.curve(card.gpu_id)
    return json.dumps({"learned": RECORD_CODEC.encode(mine), "in_use": RECORD_CODEC.encode(used)})


def _card(view: "SiteView", index: int) -> "GpuCard":
    card = next((one for one in view.rig.cards if one.index == index), None)
    if card is None:
        there = ", ".join(str(one.index) for one in view.rig.cards) or "none"
        raise CardMissing(f"no card {index} is steered here; there are {there}")
    return card
