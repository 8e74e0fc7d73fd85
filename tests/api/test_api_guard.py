"""Slow, many and uninvited connections: faults 54 and 55 of the catalogue."""

import asyncio
from pathlib import Path

import pytest
from api_values import Caller, Desk, serving

from solard.api.access import DoorUnsafe, TcpDoor, hash_token, make_token
from solard.api.server import ApiServer, DoorTaken
from solard.system.guard import Limits

TOKEN = make_token()
QUICK = Limits(header_s=0.2, idle_s=0.2, connections=6, per_peer=3)


def door(**changes: object) -> TcpDoor:
    return TcpDoor(port=0, token_hash=hash_token(TOKEN), **changes)  # type: ignore[arg-type]


async def ends(reader: asyncio.StreamReader) -> bytes:
    """Return what a connection still says before the server closes it."""
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_half_a_header_is_not_waited_for(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), limits=QUICK) as caller:
        reader, writer = await asyncio.open_unix_connection(caller.socket_path)
        writer.write(b"GET /v1/status HTTP/1.1\r\nHost: so")
        said = await ends(reader)
        writer.close()

    assert said == b""


async def test_dripping_bytes_do_not_buy_time(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), limits=QUICK) as caller:
        reader, writer = await asyncio.open_unix_connection(caller.socket_path)
        writer.write(b"GET /v1/status HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"X-Slow: 1\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        said = await ends(reader)
        dripping.cancel()
        writer.close()

    assert said == b""


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), limits=Limits(body_s=0.1)) as caller:
        reader, writer = await asyncio.open_unix_connection(caller.socket_path)
        writer.write(
            b"POST /v1/live HTTP/1.1\r\nHost: solard\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            said = await reader.readuntil(b"}")
        writer.close()

    assert b"408" in said
    assert b"the body did not arrive in 0.1 s" in said


async def test_an_idle_connection_is_closed_after_its_answer(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), limits=QUICK) as caller:
        reader, writer = await asyncio.open_unix_connection(caller.socket_path)
        writer.write(b"GET /v1/plan HTTP/1.1\r\nHost: solard\r\n\r\n")
        said = await ends(reader)
        writer.close()

    assert said.startswith(b"HTTP/1.1 200 OK")


async def test_a_stream_outlives_the_deadlines_of_its_header(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk, limits=QUICK) as caller:
        reader, writer = await asyncio.open_unix_connection(caller.socket_path, limit=2**20)
        writer.write(b"GET /v1/stream HTTP/1.1\r\nHost: solard\r\n\r\n")
        async with asyncio.timeout(5):
            while b"id: 7" not in await reader.readline():
                pass
            await asyncio.sleep(0.5)  # both deadlines pass
            await desk.publish(8)
            while b"id: 8" not in await reader.readline():
                pass
        writer.close()


async def test_too_many_connections_are_closed_and_room_comes_back(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(), limits=Limits(connections=2)) as caller:
        kept = [await asyncio.open_unix_connection(caller.socket_path) for _ in range(2)]
        reader, writer = await asyncio.open_unix_connection(caller.socket_path)
        assert await ends(reader) == b""
        writer.close()
        for _reader, one in kept:
            one.close()
        async with asyncio.timeout(5):
            while not await answers(caller):
                await asyncio.sleep(0.02)


async def answers(caller: Caller) -> bool:
    try:
        return (await caller.get("/v1/status")).status == 200
    except OSError:
        return False


async def test_one_address_cannot_take_all_connections_from_the_unix_socket(
    tmp_path: Path,
) -> None:
    async with ApiServer(Desk(), tmp_path / "api.sock", tcp=door(), limits=QUICK) as server:
        opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(6)]
        local = await Caller(socket_path=tmp_path / "api.sock").get("/v1/status")
        for _reader, writer in opened:
            writer.close()

    assert local.status == 200


async def test_tcp_is_closed_unless_the_owner_opens_it(tmp_path: Path) -> None:
    async with ApiServer(Desk(), tmp_path / "api.sock") as server:
        assert server.port is None


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({}, 401, "Authorization: Bearer TOKEN"),
        ({"Authorization": "Basic abc"}, 401, "Authorization: Bearer TOKEN"),
        ({"Authorization": f"Bearer {make_token()}"}, 403, "is not the API's token"),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421, "'evil.example'"),
        ({"Authorization": f"Bearer {TOKEN}"}, 200, None),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "rig.lan:8443"}, 200, None),
    ],
)
async def test_over_tcp_a_token_and_a_known_host_are_needed(
    tmp_path: Path, headers: dict[str, str], status: int, sentence: str | None
) -> None:
    tcp = door(names=frozenset({"rig.lan"}))
    async with ApiServer(Desk(), tmp_path / "api.sock", tcp=tcp) as server:
        answer = await Caller(port=server.port).get("/v1/plan", headers=headers)

    assert answer.status == status
    assert sentence is None or sentence in answer.error


async def test_refusals_are_logged_once_in_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ApiServer(Desk(), tmp_path / "api.sock", tcp=door()) as server:
        for _ in range(5):
            await Caller(port=server.port).get("/v1/plan")

    assert caplog.text.count("api refused") == 1


def test_an_address_that_others_can_reach_is_refused() -> None:
    with pytest.raises(DoorUnsafe, match=r"0\.0\.0\.0 can be reached from other machines"):
        door(host="0.0.0.0")


def test_a_token_in_place_of_its_hash_is_refused() -> None:
    with pytest.raises(DoorUnsafe, match="no SHA-256"):
        TcpDoor(port=0, token_hash=TOKEN)


def test_tokens_have_256_bits_and_are_stored_hashed() -> None:
    assert len(TOKEN) == 43  # 32 bytes in base64
    assert hash_token("abc") == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


async def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with ApiServer(Desk(), tmp_path / "one.sock", tcp=door()) as server:
        taken = TcpDoor(port=server.port or 0, token_hash=hash_token(TOKEN))
        with pytest.raises(DoorTaken, match="cannot listen on"):
            await ApiServer(Desk(), tmp_path / "two.sock", tcp=taken).start()
