"""What the explorer shows, from a directory and over a node's HTTP API."""

import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from miner.chain.explorer import VIEWS, NothingFound, answer_from
from miner.chain.extrinsic import sign_extrinsic
from miner.chain.proving import Proving
from miner.chain.question import Question, QuestionInvalid, read_question
from miner.chain.values import Rules
from miner.chain.verify import verify_chain
from solard.cli.network import network
from tests.miner.test_authority import ALICE, change, open_at, run
from tests.miner.test_node import BOB, client, get, node  # noqa: F401 (fixtures)


def make_call(authority, keypair, name, /, **args):
    nonce = authority.state.account(keypair.ss58).nonce
    authority.submit(sign_extrinsic(keypair, authority.genesis.hash, nonce, name, args))
    run(authority, 1)


def enroll(authority, keypair):
    make_call(authority, keypair, "claim_grant")
    make_call(authority, keypair, "register", netuid=1, hotkey=keypair.ss58)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain on which Alice validates and Bob mines for some epochs."""
    home = tmp_path_factory.mktemp("chain")
    authority = open_at(home)

    call = partial(make_call, authority)
    for one in (ALICE, BOB):
        enroll(authority, one)
    call(ALICE, "add_stake", netuid=1, hotkey=ALICE.ss58, rao=50 * 10**9)
    run(authority, 12)
    call(ALICE, "set_weights", netuid=1, uids=[2], values=[1])
    call(ALICE, "propose", netuid=1, name="tempo", value=20)
    call(BOB, "transfer", to=ALICE.ss58, rao=10**15)
    run(authority, 40)
    authority.store.close()
    return home


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_that_it_shows_a_simulator(home, view):
    found = answer_from(home, view, Question(netuid=1))

    assert found["is_simulator"] is True
    assert found["network"].startswith("embedded-")


def test_blocks_come_newest_first(home):
    found = answer_from(home, "blocks", Question(limit=2, before=10))

    assert [one["number"] for one in found["blocks"]] == [9, 8]


def test_calls_show_their_signer_and_why_they_were_refused(home):
    (refused,) = answer_from(home, "extrinsics", Question(account=BOB.ss58, limit=1))["extrinsics"]

    assert (refused["call"], refused["signer"]) == ("transfer", BOB.ss58)
    assert refused["error"].startswith("transfer: needs 1000000000000000 rao")


def test_an_account_shows_what_its_stake_would_bring(home):
    found = answer_from(home, "account", Question(account=ALICE.ss58))
    (stake,) = found["stakes"]

    # 50 τ bought 47.6 alpha; dividends came on top.
    assert stake["alpha_rao"] > 47_619_047_619
    assert stake["worth_rao"] > 50 * 10**9
    assert [one["uid"] for one in found["neurons"]] == [1]
    assert found["earned_rao"] > 0


def test_emissions_add_up_to_what_was_issued(home):
    found = answer_from(home, "emissions", Question(limit=500))
    (subnet,) = answer_from(home, "subnets", Question())["subnets"]

    paid = sum(one["rao"] for one in found["emissions"])
    assert paid + found["recycled_rao"] + subnet["pending_rao"] == found["issued_rao"]


def test_a_proposal_is_shown_while_it_is_open(home):
    (proposal,) = answer_from(home, "proposals", Question())["proposals"]

    assert (proposal["name"], proposal["value"], proposal["result"]) == ("tempo", 20, None)


def test_earnings_stand_per_block_day_and_kwh(home):
    found = answer_from(home, "earnings", Question(blocks=10, power_w=500.0))
    by_role = {one["role"]: one for one in found["earnings"]}

    # One epoch of 11 blocks at 0.5 τ falls into the last 10 blocks: 41 % to the one miner.
    miner = by_role["miner"]
    assert (miner["key"], miner["paid_rao"]) == (BOB.ss58, 2_255_012_589)
    assert miner["rao_per_block"] == 225_501_258.9
    assert miner["rao_per_day"] == pytest.approx(225_501_258.9 * 7200)
    assert miner["rao_per_kwh"] == pytest.approx(225_501_258.9 * 7200 / 12)
    assert set(by_role) == {"owner", "miner", "validator"}


def test_who_gave_way_to_whom_stands_in_its_block(tmp_path):
    authority = open_at(tmp_path, Rules(tempo=10, max_uids=2))
    for one in (ALICE, BOB):
        enroll(authority, one)
    authority.store.close()

    (gone,) = answer_from(tmp_path, "evictions", Question(netuid=1))["evictions"]
    assert (gone["hotkey"], gone["newcomer"], gone["uid"]) == (ALICE.ss58, BOB.ss58, 1)
    assert answer_from(tmp_path, "evictions", Question(netuid=2))["evictions"] == []
    (same,) = answer_from(tmp_path, "block", Question(number=gone["block"]))["evictions"]
    assert same == {name: value for name, value in gone.items() if name != "block"}
    assert answer_from(tmp_path, "metagraph", Question(netuid=1))["gives_way_uid"] == 1
    assert verify_chain(tmp_path / "chain.db").ok
    change(tmp_path, f"UPDATE evictions SET newcomer = '{ALICE.ss58}'")
    assert verify_chain(tmp_path / "chain.db").first_bad == gone["block"]


@pytest.mark.parametrize(
    ("view", "question"),
    [
        ("block", Question(number=999)),
        ("metagraph", Question(netuid=9)),
        ("weather", Question()),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(home, view, question):
    with pytest.raises(NothingFound, match="no "):
        answer_from(home, view, question)


def test_a_question_survives_its_url():
    question = Question(limit=3, before=9, account=ALICE.ss58, power_w=1.5)

    assert read_question(question.to_query()) == question


@pytest.mark.parametrize(
    "query", [{"limit": "x"}, {"limit": "-1"}, {"colour": "1"}, {"account": "5nobody"}]
)
def test_a_question_that_means_nothing_is_refused(query):
    with pytest.raises(QuestionInvalid):
        read_question(query)


def test_the_command_line_shows_views_as_text_and_json(home):
    runner = CliRunner()
    text = runner.invoke(network, ["subnets", "--dir", str(home)])
    data = runner.invoke(network, ["metagraph", "1", "--dir", str(home), "--json"])

    assert "a simulator of the chain; its tokens have no price" in text.output
    assert "sunlight" in text.output
    assert len(json.loads(data.output)["neurons"]) == 3


async def test_the_node_answers_views_over_http(node, client):  # noqa: F811
    found = await client.view("blocks", Question(limit=1))

    assert len(found["blocks"]) <= 1
    assert (await get(node, "/v1/explorer/weather"))[0] == 404
    assert (await get(node, "/v1/explorer/blocks?limit=x"))[0] == 400


async def test_a_miner_without_a_rao_registers_by_work_over_http(node, client):  # noqa: F811
    owner = keypair_of(node, "owner")
    for name, value in (("max_difficulty", 1_000), ("pow_registration", 1)):
        await client.call(owner, "set_hyperparameter", {"netuid": 1, "name": name, "value": value})
    node.step(100)
    await Proving(client, BOB, 1).run()

    graph = await client.metagraph(1)
    assert graph.find(BOB.ss58).uid == 1
    assert node.authority.state.account(BOB.ss58).balance_rao == 0


def keypair_of(node, name):  # noqa: F811
    from miner.keys import read_keyfile

    return read_keyfile(node.home / "keys" / f"{name}.json")
