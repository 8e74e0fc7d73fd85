"""Subnets, stake, proofs of work, commit-reveal and votes on the embedded chain."""

from dataclasses import replace

import pytest

from miner import keys
from miner.chain.calls.subnets import MIN_LOCK_RAO, SETTABLE, next_lock_cost
from miner.chain.calls.weighing import commit_hash
from miner.chain.economy import lock_cost_rao
from miner.chain.pool import price_q32
from miner.chain.proof_of_work import registration_prefix, search
from tests.miner.test_chain import ALICE, BOB, EVE, GENESIS, OWNER, TAO, TREASURY, Chain


@pytest.fixture
def chain() -> Chain:
    return Chain()


def rule(chain: Chain, name: str, value: int) -> None:
    assert chain.call(OWNER, "set_hyperparameter", netuid=1, name=name, value=value) is None


def validator(chain: Chain, keypair: keys.Keypair, stake_rao: int = 50 * TAO) -> None:
    chain.enroll(keypair, stake_rao=stake_rao)
    chain.run_to_epoch()
    assert chain.neuron(keypair).permit


@pytest.mark.parametrize(
    ("last_tao", "since", "cost_rao"),
    [
        (1000, 0, 2_000_000_000_000),
        (1000, 50_400, 1_500_000_046_400),
        (1000, 100_800, 1_000_000_092_800),
        (1000, 201_600, 1_000_000_000_000),
        (2500, 100_800, 2_500_000_030_400),
    ],
)
def test_a_subnet_costs_twice_the_last_one_and_falls_in_two_weeks(last_tao, since, cost_rao):
    assert lock_cost_rao(last_tao * TAO, 7, 7 + since, 1000 * TAO) == cost_rao


def test_creating_a_subnet_locks_its_price_in_its_pool(chain):
    cost = next_lock_cost(chain.state.totals, 1)
    error = chain.call(TREASURY, "create_subnet", name="matmul", hotkey=ALICE.ss58)

    subnet = chain.state.subnet(2)
    assert (error, cost) == (None, MIN_LOCK_RAO)
    # Of the block's 0.5 τ each subnet got half, by price.
    assert (subnet.owner, subnet.pool_tao_rao, subnet.pending_rao) == (
        TREASURY.ss58,
        cost,
        TAO // 4,
    )
    assert chain.state.neuron(2, ALICE.ss58).uid == 0
    assert next_lock_cost(chain.state.totals, 1) == 2 * cost


def test_subnets_are_created_at_most_once_a_day_with_a_name_of_their_own(chain):
    chain.call(TREASURY, "create_subnet", name="matmul", hotkey=ALICE.ss58)

    again = chain.call(TREASURY, "create_subnet", name="text", hotkey=ALICE.ss58)
    same = chain.call(TREASURY, "create_subnet", name="sunlight", hotkey=ALICE.ss58)
    assert again == "create_subnet: at most one in 7200 blocks"
    assert "is no new name" in same


def test_a_poor_account_creates_no_subnet(chain):
    chain.call(ALICE, "claim_grant")

    refusal = chain.call(ALICE, "create_subnet", name="mine", hotkey=ALICE.ss58)
    assert refusal == "create_subnet: needs 1000000000000 rao and has 100000000000"


def test_staking_buys_alpha_and_unstaking_sells_it_with_nothing_gained(chain):
    chain.enroll(ALICE)
    before = chain.balance(ALICE)
    price = price_q32(chain.state.subnet(1))
    chain.call(ALICE, "add_stake", netuid=1, hotkey=ALICE.ss58, rao=50 * TAO)
    stake = chain.state.stake(1, ALICE.ss58, ALICE.ss58)

    # 1000 τ · 1000 alpha stays: 50 τ buy 1000 - 1000/1.05 = 47.619 alpha.
    assert stake.alpha_rao == 47_619_047_619
    assert price_q32(chain.state.subnet(1)) > price
    args = {"netuid": 1, "hotkey": ALICE.ss58, "alpha_rao": stake.alpha_rao}
    assert chain.call(ALICE, "remove_stake", **args) is None
    assert before - 2 <= chain.balance(ALICE) <= before
    assert "needs" in chain.call(ALICE, "remove_stake", **args)


