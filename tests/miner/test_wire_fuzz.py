"""Whatever a stranger sends, it is refused by a refusal and never by an accident."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miner import keys
from miner.subnets.echo import ECHO
from miner.wire.btauth import RequestRefused, check_signature, read_headers
from miner.wire.endpoint import EndpointInvalid, read_endpoint
from miner.wire.json_text import read_json, write_json
from miner.wire.legacy import check_question, envelope, envelope_headers, read_question
from miner.wire.refusal import Refusal
from miner.wire.synapse import SynapseInvalid
from miner.wire.terminal import TERMINAL_FIELDS, is_plain, read_terminal

ALICE = keys.from_uri("//Alice").ss58
NOW_NS = 1_795_219_632_717_716_618

TEXT = st.one_of(st.text(max_size=40), st.integers().map(str), st.just(ALICE), st.just("0x"))
LEGACY_NAMES = st.sampled_from(
    (
        "timeout",
        "computed_body_hash",
        "header_size",
        "total_size",
        "bt_header_input_obj_prompt",
        *(f"bt_header_dendrite_{name}" for name in TERMINAL_FIELDS),
        *(f"BT_Header_Axon_{name}" for name in TERMINAL_FIELDS),
    )
)
BTAUTH_NAMES = st.sampled_from(
    tuple(
        f"X-Bittensor-{name}"
        for name in ("Version", "Hotkey", "Receiver", "Nonce", "Crypto", "Signature")
    )
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@settings(max_examples=40)
@given(headers=st.dictionaries(LEGACY_NAMES, TEXT), value=st.text(max_size=20))
def test_legacy_headers_are_read_or_refused(headers, value):
    given_field = base64.b64encode(json.dumps(value).encode()).decode()
    told = {"bt_header_input_obj_prompt": given_field, **headers}
    with pytest.raises(Refusal) as refused:
        check_question(read_question(ECHO, told), ALICE, NOW_NS)
    assert refused.value.status in (401, 500)


@settings(max_examples=40)
@given(
    headers=st.dictionaries(BTAUTH_NAMES, TEXT | st.sampled_from(("1", "sr25519", "ed25519"))),
    body=st.binary(max_size=20),
)
def test_btauth_headers_are_read_or_refused(headers, body):
    with pytest.raises(RequestRefused):
        check_signature(
            read_headers(headers, ALICE, NOW_NS), method="POST", target="/Echo", body=body
        )


@settings(max_examples=40)
@given(JSON)
def test_body_is_read_or_invalid(data):
    try:
        values = ECHO.read(data)
    except SynapseInvalid:
        return
    assert set(values) == {"prompt", "completion"}
    assert isinstance(values["prompt"], str)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(TERMINAL_FIELDS), JSON))
def test_terminal_of_a_body_gives_headers_of_one_printable_line(data):
    """What a body says of its terminals comes back in the answer's headers."""
    try:
        terminal = read_terminal(data)
    except SynapseInvalid:
        return
    synapse = envelope(
        ECHO,
        {"prompt": "x", "completion": None},
        timeout_s=1.0,
        dendrite=terminal,
        axon=terminal,
    )

    for value in envelope_headers(ECHO, synapse, "").values():
        assert is_plain(value)


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_endpoint_is_an_address_and_a_port_or_none(text):
    try:
        place = read_endpoint(text)
    except EndpointInvalid:
        return
    assert 0 < place.port < 65_536
    assert read_endpoint(place.text) == place


@settings(max_examples=40)
@given(JSON)
def test_json_that_is_written_is_read_again(data):
    assert read_json(write_json(data).encode(errors="surrogatepass")) == data


@pytest.mark.parametrize(
    "text",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a": NaN}',
        b"\xff",
        b"",
        rb'"\ud800"',
        rb'["\uDFFF"]',
        b"9" * 5000,
    ],
)
def test_json_that_only_python_reads_is_none(text):
    with pytest.raises(ValueError):
        read_json(text)


def test_character_of_two_halves_is_whole():
    assert read_json(rb'"\ud83c\udf1e"') == "\N{SUN WITH FACE}"
