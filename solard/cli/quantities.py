"""Durations and powers on the command line, in the words of the configuration."""

import re

import click

_SECONDS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WATTS = {"W": 1.0, "kW": 1000.0}


class Duration(click.ParamType[float]):
    """`90s`, `20min`, `2h`: a float in seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds that the text says."""
        if isinstance(value, float | int):
            return float(value)
        found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d)\s*", str(value))
        if found is None or float(found[1]) == 0:
            self.fail(f"{value!r} is no duration; write 90s, 20min or 2h", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


class Power(click.ParamType[float]):
    """`600W`, `1.2kW`: a float in watts."""

    name = "power"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the watts that the text says."""
        if isinstance(value, float | int):
            return float(value)
        found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(k?W)\s*", str(value))
        if found is None:
            self.fail(f"{value!r} is no power; write 600W or 1.2kW", param, ctx)
        return float(found[1]) * _WATTS[found[2]]
