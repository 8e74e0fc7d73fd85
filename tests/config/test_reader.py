"""YAML that surprises, stalls or floods others is refused here with a sentence and its line."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from solard.config.problems import ConfigInvalid
from solard.config.reader import read_text, read_yaml


def said(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        read_yaml(text, "f.yaml")
    return str(caught.value).splitlines()


def test_plain_data_is_yaml_1_2() -> None:
    text = "a: 1\nb: [22:30, no, on, 0x10, 1e3, '0123', 6.4 kW, -5, .5, ~, true]\nc: {d: x y}\n"

    assert read_yaml(text, "f.yaml") == {
        "a": 1,
        "b": ["22:30", "no", "on", 16, 1000.0, "0123", "6.4 kW", -5, 0.5, None, True],
        "c": {"d": "x y"},
    }


def test_empty_file_is_an_empty_mapping() -> None:
    assert read_yaml("# nothing\n", "f.yaml") == {}


def test_keys_are_text() -> None:
    assert read_yaml("1: a\n0: b\n", "f.yaml") == {"1": "a", "0": "b"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2: a tab indents this line; YAML wants spaces"),
        (
            "\ufeffa: 1\n",
            "f.yaml:1: starts with a byte-order mark (BOM); "
            'save the file as "UTF-8", not as "UTF-8 with BOM"',
        ),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: key a stands here twice (first on line 1); delete one"),
        ("a: {b: 1, b: 2}", "f.yaml:1: key b stands here twice (first on line 1); delete one"),
        ("a: .inf", "f.yaml:1: .inf is not a finite number"),
        ("a: .nan", "f.yaml:1: .nan is not a finite number"),
        ("a: 1e999", "f.yaml:1: 1e999 is too large for a number"),
        (
            "a: 0123",
            'f.yaml:1: 0123 starts with a zero; write 123 for the number or "0123" for text',
        ),
        ("a: !!python/object:os.system x", "f.yaml:1: tag"),
        ("a: 1\n---\nb: 2", "f.yaml:2: a second document (---) starts here; delete this line"),
        ("%YAML 1.1\n---\na: 1", "f.yaml:2: YAML directives (%…) are not supported; delete them"),
        ("a: x\x00y", "f.yaml:1: has a character U+0000 that no text has; delete it"),
        ("a: b: c", "f.yaml:1: a second colon in one line"),
        ("a: 1\n b: 2", "f.yaml:2: a second colon in one line, or wrong indentation"),
        ("a: 'x", "f.yaml:1: a quote is opened and never closed"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2: a bracket is not closed"),
        ("a: 1\nfoo\nb: 2", "f.yaml:3: a key without a colon; write `key: value`"),
        ("? [1]\n: 2", "f.yaml:1: a key is a word, not a list or a mapping"),
        ("a: @x", "f.yaml:1: this is no YAML"),
    ],
)
def test_bad_yaml_gets_a_sentence_with_its_line(text: str, sentence: str) -> None:
    assert said(text)[0].startswith(sentence)


def test_anchors_and_aliases_are_refused() -> None:
    assert said("a: &x [1]\nb: *x\n") == [
        "f.yaml:1: anchor &x is not supported; write the value out where needed",
        "f.yaml:2: alias *x is not supported; write the value out",
    ]


def test_all_dubious_values_are_named_at_once() -> None:
    assert [line.split(":")[1] for line in said("a: 012\nb: .inf\na: 1\nc: 1e999\n")] == [
        "1",
        "2",
        "3",
        "4",
    ]


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (alias_bomb, "alias"),
        (lambda: "[" * 20_000, "levels deep"),
        (lambda: "{a: " * 20_000, "levels deep"),
        (lambda: "- " * 20_000, "levels deep"),
        (lambda: "[\n" * 20_000, "levels deep"),
        (lambda: "".join(f"{' ' * n}a:\n" for n in range(300)), "levels deep"),
        (lambda: "a: " + "x" * 20_000_000, "256 KiB"),
        (lambda: "a: [" + "x," * 120_000 + "]", "20,000 values"),
    ],
)
def test_bombs_are_refused_without_work(make: Callable[[], str], sentence: str) -> None:
    text = make()
    started_s = time.process_time()
    tracemalloc.start()

    lines = said(text)

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert any(sentence in line for line in lines)
    assert time.process_time() - started_s < 20.0  # a hang, not a benchmark
    assert peak_bytes < 50_000_000


def test_flood_of_problems_is_cut() -> None:
    lines = said("".join("a: 1\n" for _ in range(500)))

    assert len(lines) == 101
    assert lines[-1] == "… and 399 more"


def test_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(20_000_000_000)

    with pytest.raises(ConfigInvalid, match="more than 256 KiB"):
        read_text(path)


def test_file_that_is_no_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nname: H\xfctte\n")

    with pytest.raises(ConfigInvalid, match=":2: byte 0xfc is not UTF-8"):
        read_text(path)


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"none\.yaml:1: cannot be read: No such file"):
        read_text(tmp_path / "none.yaml")
