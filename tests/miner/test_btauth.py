"""btauth/1 against the golden request of bittensor 11.3."""

import json
from pathlib import Path

import pytest

from miner import keys
from miner.wire.btauth import (
    WINDOW_S,
    check_signature,
    read_headers,
    sign_request,
    signed_payload,
)
from miner.wire.mark import Mark
from miner.wire.refusal import NotServing, RequestRefused
from miner.wire.replay import ReplayStore

GOLDEN = json.loads((Path(__file__).parent / "data" / "btauth1_golden.json").read_text())
BOB = GOLDEN["receiver_ss58"]
NOW_NS = int(GOLDEN["nonce_ns"])
REQUEST = {
    "method": GOLDEN["method"],
    "target": GOLDEN["path"],
    "body": GOLDEN["body_utf8"].encode(),
}
SECOND_NS = 1_000_000_000


def headers(**changes: str) -> dict[str, str]:
    signed = sign_request(keys.from_uri("//Alice"), **REQUEST, receiver=BOB, nonce_ns=NOW_NS)
    return {**signed, **{f"X-Bittensor-{name}": value for name, value in changes.items()}}


def test_signed_lines_equal_the_golden_ones():
    payload = signed_payload(
        *REQUEST.values(), NOW_NS, GOLDEN["sender_ss58"], GOLDEN["receiver_ss58"]
    )

    assert payload.decode() == GOLDEN["payload_utf8"]


def test_golden_signature_of_the_sdk_is_accepted():
    signed = read_headers(GOLDEN["example_headers_sr25519"], BOB, NOW_NS)

    assert signed.hotkey == GOLDEN["sender_ss58"]
    check_signature(signed, **REQUEST)


def test_own_headers_have_the_golden_names_and_are_accepted():
    assert headers().keys() == GOLDEN["example_headers_sr25519"].keys()
    check_signature(read_headers(headers(), BOB, NOW_NS), **REQUEST)


@pytest.mark.parametrize("part", ["method", "target", "body"])
def test_changed_request_is_refused(part):
    changed = {"method": "PUT", "target": "/generate", "body": b"{}"}[part]
    signed = read_headers(headers(), BOB, NOW_NS)

    with pytest.raises(RequestRefused, match="signature"):
        check_signature(signed, **{**REQUEST, part: changed})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Version": "2"}, "Version"),
        ({"Crypto": "ecdsa"}, "Crypto"),
        ({"Hotkey": "5Gr"}, "Hotkey"),
        ({"Nonce": "-1"}, "Nonce"),
        ({"Nonce": "١٢"}, "Nonce"),
        ({"Signature": "0x00"}, "Signature"),
        ({"Receiver": GOLDEN["sender_ss58"]}, "Receiver"),
        ({"Receiver": "-"}, "Receiver"),
    ],
)
def test_malformed_headers_are_refused_before_any_signature_is_checked(changes, reason):
    with pytest.raises(RequestRefused, match=reason):
        read_headers(headers(**changes), BOB, NOW_NS)


def test_request_is_fresh_from_ten_seconds_old_to_two_seconds_ahead():
    read_headers(headers(), BOB, NOW_NS + 10 * SECOND_NS)
    read_headers(headers(), BOB, NOW_NS - 2 * SECOND_NS)

    with pytest.raises(RequestRefused, match=r"10\.1 s old"):
        read_headers(headers(), BOB, NOW_NS + 10 * SECOND_NS + SECOND_NS // 10)
    with pytest.raises(RequestRefused, match=r"3600\.0 s ahead"):
        read_headers(headers(), BOB, NOW_NS - 3600 * SECOND_NS)


def test_golden_ed25519_signature_of_the_sdk_is_accepted():
    told = {
        **GOLDEN["example_headers_sr25519"],
        "X-Bittensor-Crypto": "ed25519",
        "X-Bittensor-Hotkey": GOLDEN["ed25519_sender_ss58"],
        "X-Bittensor-Signature": GOLDEN["ed25519_signature"],
    }

    check_signature(read_headers(told, BOB, NOW_NS), **REQUEST)
    del told["X-Bittensor-Crypto"]
    with pytest.raises(RequestRefused, match="signature"):
        check_signature(read_headers(told, BOB, NOW_NS), **REQUEST)


def admit(store: ReplayStore, sender: str, nonce_ns: int, now_ns: int = NOW_NS) -> None:
    store.check(sender, nonce_ns, now_ns)
    store.note(sender, nonce_ns, now_ns)


def test_request_is_admitted_once():
    store = ReplayStore(WINDOW_S)
    admit(store, "alice", NOW_NS)
    admit(store, "bob", NOW_NS)

    with pytest.raises(RequestRefused, match="a newer one was last processed"):
        admit(store, "alice", NOW_NS, NOW_NS + SECOND_NS)


def test_sender_s_nonces_have_to_rise():
    store = ReplayStore(WINDOW_S)
    admit(store, "alice:1", NOW_NS)
    admit(store, "alice:2", NOW_NS - 1)

    with pytest.raises(RequestRefused):
        admit(store, "alice:1", NOW_NS - 1)
    admit(store, "alice:1", NOW_NS + 1)


def test_request_from_before_a_restart_is_refused_after_it(tmp_path):
    first = Mark(tmp_path / "mark", NOW_NS, 0)
    admit(ReplayStore(WINDOW_S, first), "alice", NOW_NS)
    restarted = ReplayStore(WINDOW_S, Mark(tmp_path / "mark", NOW_NS, 0))

    with pytest.raises(RequestRefused):
        admit(restarted, "alice", NOW_NS)
    with pytest.raises(RequestRefused):
        admit(restarted, "bob", NOW_NS - 1)
    admit(restarted, "alice", NOW_NS + 1)


def test_nonces_are_forgotten_when_they_are_too_old_to_pass_anyway():
    store = ReplayStore(WINDOW_S)
    for second in range(100, 1000):
        admit(store, f"alice:{second}", second * SECOND_NS, second * SECOND_NS)

    assert len(store) <= 14


def test_store_that_is_full_asks_newcomers_to_wait_and_forgets_nobody():
    store = ReplayStore(WINDOW_S, max_seen=2)
    admit(store, "alice", NOW_NS)
    admit(store, "bob", NOW_NS)

    with pytest.raises(NotServing):
        admit(store, "carol", NOW_NS)
    with pytest.raises(RequestRefused):
        admit(store, "alice", NOW_NS)