def test_a_validator_takes_its_part_of_its_stakers_dividends(chain):
    validator(chain, ALICE)
    chain.enroll(BOB)
    chain.call(EVE, "claim_grant")
    chain.call(EVE, "add_stake", netuid=1, hotkey=ALICE.ss58, rao=50 * TAO)
    chain.call(ALICE, "set_weights", netuid=1, uids=[chain.neuron(BOB).uid], values=[1])
    outcome = chain.run_to_epoch()

    paid = {(one.hotkey, one.role): one.rao for one in outcome.rewards}
    own, staked = paid[ALICE.ss58, "validator"], paid[EVE.ss58, "staker"]
    # Eve bought later and dearer: 43.3 of 90.9 alpha; 18 % of all dividends are Alice's before.
    share = chain.state.stake(1, ALICE.ss58, EVE.ss58).alpha_rao
    assert share > 43_290_000_000
    assert staked / (own + staked) == pytest.approx(0.82 * 43.29 / 90.909, rel=1e-3)
    assert own + staked == pytest.approx(paid[BOB.ss58, "miner"], abs=1)


def test_a_take_is_at_most_18_percent_and_set_by_who_registered_the_hotkey(chain):
    chain.enroll(ALICE)
    take = {"hotkey": ALICE.ss58}

    assert chain.call(ALICE, "set_take", **take, take_u16=655) is None
    assert chain.state.take_u16(ALICE.ss58) == 655
    assert "outside 0..11796" in chain.call(ALICE, "set_take", **take, take_u16=11797)
    assert "registered" in chain.call(EVE, "set_take", **take, take_u16=1)
    assert chain.call(ALICE, "set_take", **take, take_u16=700) is None
    assert "at most once in 216000" in chain.call(ALICE, "set_take", **take, take_u16=11000)


def work(chain: Chain, keypair: keys.Keypair, block: int, difficulty: int) -> dict:
    prefix = registration_prefix(1, bytes.fromhex(chain.recent[block]), keypair.ss58, keypair.ss58)
    nonce = search(prefix, difficulty, 0, 1 << 20)
    return {"netuid": 1, "hotkey": keypair.ss58, "block": block, "nonce": nonce}


def test_a_proof_of_work_registers_without_a_rao_and_only_once(chain):
    rule(chain, "pow_registration", 1)
    rule(chain, "max_difficulty", 5000)
    chain.run()
    for _ in range(100):
        chain.run()
    difficulty = chain.state.subnet(1).difficulty
    proof = work(chain, ALICE, chain.block, difficulty)

    assert difficulty == 5000
    assert chain.call(ALICE, "register_by_work", **proof) is None
    assert (chain.neuron(ALICE).uid, chain.balance(ALICE)) == (1, 0)
    assert "is registered" in chain.call(ALICE, "register_by_work", **proof)


def test_stale_foreign_and_missing_work_is_refused(chain):
    proof = {"netuid": 1, "hotkey": ALICE.ss58, "block": 1, "nonce": 0}
    assert "takes no proofs" in chain.call(ALICE, "register_by_work", **proof)
    rule(chain, "pow_registration", 1)
    fresh = {**proof, "block": chain.block}
    assert "misses difficulty" in chain.call(ALICE, "register_by_work", **fresh)
    for _ in range(6):
        chain.run()
    assert "is not one of the last 5" in chain.call(ALICE, "register_by_work", **fresh)


def test_difficulty_halves_in_an_interval_without_registrations(chain):
    rule(chain, "pow_registration", 1)
    while chain.block < 100:
        chain.run()

    assert chain.state.subnet(1).difficulty == 5_000_000


def test_committed_weights_are_shown_in_their_epoch_and_not_before(chain):
    validator(chain, ALICE)
    rule(chain, "commit_reveal", 1)
    rule(chain, "weights_rate_limit", 0)
    secret = {"uids": [0], "values": [5], "salt": "pepper"}
    name = commit_hash(ALICE.ss58, 1, [0], [5], "pepper")

    assert "commit_weights only" in chain.call(ALICE, "set_weights", netuid=1, uids=[0], values=[5])
    assert chain.call(ALICE, "commit_weights", netuid=1, commit=name) is None
    assert "not yet" in chain.call(ALICE, "reveal_weights", netuid=1, **secret)
    chain.run_to_epoch()
    wrong = {**secret, "values": [6]}
    assert "nothing of this hash" in chain.call(ALICE, "reveal_weights", netuid=1, **wrong)
    assert chain.call(ALICE, "reveal_weights", netuid=1, **secret) is None
    assert (chain.neuron(ALICE).weights, chain.neuron(ALICE).commits) == (((0, 65535),), ())


