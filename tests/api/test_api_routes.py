"""Every route over a real unix socket."""

import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from api_values import (
    DECISION,
    NOON,
    RECORD,
    SAMPLE,
    SLOT,
    VIEW,
    Desk,
    KeeperGone,
    in_hours,
    serving,
)

from solard.api.metrics import metrics_text
from solard.api.routes import ROUTES
from solard.core.history import Sample
from solard.core.host import HostState
from solard.core.inputs import Override, OverrideKind
from solard.core.modes import WorkMode
from solard.core.records import RECORD_CODEC, CycleRecord
from solard.core.site_slot import SiteSlot
from solard.core.view import AT_REST, SiteView, WorkloadView


async def test_status_is_the_whole_picture(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        answer = await caller.get("/v1/status")

    assert RECORD_CODEC.decode(SiteView, answer.json) == VIEW
    # What docs/operate.md tells evcc to read as an `aux` meter.
    assert answer.json["state"]["rig_w"] == VIEW.state.rig_w


async def test_before_the_first_tick_there_is_no_picture(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(newest=None)) as caller:
        answers = [await caller.get(path) for path in ("/v1/status", "/metrics", "/v1/site15")]

    assert [answer.status for answer in answers] == [503, 503, 503]
    assert "just started" in answers[0].error


async def test_chain_is_explored_by_its_own_names(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        answer = await caller.get("/v1/chain", params={"view": "metagraph", "netuid": "1"})
        desk.failure = KeeperGone("the node is away")
        refused = await caller.get("/v1/chain")

    assert answer.json == {"subnets": [], "is_simulator": True}
    assert desk.asked == [("metagraph", {"netuid": "1"})]
    assert (refused.status, refused.error) == (409, "the node is away")


async def test_quarter_hours_are_asked_for_by_moments(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        query = {"after": "2024-05-14T12:00:00+02:00", "before": "2024-05-15T00:00:00Z"}
        answer = await caller.get("/v1/site15", params=query)

    assert RECORD_CODEC.decode(tuple[SiteSlot, ...], answer.json["slots"]) == (SLOT,)
    assert desk.asked == [
        (datetime(2024, 5, 14, 10, tzinfo=UTC), datetime(2024, 5, 15, tzinfo=UTC))
    ]


async def test_a_plus_that_became_a_space_is_forgiven(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        path = "/v1/site15?after=2024-05-14T12:00:00+02:00&before=2024-05-15T00:00:00Z"
        assert (await caller.get(path)).status == 200


async def test_quarter_hours_default_to_the_last_day_of_the_site(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        await caller.get("/v1/site15")

    soon = NOON + timedelta(seconds=1)
    assert desk.asked == [(soon - timedelta(days=1), soon)]


async def test_minutes_and_cycles_come_whole(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        minutes = await caller.get("/v1/history?minutes=5")
        cycles = await caller.get("/v1/cycles?limit=3")

    assert desk.asked == [5, 3]
    assert RECORD_CODEC.decode(tuple[Sample, ...], minutes.json["samples"]) == (SAMPLE,)
    assert RECORD_CODEC.decode(tuple[CycleRecord, ...], cycles.json["cycles"]) == (RECORD,)


async def test_the_database_is_read_outside_the_loop(tmp_path: Path) -> None:
    threads = []

    class Watched(Desk):
        def history(self, minutes: int) -> tuple[Sample, ...]:
            threads.append(threading.current_thread())
            return super().history(minutes)

    async with serving(tmp_path, Watched()) as caller:
        await caller.get("/v1/history")

    assert threads[0] is not threading.main_thread()


async def test_plan_and_forecast_may_be_null(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        plan, forecast = await caller.get("/v1/plan"), await caller.get("/v1/forecast")

    assert plan.json["plan"]["solve_s"] == 0.5
    assert forecast.json == {"forecast": None}


async def test_events_are_limited_and_newest_first(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        answer = await caller.get("/v1/events?limit=2")

    assert [event["text"] for event in answer.json["events"]] == ["event 0", "event 1"]


async def test_earnings_policies_and_neurons_come_from_the_picture(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        earnings = (await caller.get("/v1/earnings")).json
        policies = (await caller.get("/v1/policies")).json
        neurons = (await caller.get("/v1/neurons")).json

    assert (earnings["currency"], earnings["days"][0]["miner_rao"]) == ("CHF", 410_000_000)
    assert (policies, neurons) == ({"policies": []}, {"network": None})


async def test_live_and_observe_reach_the_daemon(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        answers = [await caller.post("/v1/live"), await caller.post("/v1/observe")]

    assert desk.asked == [True, False]
    assert [answer.json for answer in answers] == [{"ok": True}, {"ok": True}]


async def test_a_pause_ends_at_a_moment_or_after_a_time(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        await caller.post("/v1/pause", until_at=in_hours(2).isoformat())
        await caller.post("/v1/pause", for_s=7200)

    assert desk.asked == [Override(kind=OverrideKind.PAUSE, until_at=in_hours(2))] * 2


async def test_a_run_has_a_power_and_an_end_and_resume_ends_it(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        await caller.post("/v1/run", power_w=600, for_s=3600)
        await caller.post("/v1/resume")

    assert desk.asked == [
        Override(kind=OverrideKind.RUN, until_at=in_hours(1), power_w=600.0),
        "cleared",
    ]


async def test_a_reload_with_problems_says_them_all(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(problems=("solard.yaml:3: a", "solard.yaml:9: b"))) as caller:
        answer = await caller.post("/v1/reload")

    assert answer.status == 422
    assert answer.json["problems"] == ["solard.yaml:3: a", "solard.yaml:9: b"]
    assert answer.error == "the old configuration stays: solard.yaml:3: a"


async def test_a_reload_without_problems_is_done(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        assert (await caller.post("/v1/reload")).json == {"ok": True}


async def test_what_the_daemon_cannot_do_is_its_own_sentence(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk(failure=KeeperGone("the keeper is away"))) as caller:
        answer = await caller.post("/v1/live")

    assert (answer.status, answer.error) == (409, "the keeper is away")


async def test_a_bug_is_a_sentence_and_its_traceback_stays_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, Desk(failure=ZeroDivisionError("secret"))) as caller:
        answer = await caller.post("/v1/live")

    assert answer.status == 500
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/cycles?limit=0", "limit=0 is not a whole number from 1 to 500"),
        ("/v1/cycles?limit=ten", "limit=ten is not a whole number from 1 to 500"),
        ("/v1/history?minutes=99999", "minutes=99999 is not a whole number from 1 to 43200"),
        ("/v1/site15?after=noon", "after=noon is no time with a UTC offset"),
        ("/v1/site15?before=2024-05-14T12:00:00", "is no time with a UTC offset"),
    ],
)
async def test_a_wrong_question_gets_a_sentence(tmp_path: Path, path: str, sentence: str) -> None:
    async with serving(tmp_path, Desk()) as caller:
        answer = await caller.get(path)

    assert answer.status == 400
    assert sentence in answer.error


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/v1/pause", {}, "say when it ends: either until_at or for_s"),
        ("/v1/pause", {"for_s": 60, "until_at": "x"}, "either until_at or for_s"),
        ("/v1/pause", {"for_s": -1}, "for_s=-1 is not above 0 and at most 604800"),
        ("/v1/pause", {"for_s": "2h"}, "for_s=2h is no number"),
        ("/v1/pause", {"for_s": True}, "for_s=True is no number"),
        ("/v1/pause", {"until_at": "2024-05-14T11:00:00Z"}, "is not within the week after now"),
        ("/v1/pause", {"hours": 2}, "'hours' is not known here; the body takes until_at, for_s"),
        ("/v1/run", {"for_s": 60}, "power_w is missing"),
        ("/v1/run", {"for_s": 60, "power_w": 1e9}, "power_w=1e+09 is not above 0"),
        ("/v1/live", {"x": 1}, "'x' is not known here; the body takes nothing"),
    ],
)
async def test_a_wrong_request_changes_nothing_and_says_why(
    tmp_path: Path, path: str, body: dict[str, object], sentence: str
) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        answer = await caller.post(path, **body)

    assert (answer.status, desk.asked) == (400, [])
    assert sentence in answer.error


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[1]", 400),
        (b'{"for_s": NaN}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 60_000, 400),
        (b'{"for_s": 1' + b" " * 70_000 + b"}", 413),
    ],
)
async def test_a_body_that_is_no_small_json_object_gets_a_sentence(
    tmp_path: Path, body: bytes, status: int
) -> None:
    async with serving(tmp_path, Desk()) as caller:
        answer = await caller.ask(
            "POST", "/v1/pause", data=body, headers={"Content-Type": "application/json"}
        )

    assert answer.status == status
    assert answer.error


async def test_writes_are_json_only(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        answer = await caller.ask("POST", "/v1/live", data={"a": "form"})

    assert (answer.status, desk.asked) == (415, [])


async def test_unknown_paths_and_methods_get_a_sentence(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        missing = await caller.get("/v1/../../etc/passwd")
        method = await caller.get("/v1/live")

    assert (missing.status, method.status) == (404, 405)
    assert "/openapi.json" in missing.error
    assert "/v1/live does not take GET" in method.error


BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/v1/pause"): {"for_s": 60},
    ("POST", "/v1/run"): {"for_s": 60, "power_w": 600},
    ("POST", "/v1/sweep"): {"for_s": 60, "gpu": 0},
    ("POST", "/v1/jobs"): {
        "name": "a",
        "command": ["/bin/true"],
        "duration_s": 60.0,
        "power_w": 1.0,
    },
    ("POST", "/v1/jobs/run"): {"job_id": "a-1"},
    ("POST", "/v1/jobs/cancel"): {"job_id": "a-1"},
    **{
        ("POST", f"/v1/workloads/{verb}"): {"name": "a"}
        for verb in ("start", "stop", "drain", "freeze", "thaw")
    },
}


async def test_every_route_is_described_and_answers(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        described = (await caller.get("/openapi.json")).json
        for route in ROUTES:
            assert route.summary == described["paths"][route.path][route.method.lower()]["summary"]
            if route.path == "/v1/stream":
                continue  # never ends: see test_api_stream
            body = BODIES.get((route.method, route.path), {})
            more = {} if route.method == "GET" else {"json": body}
            answer = await caller.ask(route.method, route.path, **more)
            assert (route.path, answer.status) == (route.path, 200)
            assert (route.path, answer.kind) == (route.path, route.media)

    assert described["openapi"] == "3.1.0"
    assert "until_at" in str(described["paths"]["/v1/run"]["post"]["requestBody"])


async def test_the_description_says_what_a_picture_looks_like(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        schemas = (await caller.get("/openapi.json")).json["components"]["schemas"]

    assert schemas["SiteState"]["properties"]["pv_w"] == {
        "anyOf": [{"type": "number"}, {"type": "null"}]
    }
    assert schemas["SiteState"]["properties"]["supply"]["enum"] == [
        "grid",
        "island",
        "generator",
        "unknown",
    ]
    assert "degraded" not in schemas["SiteView"]["required"]


async def test_metrics_have_units_and_leave_the_unknown_out(tmp_path: Path) -> None:
    async with serving(tmp_path, Desk()) as caller:
        lines = (await caller.get("/metrics")).text.splitlines()

    assert "solard_pv_watts 3200.0" in lines
    assert f"solard_budget_watts {DECISION.budget_w!r}" in lines
    assert 'solard_gpu_temperature_celsius{gpu="GPU-0"} 61.0' in lines
    assert 'solard_device_polls_total{device="roof \\"south\\"",result="failed"} 3.0' in lines
    assert 'solard_today_watthours{flow="pv"} 4100.5' in lines
    assert 'solard_earned_today_rao{role="miner"} 410000000.0' in lines
    assert not any(line.startswith("solard_generator_watts") for line in lines)


def test_metrics_tell_machine_idle_and_each_workload() -> None:
    host = HostState(
        cpu_share=0.25,
        memory_used_bytes=3,
        memory_total_bytes=10,
        disk_used_bytes=None,
        disk_total_bytes=None,
        temperature_c=None,
        received_bytes_per_s=7.0,
        sent_bytes_per_s=8.0,
    )
    work = WorkloadView(
        name="sn64",
        role="other",
        pid=1,
        wanted=WorkMode.FULL,
        mode=WorkMode.FULL,
        health="ok",
        rate=2.5,
        restarts=0,
        power_w=150.0,
        energy_j=3.6e6,
    )

    text = metrics_text(replace(VIEW, host=host, idle_w=182.0, workloads=(work,)))

    lines = text.splitlines()
    assert "solard_idle_watts 182.0" in lines
    assert "solard_host_cpu_ratio 0.25" in lines
    assert 'solard_host_network_bytes_per_second{direction="in"} 7.0' in lines
    assert 'solard_workload_energy_joules_total{workload="sn64",role="other"} 3600000.0' in lines
    assert 'solard_workload_watts{workload="sn64",role="other"} 150.0' in lines
    assert 'solard_workload_rate{workload="sn64",role="other"} 2.5' in lines
    assert "solard_host_disk_bytes" not in text


@pytest.mark.parametrize(("health", "says"), [("ok", "1.0"), (AT_REST, "1.0"), ("it died", "0.0")])
def test_work_at_rest_rings_no_alarm(health: str, says: str) -> None:
    resting = replace(VIEW.workloads[-1], health=health)

    lines = metrics_text(replace(VIEW, workloads=(resting,))).splitlines()

    assert f'solard_workload_healthy{{workload="miner",role="miner"}} {says}' in lines


async def test_only_owner_and_group_may_use_the_socket_and_it_goes_with_the_server(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run" / "api.sock"
    async with serving(tmp_path, Desk()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

    assert not path.exists()


async def test_the_socket_of_a_killed_daemon_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run" / "api.sock"
    path.parent.mkdir()
    path.touch()
    async with serving(tmp_path, Desk()) as caller:
        assert (await caller.get("/v1/status")).status == 200


async def test_writes_are_logged_with_the_user_who_sent_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import os

    caplog.set_level("INFO")
    async with serving(tmp_path, Desk()) as caller:
        await caller.post("/v1/live")

    assert f"api write: path=/v1/live uid={os.getuid()}" in caplog.text
