"""Whatever is asked of the chain, a block comes out of it, and no rao is made or lost."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miner import keys
from miner.chain.calls.registry import CALLS
from miner.chain.calls.subnets import SETTABLE
from miner.chain.extrinsic import ExtrinsicInvalid, read_extrinsic, sign_extrinsic
from tests.miner.test_chain import ALICE, BOB, EVE, GENESIS, OWNER, TAO, TREASURY, Chain

WHO = (ALICE, BOB, EVE, OWNER, TREASURY)
NUMBERS = st.one_of(
    st.integers(-2, 5),
    st.integers(0, 200 * TAO),
    st.integers(-(1 << 80), 1 << 80),
    st.just(1000 * TAO),
)
TEXTS = st.one_of(
    st.sampled_from([one.ss58 for one in WHO]),
    st.sampled_from(["127.0.0.1", "::1", "fe80::1%eth0", "ab" * 32, "matmul", *SETTABLE]),
    st.text(max_size=70),
)
LISTS = st.lists(
    st.one_of(st.integers(0, 4), st.integers(0, 70_000), st.none(), TEXTS, st.booleans()),
    max_size=5,
)
BY_KIND: dict[type, st.SearchStrategy[Any]] = {
    int: NUMBERS,
    str: TEXTS,
    list: LISTS,
    bool: st.booleans(),
}


@st.composite
def calls(draw: st.DrawFn) -> tuple[keys.Keypair, str, dict[str, Any]]:
    name = draw(st.sampled_from(sorted(CALLS)))
    args = {arg: draw(BY_KIND[kind]) for arg, kind in CALLS[name][1].items()}
    if "netuid" in args:
        args["netuid"] = draw(st.sampled_from([1, 1, 1, 1, 2, -1, 1 << 70]))
    return draw(st.sampled_from(WHO)), name, args


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(sequence=st.lists(calls(), min_size=1, max_size=25))
def test_no_call_breaks_the_chain_or_makes_money(sequence):
    chain = Chain()
    for keypair in (ALICE, BOB):
        chain.enroll(keypair, stake_rao=20 * TAO)
    chain.run_to_epoch()
    for keypair, name, args in sequence:
        nonce = chain.state.account(keypair.ss58).nonce
        signed = sign_extrinsic(keypair, GENESIS.hash, nonce, name, args)
        try:
            asked = read_extrinsic(json.loads(json.dumps(signed.to_json())))
        except ExtrinsicInvalid:
            continue
        # Chain.run holds balances, pools and what waits against the issuance.
        chain.run(asked)

    balances = [one.balance_rao for one in chain.state.accounts()]
    assert min(balances) >= 0
    assert all(one.alpha_rao >= 0 for one in chain.state.stakes())
    for subnet in chain.state.subnets():
        assert min(subnet.pool_tao_rao, subnet.pool_alpha_rao) > 0
    for _ in range(40):
        chain.run()
