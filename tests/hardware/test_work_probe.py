"""Signed questions to a program's own axon, and metrics as Prometheus tells them."""

import asyncio
import os

import pytest

from hardware.work.logs import LogFiles
from hardware.work.probe import Probe, read_metric
from solard.core.work import HealthChecks, SelfQuery, WorkSpec
from tests.miner.test_axon import BOB, Peer


def asks(
    port: int,
    protocol: str = "btauth",
    within_s: float | None = None,
    fields: tuple[tuple[str, str | float], ...] = (),
    synapse: str = "echo",
) -> WorkSpec:
    query = SelfQuery(synapse=synapse, hotkey=BOB.ss58, protocol=protocol, port=port, fields=fields)
    checks = HealthChecks(self_query=query, fails=1, starts_within_s=0.0, every_s=0.0)
    return WorkSpec(name="m", role="other", command=("m",), health=checks, answer_within_s=within_s)


async def look(spec: WorkSpec) -> str:
    probe = Probe(lambda _: LogFiles(path=None))  # type: ignore[arg-type]
    await probe.look(spec, os.getpid(), None)
    return (await probe.look(spec, os.getpid(), None)).health.text


async def test_axon_that_verifies_a_signed_question_is_well() -> None:
    peer = Peer()
    peer.port = await peer.axon.start("127.0.0.1", 0)
    try:
        assert await look(asks(peer.port)) == "ok"
        assert peer.axon.counts.requests > 0
    finally:
        await peer.axon.stop()


@pytest.mark.parametrize(
    ("synapse", "fields", "said"),
    [
        ("Synapse", (), "ok"),
        ("echo", (("sun", 3),), "ok"),
        ("echo", (), "; name the fields that it wants in health.self_query.fields"),
    ],
)
async def test_legacy_question_has_the_fields_that_its_synapse_wants(synapse, fields, said):
    peer = Peer()
    peer.port = await peer.axon.start("127.0.0.1", 0)
    try:
        heard = await look(asks(peer.port, "legacy", fields=fields, synapse=synapse))
    finally:
        await peer.axon.stop()

    assert heard.endswith(said)


async def test_port_on_which_nobody_speaks_the_protocol_is_sick() -> None:
    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        said = await look(asks(port))

    assert said.startswith("its axon answers a signed echo with 422: ")


METRICS = """\
# HELP hashes_total All of them.
hashes_total{gpu="0",kind="good"} 40
hashes_total{gpu="1",kind="good"} 2.5e1 1732000000
hashes_total{gpu="1",kind="bad"} 3
hashes_total_created 9
up NaN
"""


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("hashes_total", 68.0),
        ('hashes_total{kind="good"}', 65.0),
        ('hashes_total{gpu="1",kind="bad"}', 3.0),
        ('hashes_total{gpu="7"}', None),
        ("hashes", None),
        ("up", None),
    ],
)
def test_samples_that_fit_are_added_up(wanted: str, number: float | None) -> None:
    assert read_metric(METRICS, wanted) == number
