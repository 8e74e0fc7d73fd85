"""How much each thing seen says about each lead, learned by least absolute errors.

A median is asked for, so absolute errors are made small, by squares that are weighted anew a few
times. With little history the weights stay near those of two homes in France and Australia.
"""

import numpy as np

from scheduler.frame import ISSUED, OWN, Frame, look
from scheduler.sky import Floats, Ints

LEADS = (0, 1, 2, 3, 5, 7, 10, 14, 20, 28, 40, 56, 72, 88, 96, 120, 144, 168, 192)
"""Quarter hours; between two of them weights are linear."""
ROUNDS = 4
SMALLEST_ERROR = 0.03
"""Of a clear sky: smaller errors weigh no more."""
USUAL_ERROR = 0.15
OWN_TRUST = 15.0
"""How firmly weights stay where they began: 15 clear quarter hours in which a feature is 1."""
ISSUED_TRUST = 1.0
"""Likewise with the many features of somebody else's forecast: each provider errs its own way."""
LEVEL_TRUST = 6.0
"""Of the constant: a feature that is always 1 needs less."""
POOLED_FROM = 14
POOLED = (0.5, 0.75, 1.0, 1.25, 1.5)
"""Of a lead, from `POOLED_FROM` on: somebody else's forecast errs alike at neighbouring leads, and
its many features need many cases. On a French year that was worth half a percent of its error."""
LEAST_PAIRS = 5
PERSISTENCE_FADES_H, SKY_FADES_H = 1.25, 6.0

ELSEWHERE = np.array(
    [
        [0.0, 0.89, 0.1, 0.0, 0.01, -0.02],
        [0.0, 0.88, 0.08, 0.03, 0.0, -0.05],
        [0.0, 0.69, 0.23, 0.05, 0.0, -0.04],
        [0.01, 0.72, 0.2, 0.05, 0.03, -0.07],
        [0.01, 0.66, 0.24, 0.08, -0.01, -0.01],
        [0.01, 0.54, 0.29, 0.16, -0.02, -0.09],
        [0.01, 0.41, 0.38, 0.22, -0.02, -0.15],
        [0.03, 0.33, 0.36, 0.37, -0.12, -0.13],
        [0.02, 0.38, 0.2, 0.33, -0.06, -0.01],
        [0.04, 0.22, 0.25, 0.48, -0.09, -0.09],
        [0.03, 0.13, -0.16, 0.54, -0.09, -0.07],
        [0.03, -0.05, 0.11, 0.5, -0.04, -0.02],
        [0.02, 0.01, 0.08, 0.44, -0.07, 0.01],
        [0.03, 0.06, 0.31, 0.11, -0.04, -0.09],
        [0.04, 0.13, 0.2, 0.06, 0.05, -0.05],
        [0.04, 0.03, 0.17, 0.1, 0.01, -0.3],
        [0.04, 0.11, 0.0, 0.18, -0.08, -0.26],
        [0.04, 0.05, 0.05, 0.11, 0.01, -0.18],
        [0.03, 0.05, 0.04, -0.05, 0.15, -0.33],
    ]
)
"""By lead, then by feature (see `look`): a constant, how the last 15 min, 3 h, 24 h and 48 h
strayed from the usual, and the usual itself. Means of a year of a French home (EMHASS, MIT)
and of a year of one in Sydney (Ausgrid customer 12, CC BY 4.0)."""
AGAIN, AGAIN_BEGINS = 0.3, 8.0
"""The last feature, the same time of the last day: from some hours ahead it counts three tenths.
Of hills and of roofs written down wrong a young site knows nothing else."""