def test_a_commit_that_is_not_shown_in_time_is_lost(chain):
    validator(chain, ALICE)
    rule(chain, "commit_reveal", 1)
    name = commit_hash(ALICE.ss58, 1, [0], [5], "pepper")
    chain.call(ALICE, "commit_weights", netuid=1, commit=name)
    chain.run_to_epoch()
    chain.run_to_epoch()

    late = chain.call(ALICE, "reveal_weights", netuid=1, uids=[0], values=[5], salt="pepper")
    assert "no longer" in late


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("mint", 1, "no hyperparameter"), ("tempo", 0, "outside 1..50400"), ("yuma3", 2, "outside")],
)
def test_rules_that_do_not_exist_are_refused(chain, name, value, reason):
    args = {"netuid": 1, "name": name, "value": value}

    assert reason in chain.call(OWNER, "set_hyperparameter", **args)


ORDERED = (
    ("alpha_low_u16", "alpha_high_u16"),
    ("min_burn_rao", "max_burn_rao"),
    ("min_difficulty", "max_difficulty"),
)


@pytest.mark.parametrize("name", SETTABLE)
def test_every_rule_can_be_set_to_both_of_its_ends_and_no_further(chain, name):
    least, most = SETTABLE[name]
    for lower, upper in ORDERED:
        if name == lower:
            rule(chain, upper, SETTABLE[upper][1])
        if name == upper:
            rule(chain, lower, SETTABLE[lower][0])
    for value in (least, most):
        rule(chain, name, value)
        assert int(getattr(chain.state.subnet(1).rules, name)) == value
    for value in (least - 1, most + 1):
        args = {"netuid": 1, "name": name, "value": value}
        assert "is outside" in chain.call(OWNER, "set_hyperparameter", **args)


def test_only_the_owner_sets_rules(chain):
    args = {"netuid": 1, "name": "tempo", "value": 20}

    assert "does not own" in chain.call(ALICE, "set_hyperparameter", **args)
    assert chain.call(OWNER, "set_hyperparameter", **args) is None
    assert chain.state.subnet(1).rules.tempo == 20


def test_a_proposal_passes_with_more_than_half_of_the_stake(chain):
    rule(chain, "voting_blocks", 5)
    validator(chain, ALICE, 30 * TAO)
    validator(chain, BOB, 60 * TAO)
    proposal = {"netuid": 1, "name": "immunity_blocks", "value": 77}

    assert chain.call(ALICE, "propose", **proposal) is None
    assert chain.call(EVE, "vote", number=1, aye=True) is not None
    assert chain.call(BOB, "vote", number=1, aye=True) is None
    for _ in range(5):
        chain.run()
    assert chain.state.proposal(1).result.startswith("passed: ")
    assert chain.state.subnet(1).rules.immunity_blocks == 77
    assert chain.call(BOB, "vote", number=1, aye=False) == "vote: proposal 1 is not open"


def test_a_proposal_without_a_majority_fails(chain):
    rule(chain, "voting_blocks", 5)
    validator(chain, ALICE, 30 * TAO)
    validator(chain, BOB, 60 * TAO)
    chain.call(ALICE, "propose", netuid=1, name="tempo", value=77)
    for _ in range(6):
        chain.run()

    assert chain.state.proposal(1).result.startswith("failed: ")
    assert chain.state.subnet(1).rules.tempo == GENESIS.rules.tempo


def test_every_rao_of_the_block_rewards_is_paid_recycled_or_waiting(chain):
    validator(chain, ALICE)
    chain.enroll(BOB)
    chain.call(ALICE, "set_weights", netuid=1, uids=[chain.neuron(BOB).uid], values=[1])
    for _ in range(50):
        chain.run()

    subnet = chain.state.subnet(1)
    emitted = subnet.owner_rao + subnet.miners_rao + subnet.validators_rao
    assert emitted + subnet.pending_rao == chain.state.totals.issued_rao
    assert chain.state.totals.issued_rao == chain.block * TAO // 2


def test_who_gives_way_keeps_its_stake_and_loses_its_place(chain):
    for keypair in (ALICE, BOB):
        chain.enroll(keypair, stake_rao=TAO)
    subnet = chain.state.subnet(1)
    chain.state.put([replace(subnet, rules=replace(subnet.rules, max_uids=3, immunity_blocks=0))])
    chain.enroll(EVE)

    # Nobody was ever paid: the older of both gives way, the owner never does.
    assert chain.neuron(EVE).uid == 1
    assert chain.neuron(ALICE) is None
    stake = chain.state.stake(1, ALICE.ss58, ALICE.ss58).alpha_rao
    args = {"netuid": 1, "hotkey": ALICE.ss58, "alpha_rao": stake}
    assert stake > 0
    assert chain.call(ALICE, "remove_stake", **args) is None
