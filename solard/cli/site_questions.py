"""What `solard init` asks about the site: each answer in the configuration's own words.

An answer is fine when the file that it would make is: the configuration's own reader looks at it.
Enter keeps what stands in brackets; where no more answers come, as from a pipe, the rest is kept.
"""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import click

from solard.config.load import read_settings
from solard.config.problems import ConfigInvalid
from solard.config.starter import StarterValues, write_starter

NONE = "none"
_WHERE = {
    "name": "Name of the site",
    "latitude": "Latitude, degrees north",
    "longitude": "Longitude, degrees east",
    "timezone": "Time zone",
    "supply": "Supply: grid, off-grid or grid-with-backup",
}
_WHAT = {
    "peak": "Panels, peak power (a second direction: later, in the file)",
    "tilt": "Panels, tilt (0° lies flat)",
    "azimuth": "Panels, azimuth (90° looks east, 180° south, 270° west)",
    "battery": f"Battery, usable capacity, or {NONE}",
    "idle": "The rig at the wall while no card works",
}
_ISLAND = {
    "continuous": "Inverter, what it can carry for ever",
    "keep_free": "Of that, what stays free for the house",
}
_BOUGHT = {"bought": f"Fixed price of a kWh from the grid (like 0.30 EUR/kWh), or {NONE}"}
_SOLD = {"sold": f"Fixed price of a kWh that you export (like 0.08 EUR/kWh), or {NONE}"}


def ask_site(values: StarterValues) -> StarterValues:
    """Return what the owner says of the site; what is not answered stays as it is."""
    ask = _Questions()
    values = ask.all(_WHERE, values)
    if values.latitude.startswith("-"):
        values = replace(values, azimuth="0°")  # south of the equator panels look north
    values = ask.all(_WHAT, values)
    if values.supply == "off-grid":
        return ask.all(_ISLAND, values)
    values = ask.all(_BOUGHT, values)
    return values if values.bought is None else ask.all(_SOLD, values)


@dataclass(slots=True)
class _Questions:
    """Asks until an answer is one that the file takes."""

    over: bool = False
    """Whether no more answers come."""

    def all(self, questions: dict[str, str], values: StarterValues) -> StarterValues:
        """Return the values with every answer in its place."""
        for field, question in questions.items():
            values = self._ask(field, question, values)
        return values

    def _ask(self, field: str, question: str, values: StarterValues) -> StarterValues:
        default: str = getattr(values, field) or NONE
        while said := self._answer(f"{question} [{default}]"):
            answer: dict[str, Any] = {field: _as_written(field, said, default)}
            answered = replace(values, **answer)
            try:
                read_settings(write_starter(answered), "")
            except ConfigInvalid as err:
                click.echo(f"  {err.problems[0].text}", err=True)
                continue
            return answered
        return values

    def _answer(self, prompt: str) -> str:
        """Return what is typed; nothing at the end of all answers."""
        if self.over:
            return ""
        click.echo(f"{prompt}: ", nl=False, err=True)
        try:
            return input().strip()
        except EOFError:
            click.echo("", err=True)
            self.over = True
            return ""


def _as_written(field: str, said: str, default: str) -> str | None:
    """Return an answer as the file has it."""
    if field == "name":
        plain = re.fullmatch(r"[^\W\d][\w -]*", said) is not None
        return said if plain else json.dumps(said, ensure_ascii=False)
    if said.lower() == NONE:
        return None
    # Who answers 6 where 5 kWp stands means kWp.
    unit = re.fullmatch(r"[0-9.]+(\D*)", default)
    return said + unit[1] if unit and re.fullmatch(r"[0-9]+\.?[0-9]*", said) else said
