"""A panel: a pure painter's lines, drawn again only when they differ."""

from collections.abc import Callable

from textual.app import RenderResult
from textual.geometry import Size
from textual.widget import Widget

from tui.model.picture import Picture
from tui.text import Lines
from tui.widgets.tones import content

Painter = Callable[[Picture, int, int | None], Lines]
"""Paints a picture into a width and, where it is fixed, a height."""


class Panel(Widget):
    """Shows what its painter makes of the newest picture."""

    def __init__(
        self,
        painter: Painter,
        *,
        title: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._painter = painter
        self._picture = Picture()
        self._painted: Lines = ()
        if title:
            self.border_title = title

    def show(self, picture: Picture) -> None:
        """Take a new picture; refresh only where what people see has changed."""
        before = self._painted
        self._picture = picture
        width, height = self.content_size
        if not width:
            return
        after = self._painter(picture, width, None if self._grows else height)
        if after != before:
            self.refresh(layout=self._grows and len(after) != len(before))

    def render(self) -> RenderResult:
        """Paint into the size that this widget has."""
        width, height = self.content_size
        self._painted = self._painter(self._picture, width, None if self._grows else height)
        return content(self._painted)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the rows that the painter needs."""
        return len(self._painter(self._picture, width, None)) if width else 0

    @property
    def _grows(self) -> bool:
        return self.styles.height is not None and self.styles.height.is_auto


class TallPanel(Panel):
    """A panel that is as tall as its painter wants."""

    def __init__(
        self,
        painter: Callable[[Picture, int], Lines],
        *,
        title: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            lambda picture, width, _: painter(picture, width), title=title, id=id, classes=classes
        )


class HeldPanel(TallPanel):
    """A tall panel that does not shrink while one rule decides: live values would make it jump."""

    def __init__(
        self,
        painter: Callable[[Picture, int], Lines],
        *,
        title: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(painter, title=title, id=id, classes=classes)
        self._held = 0
        self._held_for: tuple[str, int] | None = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the most rows that were needed since the rule or the width changed."""
        view = self._picture.view
        rule = view.decision.rule if view is not None and view.decision is not None else ""
        if self._held_for != (rule, width):
            self._held_for, self._held = (rule, width), 0
        self._held = max(self._held, super().get_content_height(container, viewport, width))
        return self._held
