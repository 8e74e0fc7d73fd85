"""Nothing can be configured that is not documented, with unit, default and range."""

from pathlib import Path

import pytest

from solard.config.policies import relations_of
from solard.config.reference import KeyRow, key_rows
from solard.core.conditions import Quantity
from tests.config.yamls import ISLAND, problems

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("row", key_rows(), ids=lambda row: row.path)
def test_key_is_documented(row: KeyRow) -> None:
    text = (DOCS / "configure.md").read_text(encoding="utf-8")
    cells = row.markdown("").removesuffix(" |")

    (line,) = [line for line in text.splitlines() if line.startswith(cells)]
    assert len(line) > len(cells) + 10


def test_no_key_is_documented_that_is_gone() -> None:
    text = (DOCS / "configure.md").read_text(encoding="utf-8")
    documented = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}

    assert documented == {row.path for row in key_rows()}


@pytest.mark.parametrize("quantity", list(Quantity))
def test_quantity_is_documented_with_its_relations(quantity: Quantity) -> None:
    text = (DOCS / "policies.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{quantity.value}`")]

    assert line.endswith(f"{' '.join(f'`{each}`' for each in relations_of(quantity))} |")


def test_yaml_in_the_docs_is_valid() -> None:
    text = (DOCS / "policies.md").read_text(encoding="utf-8")
    blocks = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]

    assert problems(f"{ISLAND}{blocks[0]}{blocks[1]}") == []
