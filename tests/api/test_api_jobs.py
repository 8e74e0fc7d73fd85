"""Jobs over the API: added on the machine itself, watched and steered by whoever may."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from api_values import VIEW, Caller, Desk, KeeperGone, serving

from solard.api.access import TcpDoor, hash_token
from solard.api.routes import JOB
from solard.api.server import ApiServer
from solard.client.client import Client
from solard.core.job import JobSpec, JobState
from solard.core.view import JobView

SPEC = JobSpec(
    name="retrain",
    command=("/opt/train.sh", "--fast"),
    duration_s=10800.0,
    power_w=600.0,
    env=(("EPOCHS", "3"),),
    cards=2,
    deadline_at=datetime(2024, 5, 15, 16, tzinfo=UTC),
)
TOKEN = "a-token-that-is-long-enough"


async def test_a_job_reaches_the_daemon_whole(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        assert caller.socket_path is not None

        added = await Client(caller.socket_path).add_job(SPEC)

    assert added == "retrain-1"
    assert desk.asked == [SPEC]


async def test_jobs_are_run_and_cancelled_by_their_id(tmp_path: Path) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        assert caller.socket_path is not None
        client = Client(caller.socket_path)

        await client.run_job("retrain-1")
        await client.cancel_job("retrain-1")

    assert desk.asked == [("run", "retrain-1"), ("cancel", "retrain-1")]


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/v1/jobs", {"name": "retrain"}, "this is no job"),
        ("/v1/jobs", {"shell": "rm -rf /"}, "'shell' is not known here"),
        ("/v1/jobs/run", {}, "job_id is missing: GET /v1/jobs lists the jobs"),
        ("/v1/jobs/cancel", {"job_id": 7}, "job_id is missing"),
    ],
)
async def test_a_wrong_request_gets_a_sentence(
    tmp_path: Path, path: str, body: dict[str, object], sentence: str
) -> None:
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        answer = await caller.post(path, **body)

    assert answer.status == 400
    assert sentence in answer.error
    assert desk.asked == []


async def test_a_job_that_makes_no_sense_is_refused_in_the_daemons_words(tmp_path: Path) -> None:
    desk = Desk(failure=KeeperGone("job retrain has no command; say what it runs"))
    async with serving(tmp_path, desk) as caller:
        answer = await caller.post("/v1/jobs", name="a", command=[], duration_s=60.0, power_w=1.0)

    assert (answer.status, answer.error) == (409, "job retrain has no command; say what it runs")


async def test_a_token_over_tcp_adds_no_program(tmp_path: Path) -> None:
    desk, door = Desk(), TcpDoor(port=0, token_hash=hash_token(TOKEN))
    async with ApiServer(desk, tmp_path / "api.sock", tcp=door) as server:
        caller = Caller(port=server.port)
        answer = await caller.ask(
            "POST",
            "/v1/jobs",
            json={"name": "a", "command": ["/bin/sh"], "duration_s": 60.0, "power_w": 1.0},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    assert answer.status == 403
    assert "added on the machine itself" in answer.error
    assert desk.asked == []


def test_every_term_of_a_job_is_described() -> None:
    assert {field.name for field in JOB} == {one.name for one in fields(JobSpec)}


async def test_the_list_shows_no_environment(tmp_path: Path) -> None:
    seen = JobView(
        job_id="retrain-1",
        state=JobState.WAITING,
        command=SPEC.command,
        power_w=600.0,
        cards=2,
        duration_s=10800.0,
        ran_s=0.0,
        value=0.0,
        mandatory=False,
        interruptible=True,
        added_at=VIEW.state.taken_at,
        started_at=None,
        ended_at=None,
        deadline_at=SPEC.deadline_at,
        planned=(),
        failures=0,
        exit_status=None,
        gpu_ids=(),
        note="Planned for 13:00.",
    )
    desk = Desk()
    async with serving(tmp_path, desk) as caller:
        await desk.publish(2, jobs=(seen,))
        (listed,) = (await caller.get("/v1/jobs")).json["jobs"]

    assert (listed["job_id"], listed["note"]) == ("retrain-1", "Planned for 13:00.")
    assert "env" not in listed
