"""The chain's rules: signed calls, money, epochs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from miner import keys
from miner.chain.block import Outcome, remember_hash, run_block
from miner.chain.canonical import digest
from miner.chain.extrinsic import (
    Extrinsic,
    ExtrinsicInvalid,
    is_signed,
    read_extrinsic,
    sign_extrinsic,
)
from miner.chain.genesis import first_state, new_genesis
from miner.chain.pruning import choose_uid, gives_way
from miner.chain.state import ChainState
from miner.chain.values import Neuron, Rules, Stake

TAO = 1_000_000_000
TREASURY, OWNER, OWNER_HOTKEY = map(keys.from_uri, ("//Treasury", "//Owner", "//OwnerHotkey"))
ALICE, BOB, EVE = map(keys.from_uri, ("//Alice", "//Bob", "//Eve"))
GENESIS = new_genesis(
    started_at=datetime(2024, 6, 20, tzinfo=UTC),
    authority=keys.from_uri("//Authority").ss58,
    treasury=TREASURY.ss58,
    owner=OWNER.ss58,
    owner_hotkey=OWNER_HOTKEY.ss58,
    rules=Rules(tempo=10),
)


class Chain:
    """A chain in memory that runs a block per call."""

    def __init__(self) -> None:
        self.state: ChainState = first_state(GENESIS)
        self.block = 0
        self.recent: dict[int, str] = {}

    def run(self, *extrinsics: Extrinsic) -> Outcome:
        self.block += 1
        outcome = run_block(self.state, GENESIS, self.block, extrinsics, self.recent)
        remember_hash(self.recent, self.block, digest(self.block))
        assert self.state.counted_rao() == self.state.totals.issuance_rao
        return outcome

    def call(self, keypair: keys.Keypair, name: str, /, **args) -> str | None:
        nonce = self.state.account(keypair.ss58).nonce
        signed = sign_extrinsic(keypair, GENESIS.hash, nonce, name, args)
        return self.run(signed).errors[0]

    def balance(self, keypair: keys.Keypair) -> int:
        return self.state.account(keypair.ss58).balance_rao

    def enroll(self, keypair: keys.Keypair, stake_rao: int = 0) -> None:
        assert self.call(keypair, "claim_grant") is None
        assert self.call(keypair, "register", netuid=1, hotkey=keypair.ss58) is None
        if stake_rao:
            args = {"netuid": 1, "hotkey": keypair.ss58, "rao": stake_rao}
            assert self.call(keypair, "add_stake", **args) is None

    def run_to_epoch(self) -> Outcome:
        epochs = self.state.subnet(1).epochs
        while True:
            outcome = self.run()
            if self.state.subnet(1).epochs > epochs:
                return outcome

    def neuron(self, keypair: keys.Keypair) -> Neuron:
        return self.state.neuron(1, keypair.ss58)


@pytest.fixture
def chain() -> Chain:
    return Chain()


def test_signature_covers_call_arguments_nonce_and_chain():
    signed = sign_extrinsic(ALICE, GENESIS.hash, 0, "transfer", {"to": BOB.ss58, "rao": 5})

    assert is_signed(signed, GENESIS.hash)
    assert not is_signed(signed, "another genesis")
    assert not is_signed(replace(signed, nonce=1), GENESIS.hash)
    assert not is_signed(replace(signed, args={"to": EVE.ss58, "rao": 5}), GENESIS.hash)
    assert not is_signed(replace(signed, signer=EVE.ss58), GENESIS.hash)
    assert not is_signed(replace(signed, signature="zz"), GENESIS.hash)


@pytest.mark.parametrize(
    "change",
    [{"nonce": -1}, {"nonce": True}, {"args": []}, {"more": 1}, {"args": {"a": "x" * 20000}}],
)
def test_malformed_extrinsic_is_refused(change):
    signed = sign_extrinsic(ALICE, GENESIS.hash, 0, "transfer", {"to": BOB.ss58, "rao": 5})

    assert read_extrinsic(signed.to_json()) == signed
    with pytest.raises(ExtrinsicInvalid):
        read_extrinsic({**signed.to_json(), **change})


def test_transfer_moves_rao_once(chain):
    chain.call(ALICE, "claim_grant")
    signed = sign_extrinsic(ALICE, GENESIS.hash, 1, "transfer", {"to": BOB.ss58, "rao": 30 * TAO})
    outcome = chain.run(signed, signed)

    assert outcome.errors == (None, "nonce 1 where 2 was due")
    assert (chain.balance(ALICE), chain.balance(BOB)) == (70 * TAO, 30 * TAO)


@pytest.mark.parametrize("rao", [0, -1, 100 * TAO + 1])
def test_transfer_of_nothing_or_too_much_is_refused(chain, rao):
    chain.call(ALICE, "claim_grant")

    assert "transfer: " in chain.call(ALICE, "transfer", to=BOB.ss58, rao=rao)
    assert chain.balance(ALICE) == 100 * TAO


def test_refused_call_still_uses_up_its_nonce(chain):
    chain.call(ALICE, "transfer", to=BOB.ss58, rao=1)

    assert chain.state.account(ALICE.ss58).nonce == 1


def test_grant_comes_out_of_the_treasury_once_per_key(chain):
    before = chain.balance(TREASURY)

    assert chain.call(ALICE, "claim_grant") is None
    assert chain.call(ALICE, "claim_grant") == "claim_grant: this account has had its grant"
    assert chain.balance(TREASURY) == before - 100 * TAO


@pytest.mark.parametrize(
    ("call", "args", "reason"),
    [
        ("mint", {}, "no call 'mint'"),
        ("transfer", {"to": "x"}, "takes exactly"),
        ("transfer", {"to": "x", "rao": 1.5}, "rao is not of type int"),
        ("transfer", {"to": "x", "rao": 1}, "not another account's address"),
        ("register", {"netuid": 7, "hotkey": "x"}, "no subnet 7"),
        ("set_weights", {"netuid": 1, "uids": [0], "values": [1]}, "is not registered"),
        ("serve_axon", {"netuid": 1, "ip": "1.1.1.1", "port": 1}, "is not registered"),
    ],
)
def test_call_that_makes_no_sense_gets_a_sentence(chain, call, args, reason):
    assert reason in chain.call(ALICE, call, **args)


def test_registration_burns_its_price_and_raises_the_next_one(chain):
    chain.call(ALICE, "claim_grant")
    price = chain.state.subnet(1).burn_rao
    issued = chain.state.totals.issuance_rao
    chain.call(ALICE, "register", netuid=1, hotkey=ALICE.ss58)

    assert chain.balance(ALICE) == 100 * TAO - price
    assert chain.state.totals.issuance_rao == issued - price + TAO // 2
    # Bumped by 1.26, then one block of decay: 2^(-1/360).
    assert chain.state.subnet(1).burn_rao == pytest.approx(price * 1.26 * 2 ** (-1 / 360), abs=2)
    assert chain.neuron(ALICE).uid == 1
    assert "is registered" in chain.call(ALICE, "register", netuid=1, hotkey=ALICE.ss58)


def test_full_subnet_loses_its_least_paid_neuron_and_never_its_owner(chain):
    subnet = replace(chain.state.subnet(1), rules=Rules(max_uids=3, immunity_blocks=0))
    neurons = tuple(
        Neuron(
            netuid=1,
            uid=uid,
            hotkey=hotkey,
            coldkey="c",
            registered_block=registered,
            last_update_block=0,
            standing_rao=paid,
        )
        for uid, (hotkey, registered, paid) in enumerate(
            [(OWNER_HOTKEY.ss58, 0, 0), ("a", 9, 5), ("b", 8, 5)]
        )
    )

    assert choose_uid(neurons[:2], subnet, 100) == 2
    assert choose_uid(neurons, subnet, 100) == 2


def test_newcomers_give_way_while_few_neurons_are_past_their_immunity(chain):
    subnet = replace(chain.state.subnet(1), rules=Rules(max_uids=2, immunity_blocks=50))
    old = Neuron(netuid=1, uid=0, hotkey="o", coldkey="c", registered_block=0, last_update_block=0)
    new = replace(old, uid=1, hotkey="n", registered_block=90, standing_rao=9)

    assert choose_uid((old, new), subnet, 100) == 1


def test_who_gives_way_is_part_of_what_a_block_did(chain):
    chain.call(OWNER, "set_hyperparameter", netuid=1, name="max_uids", value=4)
    for one in map(keys.from_uri, ("//Alice", "//Bob", "//Charlie")):
        chain.enroll(one)
    chain.call(EVE, "claim_grant")
    names = {"netuid": 1, "hotkey": EVE.ss58}
    outcome = chain.run(sign_extrinsic(EVE, GENESIS.hash, 1, "register", names))

    # Nobody has earned anything, so the eldest goes, and never the owner.
    (gone,) = outcome.evictions
    assert (gone.uid, gone.hotkey, gone.newcomer) == (1, ALICE.ss58, EVE.ss58)
    assert chain.neuron(ALICE) is None
    assert outcome.hash != replace(outcome, evictions=()).hash


def test_the_least_paid_goes_even_where_shares_differ_by_less_than_one_in_65535(chain):
    subnet = replace(chain.state.subnet(1), rules=Rules(max_uids=3, immunity_blocks=0))
    owner = chain.neuron(OWNER_HOTKEY)
    less = replace(owner, uid=2, hotkey="less", registered_block=9, standing_rao=10**9)
    more = replace(less, uid=1, hotkey="more", registered_block=8, standing_rao=10**9 + 1)

    assert gives_way((owner, more, less), subnet, 100) == 2
    assert gives_way((owner, more), subnet, 100) is None


def test_axon_is_announced_at_most_once_in_five_blocks(chain):
    chain.enroll(ALICE)

    assert chain.call(ALICE, "serve_axon", netuid=1, ip="127.0.0.1", port=8091) is None
    assert chain.neuron(ALICE).axon.port == 8091
    refusal = chain.call(ALICE, "serve_axon", netuid=1, ip="127.0.0.1", port=8092)
    assert refusal == "serve_axon: at most once in 5 blocks"


@pytest.mark.parametrize(("ip", "port"), [("0.0.0.0", 1), ("home", 1), ("::1", 0), ("::1", 65536)])
def test_axon_that_nobody_can_reach_is_refused(chain, ip, port):
    chain.enroll(ALICE)

    assert "serve_axon: " in chain.call(ALICE, "serve_axon", netuid=1, ip=ip, port=port)


def test_weights_need_a_permit_that_comes_with_stake_at_an_epoch(chain):
    chain.enroll(ALICE, stake_rao=50 * TAO)
    weights = {"netuid": 1, "uids": [0], "values": [1]}

    assert "no validator permit" in chain.call(ALICE, "set_weights", **weights)
    chain.run_to_epoch()
    assert chain.call(ALICE, "set_weights", **weights) is None
    assert chain.neuron(ALICE).weights == ((0, 65535),)
    assert "once in 5 blocks" in chain.call(ALICE, "set_weights", **weights)


@pytest.mark.parametrize(
    ("uids", "values"),
    [([], []), ([0], []), ([0, 0], [1, 1]), ([9], [1]), ([0], [0]), ([0], [65536]), ([0], ["1"])],
)
def test_weights_that_make_no_sense_are_refused(chain, uids, values):
    chain.enroll(ALICE, stake_rao=50 * TAO)
    chain.run_to_epoch()

    assert "set_weights: " in chain.call(ALICE, "set_weights", netuid=1, uids=uids, values=values)


def test_epoch_without_weights_pays_nobody_and_recycles_its_emission(chain):
    chain.enroll(ALICE, stake_rao=50 * TAO)
    outcome = chain.run_to_epoch()

    # Blocks 1..9 at 0.5 τ: the first epoch of netuid 1 with tempo 10 is in block 9.
    assert chain.block == 9
    assert outcome.rewards == ()
    assert chain.state.subnet(1).recycled_rao == 9 * TAO // 2


def test_epoch_pays_owner_miner_and_validator_to_the_rao(chain):
    chain.enroll(ALICE, stake_rao=50 * TAO)
    chain.enroll(BOB)
    chain.run_to_epoch()
    bob = chain.neuron(BOB).uid
    chain.call(ALICE, "set_weights", netuid=1, uids=[bob], values=[7])
    outcome = chain.run_to_epoch()

    # 11 blocks of 0.5 τ: floor(5.5e9 * 11796 / 65535) to the owner, half of the rest to each.
    assert {(one.hotkey, one.role): one.rao for one in outcome.rewards} == {
        (OWNER.ss58, "owner"): 989_974_822,
        (BOB.ss58, "miner"): 2_255_012_589,
        (ALICE.ss58, "validator"): 2_255_012_589,
    }
    # 50 τ went into a pool of 1000 τ and 1000 alpha: 1050 to 952.38, and pay is as much alpha.
    alpha = 2_255_012_589 * 952_380_952_381 // 1_050_000_000_000
    stake = Stake(netuid=1, hotkey=BOB.ss58, coldkey=BOB.ss58, alpha_rao=alpha)
    assert chain.state.stake(1, BOB.ss58, BOB.ss58) == stake
    assert chain.neuron(BOB).emission_rao == 2_255_012_589


def test_weight_on_the_owners_hotkey_is_recycled(chain):
    chain.enroll(ALICE, stake_rao=50 * TAO)
    chain.enroll(BOB)
    chain.run_to_epoch()
    bob = chain.neuron(BOB).uid
    chain.call(ALICE, "set_weights", netuid=1, uids=[0, bob], values=[30000, 10000])
    recycled = chain.state.subnet(1).recycled_rao
    outcome = chain.run_to_epoch()

    paid = {one.role: one.rao for one in outcome.rewards}
    assert paid["miner"] == pytest.approx(2_255_012_589 / 4, rel=1e-4)
    back = chain.state.subnet(1).recycled_rao - recycled
    assert sum(paid.values()) + back == 5_500_000_000


def test_same_blocks_give_the_same_root():
    one, other = Chain(), Chain()
    for chain in (one, other):
        chain.enroll(ALICE, stake_rao=TAO)
        chain.run_to_epoch()

    assert one.state.root == other.state.root
    assert one.state.root != first_state(GENESIS).root
