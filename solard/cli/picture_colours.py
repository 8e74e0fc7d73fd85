"""Colours of pictures: those of the screens, for dark and for light surroundings."""

DARK = {
    "ground": "#14171c",
    "panel": "#1a1e25",
    "line": "#2c3440",
    "strong": "#566274",
    "text": "#d5dae2",
    "quiet": "#8f9db0",
    "sun": "#d9a441",
    "house": "#9aa7b8",
    "rig": "#7aa7d9",
    "jobs": "#a277e6",
    "charge": "#7fb685",
    "price": "#d9705f",
}
LIGHT = {
    "ground": "#f6f5f1",
    "panel": "#eeece6",
    "line": "#d9d5ca",
    "strong": "#a9a598",
    "text": "#23272e",
    "quiet": "#64748b",
    "sun": "#b27708",
    "house": "#6b7686",
    "rig": "#2f6aa8",
    "jobs": "#7d4fb5",
    "charge": "#3d7f46",
    "price": "#b5432f",
}


def style() -> str:
    """Return the classes, in colours for dark screens and for light ones."""
    dark, light = (_colours(palette) for palette in (DARK, LIGHT))
    return f"{_SHAPES}{dark}@media (prefers-color-scheme: light) {{{light}}}"


_SHAPES = (
    "text{font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:12px}"
    ".title{font-size:17px;font-weight:600}.thin,.thick,.grid,.midnight{fill:none}"
    ".thin{stroke-width:1.5}.thick{stroke-width:2.4}.grid{stroke-width:1}"
    ".midnight{stroke-width:1;stroke-dasharray:3 3}.area,.mark,.block,.nap{stroke:none}"
    ".area{fill-opacity:.3}.nap{fill-opacity:.45}.on{font-weight:600}"
)


def _colours(palette: dict[str, str]) -> str:
    ways = [
        f".ground,.on{{fill:{palette['ground']}}}.panel{{fill:{palette['panel']}}}",
        f".title,.label{{fill:{palette['text']}}}.quiet{{fill:{palette['quiet']}}}",
        f".grid{{stroke:{palette['line']}}}.midnight{{stroke:{palette['strong']}}}",
        f".nap{{fill:{palette['line']}}}",
    ]
    for name in ("sun", "house", "rig", "jobs", "charge", "price"):
        colour = palette[name]
        filled = ",".join(f".{name}.{part}" for part in ("area", "mark", "block"))
        lines = ",".join(f".{name}.{part}" for part in ("thin", "thick"))
        ways.append(f"{filled}{{fill:{colour}}}{lines}{{stroke:{colour}}}")
    return "".join(ways)
