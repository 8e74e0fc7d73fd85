"""Who may ask a miner, by what the chain says of him."""

from dataclasses import replace

import pytest

from miner.admission import Admission, Callers
from miner.wire.refusal import NotAdmitted
from tests.miner.test_lying_node import GRAPH, NEURON

TAO = 1_000_000_000
PERMITTED_ONLY = Admission(callers=Callers.PERMITTED)
TEN_TAO = Admission(min_stake_rao=10 * TAO)


def graphs(*neurons: tuple[bool, int]):
    """Return a metagraph for each (permit, stake in rao) of one hotkey."""
    return [
        replace(GRAPH, neurons=(replace(NEURON, permit=permit, stake_rao=rao),))
        for permit, rao in neurons
    ]


@pytest.mark.parametrize(
    ("admission", "neurons"),
    [
        (Admission(), [(True, 0)]),
        (Admission(), [(False, 1)]),
        (Admission(), [(False, 0), (True, 0)]),
        (PERMITTED_ONLY, [(True, 0)]),
        (TEN_TAO, [(True, 10 * TAO)]),
        (TEN_TAO, [(False, 1), (False, 10 * TAO)]),
    ],
)
def test_caller_that_the_rule_names_may_ask(admission, neurons):
    admission.check(NEURON.hotkey, graphs(*neurons))


@pytest.mark.parametrize(
    ("admission", "neurons", "reason"),
    [
        (Admission(), [], "Unrecognized hotkey"),
        (Admission(), [(False, 0)], "a permit or stake"),
        (PERMITTED_ONLY, [(False, 99 * TAO)], "a permit"),
        (TEN_TAO, [(True, 10 * TAO - 1)], "a stake of 10 may ask"),
        (Admission(callers=Callers.PERMITTED, min_stake_rao=1), [(True, 0), (False, 9)], "stake"),
    ],
)
def test_caller_that_it_does_not_name_may_not(admission, neurons, reason):
    with pytest.raises(NotAdmitted, match=reason):
        admission.check(NEURON.hotkey, graphs(*neurons))


def test_unregistered_hotkey_is_unrecognized():
    with pytest.raises(NotAdmitted, match="Unrecognized hotkey"):
        Admission().check("5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty", [GRAPH])
