"""Walk the proposals once, highest first: each narrows what those above it left."""

from dataclasses import dataclass, replace

from solard.core.bounds import PowerBounds
from solard.core.decision import CardCap, HeardProposal, Proposal, Verdict
from solard.core.modes import WorkMode, lower_mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What all rules together want of the rig."""

    target_w: float
    mode: WorkMode
    card_caps: tuple[CardCap, ...]
    """The lowest cap of each card that has one."""
    cards: int | None
    """On how many cards the target is to be spent; None = however many do the most work."""
    rule: str
    """The rule that decided the target."""
    why: str
    next: str | None
    heard: tuple[HeardProposal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """What the proposals so far have left, and who said so."""

    bounds: PowerBounds
    mode: WorkMode = WorkMode.FULL
    min_by: Proposal | None = None
    max_by: Proposal | None = None
    mode_by: Proposal | None = None
    chosen_by: Proposal | None = None
    caps: tuple[CardCap, ...] = ()


def arbitrate(proposals: tuple[Proposal, ...], envelope: PowerBounds) -> Ruling:
    """Return the target inside `envelope` that the proposals, highest priority first, allow.

    Bounds intersect; bounds that miss the interval become its nearer end. The first stated wish
    wins, moved into what is left; without a wish the lower end is the target.
    """
    walk, heard = _Walk(bounds=envelope), []
    for proposal in proposals:
        walk, one = _hear(walk, proposal)
        heard.append(one)
    chosen = walk.chosen_by
    wish_w = walk.bounds.min_w if chosen is None else chosen.preferred_w
    target_w = walk.bounds.clamp(walk.bounds.min_w if wish_w is None else wish_w)
    decisive = _decisive(walk, target_w)
    return Ruling(
        target_w=target_w,
        mode=walk.mode,
        card_caps=walk.caps,
        cards=None if chosen is None else chosen.preferred_cards,
        rule="nobody" if decisive is None else decisive.rule,
        why=_why(walk, decisive, target_w),
        next=None if decisive is None else decisive.next,
        heard=tuple(heard),
    )


def _hear(walk: _Walk, proposal: Proposal) -> tuple[_Walk, HeardProposal]:
    overruled_by = _overruled_by(walk, proposal)
    bounds = walk.bounds.narrow(proposal.bounds)
    mode = lower_mode(walk.mode, proposal.mode)
    caps = _merge(walk.caps, proposal.card_caps)
    chooses = walk.chosen_by is None and proposal.preferred_w is not None
    after = replace(
        walk,
        bounds=bounds,
        mode=mode,
        caps=caps,
        min_by=proposal if bounds.min_w > walk.bounds.min_w else walk.min_by,
        max_by=proposal if bounds.max_w < walk.bounds.max_w else walk.max_by,
        mode_by=proposal if mode is not walk.mode else walk.mode_by,
        chosen_by=proposal if chooses else walk.chosen_by,
    )
    if overruled_by is not None:
        verdict = Verdict.OVERRULED
    elif chooses:
        verdict = Verdict.CHOSE
    elif (bounds, mode, caps) != (walk.bounds, walk.mode, walk.caps):
        verdict = Verdict.NARROWED
    else:
        verdict = Verdict.IDLE
    return after, HeardProposal(proposal=proposal, verdict=verdict, overruled_by=overruled_by)


def _overruled_by(walk: _Walk, proposal: Proposal) -> str | None:
    """Return who left no room for the proposal's bounds, or None where there was some."""
    if not walk.bounds.misses(proposal.bounds):
        return None
    above = proposal.bounds.min_w > walk.bounds.max_w
    by = walk.max_by if above else walk.min_by
    return "the rig's envelope" if by is None else by.rule


def _decisive(walk: _Walk, target_w: float) -> Proposal | None:
    """Return the proposal that a person would name as the cause."""
    chosen = walk.chosen_by
    if walk.mode.rank <= WorkMode.STANDBY.rank and walk.mode_by is not None:
        return walk.mode_by
    if chosen is not None and chosen.preferred_w is not None:
        if target_w < chosen.preferred_w:
            return walk.max_by or chosen
        if target_w > chosen.preferred_w:
            return walk.min_by or chosen
        return chosen
    return walk.max_by if walk.bounds.min_w == walk.bounds.max_w else walk.min_by


def _why(walk: _Walk, decisive: Proposal | None, target_w: float) -> str:
    if decisive is None:
        return "No rule asks for power."
    chosen = walk.chosen_by
    if chosen is None or decisive is chosen or chosen.preferred_w is None:
        return decisive.why
    if walk.mode.rank <= WorkMode.STANDBY.rank or target_w > chosen.preferred_w:
        return decisive.why
    return f"{chosen.rule.capitalize()} wanted {chosen.preferred_w:,.0f} W. {decisive.why}"


def _merge(caps: tuple[CardCap, ...], more: tuple[CardCap, ...]) -> tuple[CardCap, ...]:
    lowest = {cap.gpu_id: cap for cap in caps}
    for cap in more:
        known = lowest.get(cap.gpu_id)
        if known is None or cap.at_most_w < known.at_most_w:
            lowest[cap.gpu_id] = cap
    return tuple(lowest.values())
