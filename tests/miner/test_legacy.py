"""The legacy synapse protocol, against exchanges of bittensor 10.5.0's own axon and dendrite."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from miner import keys
from miner.axon import Axon, Service
from miner.wire.legacy import sign_question
from miner.wire.refusal import NotAdmitted
from miner.wire.synapse import PING, SynapseField, SynapseKind
from miner.wire.terminal import new_terminal

CAPTURE = json.loads((Path(__file__).parent / "data" / "synapse_capture_sdk10.5.json").read_text())
CASES = {case["case"]: case["exchanges"][0] for case in CAPTURE["cases"]}
ALICE = keys.from_uri(CAPTURE["axon_uri"])
BOB = keys.from_uri(CAPTURE["dendrite_uri"])
ECHO = SynapseKind(
    name="Echo",
    fields=(
        SynapseField(name="prompt", kind="str", is_required=True),
        SynapseField(name="max_tokens", kind="int"),
        SynapseField(name="completion", kind="str"),
    ),
    hash_fields=("prompt", "max_tokens"),
)
"""The synapse that was captured."""
OURS_ALONE = {"date", "server", "content-length"}
"""Headers of the HTTP server, not of the protocol."""
CHANGES = {
    "bt_header_axon_process_time": r"\d+\.\d+(e-\d+)?",
    "bt_header_axon_nonce": r"\d{19}",
    "bt_header_axon_uuid": r"[0-9a-f-]{36}",
    "bt_header_axon_signature": r"0x[0-9a-f]{128}",
    "bt_header_dendrite_port": r"\d+",
    "header_size": r"\d{3}",
    "total_size": r"\d{4}",
}
"""Values that differ from one answer to the next, and how they look."""


def request_of(case: str) -> bytes:
    """Return a captured request as it went over the wire."""
    return CASES[case]["request"].encode()


def split(message: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return the status line, the headers and the body of a message."""
    head, _, body = message.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first, {name.lower(): value for name, value in headers.items()}, json.loads(body)


async def echo(_: str, data: Any) -> dict[str, Any]:
    return {"completion": "echo:" + data["prompt"]}


class Captured:
    """Alice's axon at the moment of a captured request."""

    def __init__(self) -> None:
        self.is_closed_to_all = False
        self.now_ns = 0
        self.port = 0
        self.axon = Axon(
            ALICE, (Service(kind=ECHO, answer=echo),), self._admit, clock_ns=lambda: self.now_ns
        )

    def _admit(self, _: str) -> None:
        if self.is_closed_to_all:
            raise NotAdmitted("Unrecognized hotkey")

    async def send(self, message: bytes) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(message)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        size = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
        body = await asyncio.wait_for(reader.readexactly(size), 5)
        writer.close()
        return (head + body).decode()

    async def replay(self, case: str) -> str:
        """Send a captured request at the moment at which it was signed."""
        nonce_ns = int(re.search(r"dendrite_nonce: (\d+)", CASES[case]["request"])[1])
        self.now_ns = nonce_ns + 1_000_000
        return await self.send(request_of(case))


@pytest.fixture
async def captured() -> AsyncIterator[Captured]:
    one = Captured()
    one.port = await one.axon.start("127.0.0.1", 0)
    yield one
    await one.axon.stop()


def assert_same(ours: str, theirs: str) -> None:
    """Compare two answers but for what differs between any two answers."""
    our_first, our_headers, our_body = split(ours)
    their_first, their_headers, their_body = split(theirs)
    assert our_first == their_first
    for headers in (our_headers, their_headers):
        for name in OURS_ALONE:
            headers.pop(name, None)
    assert our_headers.pop("content-type") == their_headers.pop("content-type")
    assert list(our_headers) == list(their_headers)
    for name, value in their_headers.items():
        if name in CHANGES:
            assert re.fullmatch(CHANGES[name], our_headers[name]), name
        else:
            assert our_headers[name] == value, name
    for body in (our_body, their_body):
        if "axon" in body:
            assert body["axon"].pop("process_time") > 0
    assert our_body == their_body
    assert list(our_body) == list(their_body)


@pytest.mark.parametrize("case", ["ok_echo", "ok_base_ping"])
async def test_captured_question_gets_the_captured_answer(captured, case):
    assert_same(await captured.replay(case), CASES[case]["response"])


