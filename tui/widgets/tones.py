"""Tones to colours: each meaning takes its colour from the theme, so that every theme works."""

from dataclasses import replace

from rich.style import Style as RichStyle
from textual.color import Color
from textual.content import Content
from textual.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from tui.text import Lines, Tone

STYLES: dict[Tone, str] = {
    Tone.PLAIN: "",
    Tone.MUTED: "$foreground-muted",
    Tone.FAINT: "$secondary 40%",
    Tone.STRONG: "bold",
    Tone.TITLE: "bold $primary",
    Tone.GOOD: "$success",
    Tone.WARN: "$warning",
    Tone.BAD: "bold $error",
    Tone.SUN: "$warning",
    Tone.HIDDEN_SUN: "$warning 65%",
    Tone.HOUSE: "$secondary",
    Tone.RIG: "$accent",
    Tone.RIG_ON_SUN: "$accent on $warning",
    Tone.RIG_ON_HIDDEN_SUN: "$accent on $warning 65%",
    Tone.BATTERY: "$success",
    Tone.GRID: "$primary",
    Tone.GENERATOR: "$error",
    Tone.BADGE_GOOD: "bold reverse $success",
    Tone.BADGE_WARN: "bold reverse $warning",
    Tone.BADGE_BAD: "bold reverse $error",
}

DARK = Theme(
    name="solard-dark",
    dark=True,
    primary="#7aa7d9",
    secondary="#8f9db0",
    warning="#d9a441",
    error="#d9705f",
    success="#7fb685",
    accent="#a277e6",
    foreground="#d5dae2",
    background="#14171c",
    surface="#1a1e25",
    panel="#222832",
)
LIGHT = Theme(
    name="solard-light",
    dark=False,
    primary="#2f6aa8",
    secondary="#64748b",
    warning="#b27708",
    error="#b5432f",
    success="#3d7f46",
    accent="#7d4fb5",
    foreground="#23272e",
    background="#f6f5f1",
    surface="#eeece6",
    panel="#e3e0d8",
)
ANSI_DARK = replace(BUILTIN_THEMES["ansi-dark"], accent="ansi_magenta")
"""Textual's own gives accent and success one colour; rig and battery need two."""
OWN = (DARK, LIGHT, ANSI_DARK)
CYCLE = (
    DARK.name,
    LIGHT.name,
    "nord",
    "gruvbox",
    "tokyo-night",
    "solarized-light",
    "ansi-dark",
    "ansi-light",
)
"""Themes that `t` walks through; the palette offers all."""


def rich_style(tone: Tone, variables: dict[str, str]) -> RichStyle:
    """Return a tone as a Rich style, its transparency mixed into the theme's background."""
    style = Style.parse(STYLES[tone], variables)
    colour = style.foreground
    if colour is None or colour.a >= 1:
        return style.rich_style
    if colour.ansi is not None:
        return RichStyle(dim=True)
    background = Color.parse(variables["background"])
    return RichStyle(color=background.blend(colour, colour.a, 1.0).rich_color)


def content(lines: Lines) -> Content:
    """Return lines as Textual content."""
    parts: list[str | tuple[str, str]] = []
    for index, row in enumerate(lines):
        if index:
            parts.append("\n")
        parts += [(span.text, STYLES[span.tone]) for span in row]
    return Content.assemble(*parts)
