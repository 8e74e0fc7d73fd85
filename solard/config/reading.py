"""One pass over one file: collects every problem and remembers where each key stands."""

import re
from collections.abc import Iterable

from solard.config.problems import Problem, say_nearest
from solard.config.reader import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[int, int]
"""Line and column, 1-based."""
_MEANT = (
    (
        r"rig\.gpus\.[0-9]+",
        "one card stands under single: `gpus: {single: {2: {at_most: 200 W}}}`",
    ),
)
"""Keys that people write for others, and what they mean."""


class Reading:
    """Problems and places of one file; shapes report here and go on.

    A path is `section.key` or `section.list[0].key`.
    """

    def __init__(self, source: str, problems: Iterable[Problem] = ()) -> None:
        self.source = source
        self.problems: list[Problem] = list(problems)
        self.currency: str | None = None
        self._places: dict[str, Place] = {}
        self._refused: set[str] = set()

    def mark(self, path: str, node: Node) -> None:
        """Remember where a key stands."""
        self._places[path] = (node.line, node.column)

    def refuse(self, node: Node, path: str, text: str) -> None:
        """Report what is wrong with the value of a key: `text` follows its path."""
        self._refused.add(path)
        self._add((node.line, node.column), f"{path} {text}")

    def refuse_missing(self, parent: str, path: str, text: str) -> None:
        """Report a key that its section, which stands at `parent`, does not have."""
        self._refused.add(path)
        self._add(self.place(parent), f"{path} {text}")

    def skip(self, path: str) -> None:
        """Count a key as refused that was reported before."""
        self._refused.add(path)

    def contradict(self, path: str, text: str) -> None:
        """Report a contradiction at the line of a key; `text` is a whole sentence."""
        self._add(self.place(path), text)

    def refuse_unknown(self, key: ScalarNode, path: str, known: tuple[str, ...]) -> None:
        """Report a key that means nothing here."""
        self._refused.add(path)
        hint = next((say for form, say in _MEANT if re.fullmatch(form, path)), None)
        hint = hint or say_nearest(key.text, known)
        self._add((key.line, key.column), f"{path} is not a key here; {hint}")

    def count_in(self, node: Node, path: str, currency: str) -> bool:
        """Note the currency of a price; refuse a second one in the same file."""
        if self.currency in (None, currency):
            self.currency = currency
            return True
        text = f"is in {currency}, but another price is in {self.currency}; use one currency"
        self.refuse(node, path, text)
        return False

    def is_sound(self, *paths: str) -> bool:
        """Say whether nothing at or below these paths was refused."""
        return not any(
            refused == path or refused.startswith((f"{path}.", f"{path}["))
            for refused in self._refused
            for path in paths
        )

    def is_given(self, path: str) -> bool:
        """Say whether the file has this key."""
        return path in self._places

    def place(self, path: str) -> Place:
        """Return where a key stands, or its nearest parent that stands anywhere."""
        while path and path not in self._places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._places.get(path, (1, 1))

    def _add(self, place: Place, text: str) -> None:
        self.problems.append(Problem(self.source, place[0], place[1], text))


def say_node(node: Node) -> str:
    """Return a value as a person would recognise it in a message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    text = node.text if len(node.text) <= 40 else f"{node.text[:37]}…"
    return text or "an empty value"
