"""The policies as sentences with live values, and every proposal that the last decision heard."""

from solard.core.decision import Decision, HeardProposal, Verdict
from solard.core.modes import WorkMode
from solard.core.view import ConditionView, PolicyView, SiteView
from solard.core.wording import say_count
from tui import format as words
from tui.model.picture import Picture
from tui.text import BLANK, Line, Lines, Span, Tone, cut, hang, line, muted, strong

_MARKS = {
    True: Span("✓ ", Tone.GOOD),
    False: Span("✗ ", Tone.MUTED),
    None: Span("? ", Tone.WARN),
}
_VERDICTS = {
    Verdict.IDLE: Span("idle     ", Tone.MUTED),
    Verdict.NARROWED: Span("narrowed ", Tone.WARN),
    Verdict.CHOSE: Span("chose    ", Tone.GOOD),
    Verdict.OVERRULED: Span("overruled", Tone.BAD),
}

_LONGEST_NAME = 32


def policies(picture: Picture, width: int) -> Lines:
    """Return every policy with its conditions."""
    view = picture.view
    if view is None:
        return (line(muted("No picture of the policies yet.")),)
    if not view.policies:
        return (
            *hang(
                line(),
                "No policy is written: safety, battery lines, grid limits and the plan decide.",
                width,
            ),
            *hang(
                line(muted("→ ")),
                "Add one under `policies:` in solard.yaml; `solard policy explain` reads it back.",
                width,
            ),
        )
    rows: list[Line] = []
    for policy in view.policies:
        rows += [*_policy(policy, width), BLANK]
    return tuple(rows[:-1])


def _policy(policy: PolicyView, width: int) -> Lines:
    state = Span("acts now", Tone.GOOD) if policy.acts else muted("waits")
    mark = Span("● ", Tone.GOOD) if policy.acts else muted("○ ")
    rows: list[Line] = [line(mark, strong(policy.name), "  ", state)]
    rows += hang(line("  "), policy.sentence, width)
    rows += [_condition("when  ", each, width) for each in policy.when]
    rows += [_condition("unless", each, width) for each in policy.unless]
    return tuple(rows)


def _condition(word: str, condition: ConditionView, width: int) -> Line:
    parts = line(
        muted(f"    {word} "),
        _MARKS[condition.holds],
        Span(condition.text),
        muted("   now "),
        Span(condition.value, Tone.WARN if condition.holds is None else Tone.PLAIN),
    )
    return cut(parts, width)


def proposals(picture: Picture, width: int) -> Lines:
    """Return what every rule said, highest priority first, and what became of it."""
    view = picture.view
    if view is None or view.decision is None:
        return (line(muted("No decision yet, so nothing was proposed.")),)
    rows: list[Line] = [_decided(view, view.decision), BLANK]
    heard_ones = view.decision.heard
    name = min(_LONGEST_NAME, max((len(each.proposal.rule) for each in heard_ones), default=0))
    for place, heard in enumerate(heard_ones, start=1):
        rows += _heard(place, heard, width, name)
    return tuple(rows)


def _decided(view: SiteView, decision: Decision) -> Line:
    return line(
        words.clock_with_seconds(decision.decided_at, view.state),
        muted("  "),
        strong(decision.rule),
        muted(" decided: target "),
        words.watts(decision.target_w),
        muted(", budget "),
        words.watts(decision.budget_w),
        muted(", work "),
        decision.mode.value,
    )


def _heard(place: int, heard: HeardProposal, width: int, name_cells: int) -> Lines:
    proposal = heard.proposal
    idle = heard.verdict is Verdict.IDLE
    wide = width >= 100
    name = f"{proposal.rule:<{name_cells}.{name_cells}}" if wide else proposal.rule
    bounds = f"{proposal.bounds.min_w:,.0f} to {proposal.bounds.max_w:,.0f} W"
    label: Line = (
        muted(f"{place:>2} "),
        _VERDICTS[heard.verdict],
        Span(f" {name}", Tone.MUTED if idle else Tone.STRONG),
        Span(f" {bounds:<16}" if wide else f"  {bounds}", Tone.MUTED if idle else Tone.PLAIN),
    )
    text = f"{_extra(heard)}{proposal.why}"
    rows = hang((*label, Span(" ")), text, width) if wide else hang(line(" " * 13), text, width)
    if idle:
        rows = tuple((*row[:-1], muted(row[-1].text)) for row in rows)
    return rows if wide else (cut(label, width), *rows)


def _extra(heard: HeardProposal) -> str:
    proposal = heard.proposal
    parts: list[str] = []
    if heard.overruled_by is not None:
        parts.append(f"by {heard.overruled_by}")
    if proposal.preferred_w is not None:
        parts.append(f"wants {words.watts(proposal.preferred_w)}")
    if proposal.mode is not WorkMode.FULL:
        parts.append(f"work at most {proposal.mode.value}")
    if proposal.card_caps:
        least_w = min(cap.at_most_w for cap in proposal.card_caps)
        parts.append(f"{say_count(len(proposal.card_caps), 'card')} at most {words.watts(least_w)}")
    return f"({', '.join(parts)}) " if parts else ""