async def test_hotkey_that_is_not_admitted_gets_the_captured_403(captured):
    captured.is_closed_to_all = True

    assert_same(await captured.replay("blacklisted_403"), CASES["blacklisted_403"]["response"])


async def test_unknown_synapse_gets_the_captured_404(captured):
    ours = await captured.replay("unknown_synapse_404")

    assert_same(ours, CASES["unknown_synapse_404"]["response"])


async def test_forged_signature_gets_the_captured_401(captured):
    assert_same(await captured.replay("bad_signature_401"), CASES["bad_signature_401"]["response"])


async def test_stale_nonce_gets_the_captured_401(captured):
    nonce_ns = 1795219604087055601
    captured.now_ns = nonce_ns + 30_170_000_000

    ours = await captured.send(request_of("stale_nonce_401"))

    assert_same(ours, CASES["stale_nonce_401"]["response"])


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="sizes of CPython 3.11's objects")
@pytest.mark.parametrize(
    ("case", "size"), [("ok_echo", "3325"), ("ok_base_ping", "3002"), ("blacklisted_403", "3683")]
)
async def test_sizes_are_those_that_bittensor_counts(captured, case, size):
    """Sizes are of CPython 3.11's objects; an identifier that is one character longer counts."""
    captured.is_closed_to_all = case == "blacklisted_403"
    _, headers, _ = split(await captured.replay(case))

    assert headers["header_size"] == "464"
    assert abs(int(headers["total_size"]) - int(size)) <= 32


async def test_question_and_answer_leave_the_other_axon_nothing_to_refuse(captured):
    """What our dendrite signs has the captured names, in the captured order."""
    headers, body = sign_question(
        BOB,
        ECHO,
        ECHO.read({"prompt": "hello solar", "max_tokens": 16}),
        axon=new_terminal(ip="127.0.0.1", port=18092, hotkey=ALICE.ss58),
        uuid="8084c23e-e53f-11f1-91e3-02fc00000001",
        timeout_s=5.0,
        nonce_ns=1795219632717716618,
    )
    _, theirs, their_body = split(CASES["ok_echo"]["request"])

    mine = {name.lower(): value for name, value in headers.items()}
    assert mine.pop("bt_header_dendrite_signature") != theirs["bt_header_dendrite_signature"]
    for name in ("total_size", "header_size"):
        mine.pop(name)
    assert {name: theirs[name] for name in mine} == mine
    assert list(json.loads(body)) == list(their_body)
    assert json.loads(body)["prompt"] == "hello solar"


async def test_signature_for_another_body_breaks(captured):
    changed = request_of("ok_echo").replace(b"hello solar", b"hello lunar")
    captured.now_ns = 1795219632717716618

    first, _, body = split(await captured.send(changed))

    assert first == "HTTP/1.1 500 Internal Server Error"
    assert re.fullmatch(r"Internal Server Error #[0-9a-f-]{36}", body["message"])


async def test_replayed_question_is_refused_as_bittensor_refuses_it(captured):
    await captured.replay("ok_echo")

    first, headers, body = split(await captured.replay("ok_echo"))

    assert first == "HTTP/1.1 401 Unauthorized"
    assert body == {
        "message": "Not Verified with error: Nonce is too old, a newer one was last processed"
    }
    assert headers["bt_header_axon_status_message"] == body["message"]


async def test_question_of_an_hour_ahead_is_refused_where_bittensor_answers(captured):
    captured.now_ns = 1795219632717716618 - 3600 * 10**9

    first, _, body = split(await captured.send(request_of("ok_echo")))

    assert first == "HTTP/1.1 401 Unauthorized"
    assert body["message"].startswith("Not Verified with error: Nonce is from the future")


DROPPED = {
    "name": 200,
    "timeout": 200,
    "bt_header_axon_ip": 200,
    "bt_header_axon_port": 200,
    "bt_header_axon_hotkey": 200,
    "bt_header_dendrite_ip": 200,
    "bt_header_dendrite_version": 200,
    "bt_header_dendrite_nonce": 401,
    "bt_header_dendrite_uuid": 401,
    "bt_header_dendrite_hotkey": 401,
    "bt_header_dendrite_signature": 401,
    "bt_header_input_obj_prompt": 500,
    "header_size": 200,
    "total_size": 200,
    "computed_body_hash": 401,
}
"""What bittensor 10.5.0's axon answers when one header is missing."""


