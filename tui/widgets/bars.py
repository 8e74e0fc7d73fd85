"""The tab bar at the top and the key bar at the bottom; both take clicks."""

from textual.app import RenderResult
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.model.keys import key_bar, key_spans, tab_labels
from tui.model.picture import Picture
from tui.widgets.tones import content


class TabBar(Widget):
    """The screens, the open one lit, and what needs attention."""

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.auto_links = False
        self._open = 1
        self._picture = Picture()

    def show(self, picture: Picture, screen: int) -> None:
        """Light the open screen."""
        changed = screen != self._open or self._problems(picture) != self._problems(self._picture)
        self._open, self._picture = screen, picture
        if changed:
            self.refresh()

    def render(self) -> RenderResult:
        """Paint the tabs, each with its click."""
        width = self.content_size.width
        parts: list[Content] = []
        for number, text in enumerate(tab_labels(width, self._open), start=1):
            style = "bold reverse $primary" if number == self._open else "$foreground-muted"
            tab = Content.styled(text, style)
            parts.append(tab.stylize(Style.from_meta({"@click": f"app.open({number})"})))
        tabs = Content("").join(parts)
        problems = self._problems(self._picture)
        text = f"▲ {problems} problem{'s' if problems > 1 else ''} " if problems else ""
        gap = width - tabs.cell_length - len(text)
        if gap < 1:
            return tabs
        return Content.assemble(tabs, " " * gap, (text, "bold $warning"))

    @staticmethod
    def _problems(picture: Picture) -> int:
        return len(picture.view.degraded) if picture.view is not None else 0


class KeyBar(Widget):
    """The keys that can be pressed now."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self.auto_links = False
        self._screen = 1
        self._picture = Picture()

    def show(self, picture: Picture, screen: int) -> None:
        """Show the keys for a screen."""
        self._picture, self._screen = picture, screen
        self.refresh()

    def render(self) -> RenderResult:
        """Paint the keys, each with its click."""
        parts = []
        for key in key_bar(self._picture, self._screen, self.content_size.width):
            text = content((key_spans(key),))
            parts.append(text.stylize(Style.from_meta({"@click": f"app.{key.action}"})))
        return Content("").join(parts)
