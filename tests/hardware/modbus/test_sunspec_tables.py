"""Our table of SunSpec models beside that of pysunspec2, row by row."""

import csv
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import sunspec2

from hardware.modbus.models import MODULES, model_points

THEIRS = Path(sunspec2.__file__).parent / "models" / "json"


def our_models() -> list[int]:
    text = (files("hardware.profiles") / "sunspec_models.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return sorted({int(model) for row in rows for model in row["models"].split()})


def rows_of(group: dict, first: int) -> Iterator[tuple[str, tuple]]:
    for point in group["points"]:
        factor = point.get("sf") or ""
        yield point["name"], (first, point["type"], point["size"], str(factor))
        first += point["size"]


@pytest.mark.parametrize("model", our_models())
def test_every_row_of_a_model_stands_where_pysunspec2_has_it(model: int) -> None:
    group = json.loads((THEIRS / f"model_{model}.json").read_text(encoding="utf-8"))["group"]
    theirs = dict(rows_of(group, 0))

    ours = {
        name: (row.offset, row.kind, row.words, row.scale_factor)
        for name, row in model_points(model, "").items()
        if "." not in name
    }

    assert ours == theirs


@pytest.mark.parametrize("model", MODULES)
def test_every_row_of_a_module_stands_where_pysunspec2_has_it(model: int) -> None:
    group = json.loads((THEIRS / f"model_{model}.json").read_text(encoding="utf-8"))["group"]
    (module,) = group["groups"]

    ours = {
        name: (row.offset, row.kind, row.words, row.scale_factor)
        for name, row in model_points(model, "module").items()
    }

    assert ours == dict(rows_of(module, 0))
    first, size = MODULES[model]
    assert first == sum(point["size"] for point in group["points"])
    assert size == sum(point["size"] for point in module["points"])