@pytest.mark.parametrize(("name", "status"), DROPPED.items())
async def test_missing_header_counts_as_much_as_with_bittensor(captured, name, status):
    captured.now_ns = 1795219632717716618
    request = re.sub(rf"\r\n{name}: [^\r]*".encode(), b"", request_of("ok_echo"))

    first, _, body = split(await captured.send(request))

    assert int(first.split()[1]) == status
    reasons = {
        "bt_header_dendrite_nonce": "Not Verified with error: Missing Nonce",
        "bt_header_dendrite_signature": "Not Verified with error: Missing Signature",
        "bt_header_dendrite_hotkey": (
            "Not Verified with error: No SS58 formatted address or public key provided."
        ),
    }
    assert body.get("message") == reasons.get(name, body.get("message"))


@pytest.mark.parametrize("signature", [b"", b"0x", b"0x" + b"0" * 128, b"nonsense"])
async def test_empty_or_invented_signature_is_refused(captured, signature):
    captured.now_ns = 1795219632717716618
    request = re.sub(rb"(dendrite_signature: )[^\r]*", rb"\g<1>" + signature, request_of("ok_echo"))

    first, _, _ = split(await captured.send(request))

    assert first == "HTTP/1.1 401 Unauthorized"


async def test_old_version_has_no_leave_to_be_stale(captured):
    """Bittensor 10 checks no freshness before version 7.2; the version is not signed."""
    captured.now_ns = 1795219632717716618 + 60 * 10**9
    request = request_of("ok_echo").replace(b"version: 10005000", b"version: 7001000")

    first, _, _ = split(await captured.send(request))

    assert first == "HTTP/1.1 401 Unauthorized"


async def test_long_timeout_buys_no_long_freshness(captured):
    """The timeout is not signed either."""
    captured.now_ns = 1795219632717716618 + 300 * 10**9
    request = request_of("ok_echo").replace(b"timeout: 5.0", b"timeout: 99999", 1)

    _, _, body = split(await captured.send(request))

    assert "acceptable delta is 64.00 seconds" in body["message"]


@pytest.mark.parametrize(
    ("said", "status"),
    [(b'{"name": "Echo"}', 500), (b"[1]", 500), (b'{"prompt": 5}', 500), (b"{nonsense", 422)],
)
async def test_body_that_is_no_synapse_is_answered_as_by_bittensor(captured, said, status):
    captured.now_ns = 1795219632717716618
    head, _, _ = request_of("ok_echo").partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(said), head)

    first, _, body = split(await captured.send(head + b"\r\n\r\n" + said))

    assert int(first.split()[1]) == status
    if status == 422:
        assert body["detail"][0]["type"] == "json_invalid"
        assert body["detail"][0]["loc"] == ["body", 1]


async def test_header_cannot_be_smuggled_into_the_answer(captured):
    """A terminal in the body comes back in headers: but no line breaks."""
    captured.now_ns = 1795219632717716618
    request = request_of("ok_echo").replace(
        b'"uuid": "8084c23e-e53f-11f1-91e3-02fc00000001"', b'"uuid": "a\\r\\nX-Evil: 1\\r\\n\\r\\n"'
    )
    head, _, body = request.partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)

    answer = await captured.send(head + b"\r\n\r\n" + body)

    first, headers, _ = split(answer)
    assert first == "HTTP/1.1 200 OK"
    assert "x-evil" not in headers
    assert "bt_header_dendrite_uuid" not in headers


def test_body_hash_takes_values_as_python_writes_them():
    assert PING.hash({}) == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
    assert ECHO.hash({"prompt": "hello solar", "max_tokens": 16}) == (
        "813ca6893816f0acc2db40a9aa85129fe8d2146db0445e834768b9222745568c"
    )
    assert ECHO.hash({"prompt": "x", "max_tokens": None}) == (
        "ac434cfabf49aa80291b9418bec633b5511b5e5fce9be8ddb38ad9428ab2ceb4"
    )
