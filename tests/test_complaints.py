"""Every complaint that owners of other controllers have is answered, by tests that are there."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_[a-z0-9_]+)(…?)`")
WITHOUT_A_TEST = {27: "bench.md", 36: "no MQTT"}
"""Answered by a figure, or by a reason."""


@cache
def rows() -> dict[int, str]:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    table = text[text.index("## What owners of other controllers complain about") :]
    return {int(number): answer for number, _, answer in ROW.findall(table)}


@cache
def known_tests() -> frozenset[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"def (test_[a-z0-9_]+)", path.read_text(encoding="utf-8")))
    return frozenset(found)


def test_all_39_are_answered_in_order() -> None:
    assert list(rows()) == list(range(1, 40))


@pytest.mark.parametrize("number", range(1, 40))
def test_complaint_is_held_by_tests_that_exist_or_says_why_not(number: int) -> None:
    answer = rows()[number]
    named = NAMED.findall(answer)
    paths = re.findall(r"`(tests/[a-z_/]+\.py)`", answer)

    gone = [name for name, more in named if not _exists(name, is_beginning=bool(more))]
    gone += [path for path in paths if not (ROOT / path).exists()]

    assert gone == []
    assert named or paths or WITHOUT_A_TEST[number] in answer


def _exists(name: str, *, is_beginning: bool) -> bool:
    if is_beginning:
        return any(one.startswith(name) for one in known_tests())
    return name in known_tests()
