"""A table that changes only the cells whose text changed."""

from rich.text import Text
from textual.widgets import DataTable

from tui.model.table import Table, TableColumn, TableRow, aligned
from tui.text import Span, Tone
from tui.widgets.tones import rich_style


class LiveTable(DataTable[Text]):
    """Shows a table value; keeps cursor and scroll position while values change."""

    def __init__(self, *, cursor: bool = False, id: str | None = None) -> None:
        super().__init__(
            id=id,
            cell_padding=0,
            cursor_type="row" if cursor else "none",
            show_cursor=cursor,
            zebra_stripes=False,
        )
        self._shown: Table | None = None
        self._shown_theme = ""

    def show(self, table: Table) -> None:
        """Take new values; a change of columns or rows builds the table again."""
        before, theme = self._shown, self.app.theme
        self._shown = table
        if before is None or before.columns != table.columns or theme != self._shown_theme:
            self._shown_theme = theme
            self._build(table)
        elif [row.key for row in before.rows] != [row.key for row in table.rows]:
            self._fill(table)
        else:
            self._change(before, table)

    @property
    def selected_key(self) -> str | None:
        """Return the key of the row under the cursor."""
        if self._shown is None or not 0 <= self.cursor_row < len(self._shown.rows):
            return None
        return self._shown.rows[self.cursor_row].key

    def _build(self, table: Table) -> None:
        row = self.cursor_row
        self.clear(columns=True)
        for column in table.columns:
            label = self._text(Span(column.label, Tone.MUTED), column)
            self.add_column(label, key=column.label, width=column.width + 1)
        self._fill(table, row)

    def _fill(self, table: Table, cursor_row: int | None = None) -> None:
        row = self.cursor_row if cursor_row is None else cursor_row
        self.clear()
        for each in table.rows:
            self.add_row(*self._cells(table, each), key=each.key)
        if table.rows:
            self.move_cursor(row=min(max(0, row), len(table.rows) - 1))

    def _change(self, before: Table, table: Table) -> None:
        for old, new in zip(before.rows, table.rows, strict=True):
            pairs = zip(table.columns, old.cells, new.cells, strict=True)
            for column, was, now in pairs:
                if was != now:
                    text = self._text(now, column)
                    self.update_cell(new.key, column.label, text, update_width=False)

    def _cells(self, table: Table, row: TableRow) -> list[Text]:
        pairs = zip(table.columns, row.cells, strict=True)
        return [self._text(cell, column) for column, cell in pairs]

    def _text(self, span: Span, column: TableColumn) -> Text:
        style = rich_style(span.tone, self.app.theme_variables)
        return Text(aligned(span.text, column), style=style, no_wrap=True, end="")
