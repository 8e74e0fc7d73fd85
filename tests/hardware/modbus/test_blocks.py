"""Blocks: few requests, no value torn, no limit broken."""

from hypothesis import given
from hypothesis import strategies as st

from hardware.modbus.blocks import Span, plan_blocks
from hardware.modbus.limits import LinkLimits


def span(first: int, last: int | None = None, *, unit: int = 1, function: int = 3) -> Span:
    end = first if last is None else last
    return Span(name=f"p{first}-{end}", unit=unit, function=function, first=first, last=end)


def shape(limits: LinkLimits, *spans: Span) -> list[tuple[int, int]]:
    return [(block.first, block.count) for block in plan_blocks(spans, limits)]


def test_neighbours_are_read_together():
    assert shape(LinkLimits(), span(8), span(9), span(10, 11)) == [(8, 4)]


def test_gap_is_not_read_along_unless_the_device_allows_it():
    assert shape(LinkLimits(max_gap=0), span(8), span(10)) == [(8, 1), (10, 1)]
    assert shape(LinkLimits(max_gap=1), span(8), span(10)) == [(8, 3)]


def test_value_is_never_split_at_the_longest_block():
    assert shape(LinkLimits(max_words=3), span(0, 1), span(2, 3)) == [(0, 2), (2, 2)]


def test_block_stays_inside_declared_ranges():
    limits = LinkLimits(max_gap=50, ranges=((0, 9), (10, 19)))

    assert shape(limits, span(8), span(9), span(10)) == [(8, 2), (10, 1)]


def test_block_does_not_reach_across_a_border():
    assert shape(LinkLimits(no_cross=(10,)), span(9), span(10)) == [(9, 1), (10, 1)]


def test_units_and_functions_are_never_mixed():
    spans = (span(1), span(2, unit=2), span(3, function=4), span(4))

    assert shape(LinkLimits(max_gap=9), *spans) == [(1, 4), (3, 1), (2, 1)]


def test_value_inside_another_adds_nothing():
    assert shape(LinkLimits(), span(4, 20), span(7), span(4)) == [(4, 17)]


def test_found_border_splits_a_block():
    blocks = plan_blocks([span(1), span(2)], LinkLimits(), frozenset({(1, 3, 2)}))

    assert len(blocks) == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 7), st.integers(1, 2), st.integers(3, 4)),
        max_size=40,
    ),
    st.integers(8, 40),
    st.integers(0, 10),
    st.sets(st.integers(1, 310), max_size=5),
)
def test_every_span_lies_whole_in_one_block_within_the_limits(rows, max_words, max_gap, borders):
    limits = LinkLimits(max_words=max_words, max_gap=max_gap, no_cross=tuple(borders))
    spans = [
        span(first, first + more, unit=unit, function=function)
        for first, more, unit, function in rows
        if not any(first < border <= first + more for border in borders)
    ]

    blocks = plan_blocks(spans, limits)

    assert sorted(one for block in blocks for one in (s.name for s in block.spans)) == sorted(
        one.name for one in spans
    )
    for block in blocks:
        last = block.first + block.count - 1
        assert block.count <= max_words
        assert not any(block.first < border <= last for border in borders)
        for one in block.spans:
            assert (one.unit, one.function) == (block.unit, block.function)
            assert block.first <= one.first <= one.last <= last
