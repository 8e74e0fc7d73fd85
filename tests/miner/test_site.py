"""The site's history over the daemon's unix socket."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from miner.site import SiteHistory, SiteUnknown, read_slot

AT = datetime(2024, 6, 20, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
ROW = {"starts_at": AT.isoformat(), "pv_wh": 600.0, "good_s": 900.0, "throttled_s": 0.0}


def test_slot_is_scaled_from_its_seconds_of_good_data():
    slot = read_slot({**ROW, "good_s": 600.0}, LATER)

    assert (slot.pv_wh, slot.is_throttled) == (900.0, False)


@pytest.mark.parametrize(
    "change", [{"good_s": 599.0}, {"good_s": None}, {"pv_wh": None}, {"pv_wh": float("nan")}]
)
def test_slot_without_enough_good_data_is_no_truth(change):
    assert read_slot({**ROW, **change}, LATER) is None


def test_unfinished_slot_is_no_truth():
    assert read_slot(ROW, AT + timedelta(minutes=14)) is None


def test_throttled_slot_is_marked():
    assert read_slot({**ROW, "throttled_s": 61.0}, LATER).is_throttled


async def ask(body: object, status: int = 200):
    with tempfile.TemporaryDirectory(prefix="sm-") as home:
        socket = Path(home) / "api.sock"

        async def answer(_: web.Request) -> web.Response:
            return web.json_response(body, status=status)

        application = web.Application()
        application.router.add_get("/v1/site15", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.UnixSite(runner, str(socket)).start()
        site = SiteHistory(socket)
        try:
            return await site.slots(AT, LATER, LATER)
        finally:
            await site.close()
            await runner.cleanup()


async def test_rows_come_as_slots_in_order_and_only_those_asked_for():
    rows = [
        {**ROW, "starts_at": (AT + timedelta(minutes=minutes)).isoformat()}
        for minutes in (15, 0, -15)
    ]
    slots = await ask({"slots": rows})

    assert [one.starts_at for one in slots] == [AT, AT + timedelta(minutes=15)]


@pytest.mark.parametrize(
    ("body", "status"), [({}, 200), ({"slots": [{}]}, 200), ({"slots": [1]}, 200), ({}, 500)]
)
async def test_other_answers_are_an_error(body, status):
    with pytest.raises(SiteUnknown):
        await ask(body, status)


async def test_absent_daemon_is_an_error():
    site = SiteHistory(Path("/nonexistent/api.sock"))
    try:
        with pytest.raises(SiteUnknown, match="no answer"):
            await site.slots(AT, LATER, LATER)
    finally:
        await site.close()
