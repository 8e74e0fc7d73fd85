"""Write rows in one transaction, so that writing them twice is the same as once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import Insert, insert


@dataclass(frozen=True, slots=True)
class Row:
    """One row to store."""

    table: Table
    values: Mapping[str, object]
    replace: bool = False
    """Whether it replaces the row under its key; otherwise the first one stays."""


def write_rows(connection: Connection, rows: Iterable[Row]) -> None:
    """Insert `rows` in their order, table by table."""
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.table.name, row.replace), []).append(row)
    for (_, replace), group in groups.items():
        statement = _insert(group[0].table, replace=replace)
        connection.execute(statement, [dict(row.values) for row in group])


def _insert(table: Table, *, replace: bool) -> Insert:
    statement = insert(table)
    keys = list(table.primary_key)
    if not replace:
        return statement.on_conflict_do_nothing(index_elements=keys)
    values = {name: statement.excluded[name] for name in table.columns.keys()}  # noqa: SIM118
    return statement.on_conflict_do_update(index_elements=keys, set_=values)
