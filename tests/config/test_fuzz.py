"""Whatever stands in the file: settings or sentences, never a traceback."""

import contextlib
from dataclasses import fields
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solard.config.load import read_settings
from solard.config.model import Document
from solard.config.problems import ConfigInvalid

CABIN = (Path(__file__).parents[2] / "examples" / "cabin.yaml").read_text(encoding="utf-8")

YAML_SIGNS = "\t\n-:{}[]&*!~|>?@%#\"'`,\x85"
WORDS = st.sampled_from(["&a ", "*a ", "!!x ", ".nan", "0123", "22:30", "no", "1e999", "\n---\n"])
SECTIONS = [field.name for field in fields(Document)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(CABIN)),
            st.integers(0, 30),
            st.one_of(WORDS, st.text(YAML_SIGNS, max_size=3), st.text(max_size=8)),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_mutilated_file_gives_settings_or_sentences(edits: list[tuple[int, int, str]]) -> None:
    text = CABIN
    for start, length, word in edits:
        text = text[:start] + word + text[start + length :]

    with contextlib.suppress(ConfigInvalid):
        read_settings(text, "f.yaml")


@settings(max_examples=100, deadline=None)
@given(
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text("ab:%W 1-", max_size=6)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["rig", "at_most", "name", "when", "x"]), inner, max_size=3
            ),
        ),
        max_leaves=6,
    ),
    key=st.sampled_from(SECTIONS),
)
def test_any_shape_under_any_key_gives_settings_or_sentences(key: str, value: object) -> None:
    with contextlib.suppress(ConfigInvalid):
        read_settings(f"{key}: {_flow(value)}\n", "f.yaml")


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return {None: "~", True: "true", False: "false"}.get(value, str(value))