def first_weights(*, with_issued: bool) -> Floats:
    """Return the weights of a site that has no history: one row per lead."""
    again = AGAIN * (1.0 - np.exp(-np.array(LEADS) / AGAIN_BEGINS))
    elsewhere = np.column_stack([ELSEWHERE, again])
    if not with_issued:
        return elsewhere
    # Of a forecast by somebody else little is known beforehand: the sky of now counts first, and
    # fades into four fifths of what was told.
    lead_h = (np.array(LEADS) + 0.5)[:, None] / 4.0
    now, today = np.exp(-lead_h / PERSISTENCE_FADES_H), np.exp(-lead_h / (SKY_FADES_H - 2.0))
    weights = np.zeros((len(LEADS), ISSUED))
    weights[:, :OWN] = elsewhere * (0.6 * now + 0.1)
    weights[:, OWN] = 0.8 * (1.0 - now[:, 0])
    weights[:, ISSUED - 7] = 0.3 * now[:, 0]
    weights[:, ISSUED - 6] = 0.3 * today[:, 0]
    return weights


def learn_weights(
    frame: Frame, at: Ints, before: int, importance: Floats, *, with_issued: bool
) -> Floats:
    """Return the weights that would have served best, one row per lead.

    Args:
        frame: The past.
        at: Quarter hours at whose beginning a forecast is tried.
        before: What begins at this quarter hour or later is not known.
        importance: Of each of `at`, 0..1.
        with_issued: Whether somebody else's forecast is looked at; then only where there is one.
    """
    weights = first_weights(with_issued=with_issued)
    trusts = np.full(weights.shape[1], ISSUED_TRUST if with_issued else OWN_TRUST)
    trusts[0] = LEVEL_TRUST * trusts[0]
    for place, lead in enumerate(LEADS):
        tried = _tried(lead) if with_issued else (lead,)
        looked = np.tile(at, len(tried))
        ahead = looked + np.repeat(tried, len(at))
        known = ahead < before
        known[known] &= frame.is_seen[ahead[known]]
        if with_issued:
            known[known] &= frame.is_issued[ahead[known]]
        if int(known.sum()) < LEAST_PAIRS:
            continue
        seen = look(frame, looked[known], ahead[known], with_issued=with_issued)
        missed = _share(frame, ahead[known], seen.clear_w) - seen.usual
        brightness = np.tile(importance, len(tried))[known] * seen.clear_w / frame.brightest_w
        weights[place] = _fit(seen.features, missed, brightness, weights[place], trusts)
    return weights


def _tried(lead: int) -> tuple[int, ...]:
    """Return the leads whose outcomes teach the weights of one."""
    return tuple(round(part * lead) for part in POOLED) if lead >= POOLED_FROM else (lead,)


def weigh(features: Floats, weights: Floats, leads: Ints) -> Floats:
    """Return what the features say at their leads, quarter hours; beyond the last one it stays."""
    place = np.clip(np.searchsorted(LEADS, leads, side="right") - 1, 0, len(LEADS) - 2)
    knots = np.array(LEADS)
    part = np.clip((leads - knots[place]) / (knots[place + 1] - knots[place]), 0.0, 1.0)[:, None]
    return np.asarray(
        (features * ((1.0 - part) * weights[place] + part * weights[place + 1])).sum(axis=1)
    )


def _share(frame: Frame, ahead: Ints, clear_w: Floats) -> Floats:
    """Return the measured share of the clear sky as it was known at the moment of looking."""
    own_w = frame.modelled_w[ahead] * frame.nights.clear[frame.row[ahead], frame.clock[ahead]]
    given_w = frame.share[ahead] * own_w
    return np.clip(
        np.divide(given_w, clear_w, out=np.zeros(len(ahead)), where=clear_w > 0), 0, 1.15
    )


def _fit(
    features: Floats, missed: Floats, brightness: Floats, first: Floats, trusts: Floats
) -> Floats:
    """Return weights with small absolute errors that stay near `first`."""
    weights: Floats = first
    importance = brightness
    for _ in range(ROUNDS):
        scaled = features.T * importance
        held = scaled @ features + np.diag(trusts)
        weights = np.asarray(np.linalg.solve(held, scaled @ missed + trusts * first), np.float64)
        errors = np.abs(missed - features @ weights)
        importance = brightness * USUAL_ERROR / np.maximum(errors, SMALLEST_ERROR)
    return weights
