"""Weights promised first and shown later, through a real node."""

from dataclasses import replace

from miner.chain.client import NodeClient
from miner.chain.weights import scaled_weights
from miner.presence import Presence
from miner.promises import due_now, not_yet_due, promise, read_promises
from tests.miner.test_explorer import keypair_of
from tests.miner.test_node import ALICE, Node, client, node  # noqa: F401 (fixtures)


def test_weights_become_u16_with_the_largest_at_the_top_and_nothing_of_zero():
    assert scaled_weights({3: 0.5, 1: 1.0, 2: 0.0}) == ([1, 3], [65535, 32768])
    assert scaled_weights({1: 0.0}) == ([], [])


def test_a_promise_survives_a_restart_and_has_a_salt_of_its_own():
    one, other = promise({1: 1.0}, 4), promise({1: 1.0}, 4)

    assert read_promises([one.to_json()]) == [one]
    assert one.salt != other.salt


async def test_a_validator_promises_and_shows_its_weights(node: Node, client: NodeClient):  # noqa: F811
    presence = Presence(backend=client, keypair=ALICE, subnet="sunlight", purse=(own := []))
    own.append(presence)
    await presence.refresh()
    await presence.refresh()
    node.step(11)
    # Long epochs: a slow machine must not miss the one in which the weights are due.
    for name, value in (("commit_reveal", 1), ("tempo", 100)):
        args = {"netuid": 1, "name": name, "value": value}
        await client.call(keypair_of(node, "owner"), "set_hyperparameter", args)
    graph = await client.metagraph(1)
    promised = promise({0: 0.25, 1: 1.0}, graph.epochs)

    await presence.promise_weights(promised)
    later = replace(graph, epochs=graph.epochs + 1)
    assert (due_now([promised], graph), due_now([promised], later)) == (None, promised)
    assert (not_yet_due([promised], graph), not_yet_due([promised], later)) == ([promised], [])
    made = node.authority.state.neuron(1, ALICE.ss58).commits[0].epoch
    while node.authority.state.subnet(1).epochs == made:
        node.step(1)
    await presence.show_weights(promised)

    assert node.authority.state.neuron(1, ALICE.ss58).weights == ((0, 16384), (1, 65535))
