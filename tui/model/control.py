"""The control panel: WHY, NEXT and, where there is room, the cards."""

from tui.model.gpus import few_cards
from tui.model.picture import Picture
from tui.model.why import strip
from tui.text import BLANK, Lines

_LEAST_CARD_ROWS = 2


def control(picture: Picture, width: int, height: int | None = None) -> Lines:
    """Return WHY and NEXT, then the short table of cards at the bottom of the panel."""
    if height is None:
        return (*strip(picture, width), BLANK, *few_cards(picture, width))
    cards = few_cards(picture, width)
    room = max(_LEAST_CARD_ROWS, min(len(cards), height - len(strip(picture, width)) - 1))
    shown = few_cards(picture, width, room)
    said = strip(picture, width, max(2, height - len(shown) - 1))
    gap = height - len(said) - len(shown)
    return (*said, *([BLANK] * max(1, gap)), *shown)[:height]
