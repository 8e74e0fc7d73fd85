"""The foreground daemon on a site of its own: started, told, reloaded, killed, stopped."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hardware.gpu.simulated import read_rig
from tests.cli.test_commands import HEAVY, WATCHED
from tests.e2e.stage import ROOT, Site, eventually, short_home, solard

OWN_W = [350.0, 260.0]


@pytest.fixture
def bare() -> Iterator[Site]:
    """A plant, and nobody else yet."""
    with short_home() as outside:
        site = Site(outside)
        try:
            site.start_plant()
            yield site
        finally:
            site.close()


@pytest.fixture
def site(bare: Site) -> Site:
    """A plant and a keeper."""
    bare.start_keeper()
    assert eventually(bare.places.gpu_socket.exists)
    return bare


def limits_w(site: Site) -> list[float]:
    return [card.told_w() for card in read_rig(site.cards).cards]


def lease_left_s(site: Site) -> float | None:
    left: float | None = site.keeper("read")["lease_left_s"]
    return left


def events_of(status: dict[str, Any]) -> list[str]:
    return [event["text"] for event in status.get("events", ())]


def test_daemon_is_ready_after_its_first_decision_and_ends_with_0(site: Site) -> None:
    daemon = site.start_daemon()
    status = eventually(site.status)

    assert status["stats"]["ticks"] >= 1
    assert status["decision"]["why"]
    assert (site.places.lock).read_text().strip() == str(daemon.pid)
    assert site.stop("daemon") == 0
    assert site.hear("STOPPING=1").startswith("STOPPING=1\nSTATUS=")
    assert site.command("status").returncode == 1
    assert "Traceback" not in site.log("daemon")


def test_watchdog_hears_ticks(site: Site) -> None:
    site.start_daemon(WATCHDOG_USEC="400000")

    for _ in range(3):
        said = site.hear("WATCHDOG=1")
        assert said.startswith("WATCHDOG=1\nSTATUS=")

    assert site.stop("daemon") == 0


def test_observing_touches_nothing_and_live_does(site: Site) -> None:
    site.start_daemon()
    status = eventually(lambda: site.status() if working(site.status()) else {}, 30.0)
    assert status["live"] is False
    assert status["decision"]["limits"][0]["limit_w"] > 0
    assert limits_w(site) == OWN_W
    assert all(card.parked for card in read_rig(site.cards).cards)
    assert lease_left_s(site) is None

    said = site.command("live")
    assert (said.returncode, said.stdout) == (0, "Live: limits and workloads obey now.\n")
    assert eventually(lambda: lease_left_s(site) is not None)
    assert eventually(lambda: not all(card.parked for card in read_rig(site.cards).cards))

    said = site.command("observe")
    assert said.stdout == "Observing: nothing is touched.\n"
    assert eventually(lambda: lease_left_s(site) is None)
    assert limits_w(site) == OWN_W
    assert site.stop("daemon") == 0
    assert lease_left_s(site) is None


def test_observing_outlives_a_crash_whatever_the_file_says(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace("mode: observe", "mode: live"))
    site.start_daemon()
    assert eventually(lambda: lease_left_s(site) is not None)
    site.command("observe")
    site.kill("daemon")

    site.start_daemon()

    assert eventually(site.status)["live"] is False
    assert lease_left_s(site) is None


def working(status: dict[str, Any]) -> bool:
    return bool(status) and status["decision"]["mode"] == "full"


def test_operator_s_requests_are_obeyed_and_end(site: Site) -> None:
    site.start_daemon()
    site.command("live")
    assert eventually(lambda: working(site.status()), 30.0)

    said = site.command("pause", "2h")
    assert said.stdout.startswith("Paused for 2 h; `solard resume` ends it earlier.")
    status = eventually(lambda: at_rest(site.status()))
    assert status["decision"]["mode"] == "standby"
    assert status["overrides"][0]["kind"] == "pause"

    assert site.command("resume").stdout == "Back to the plan.\n"
    assert eventually(lambda: working(site.status()), 30.0)

    said = site.command("run", "400W", "3h")
    assert said.stdout.startswith("400 W for 3 h, then back to the plan.")
    status = eventually(lambda: ran_by_operator(site.status()), 30.0)
    assert status["decision"]["budget_w"] <= 400.0
    assert "400 W" in status["decision"]["why"]

    site.kill("daemon")
    site.start_daemon()
    status = eventually(site.status)
    assert status["live"] is True, "what the operator said outlives the daemon"
    assert status["overrides"][0]["kind"] == "run"


def at_rest(status: dict[str, Any]) -> dict[str, Any]:
    return {} if not status or working(status) else status


def ran_by_operator(status: dict[str, Any]) -> dict[str, Any]:
    return status if status and status["decision"]["rule"] == "operator" else {}


def test_bad_file_is_refused_and_the_last_good_one_stays(site: Site) -> None:
    daemon = site.start_daemon()
    good = site.config.read_text()

    site.config.write_text(good + "baterry: {capacity: 10 kWh}\n")
    daemon.send_signal(signal.SIGHUP)
    assert "RELOADING=1\nMONOTONIC_USEC=" in site.hear("RELOADING=1")
    site.hear("READY=1")
    (said,) = eventually(lambda: about_config(site.status()))
    assert said.startswith("configuration not reloaded: ")
    assert 'did you mean "battery"?' in said
    refused = site.command("reload")
    assert refused.returncode == 78
    assert "the old configuration stays in force" in refused.stderr

    site.config.unlink()
    daemon.send_signal(signal.SIGHUP)
    assert eventually(lambda: "cannot be read" in str(about_config(site.status())))

    policy = "policies: [{name: calm, do: {each_gpu: {at_most: 120 W}}}]\n"
    site.config.write_text(good + policy)
    daemon.send_signal(signal.SIGHUP)
    assert eventually(lambda: [one["name"] for one in site.status()["policies"]] == ["calm"])
    status = site.status()
    assert not about_config(status)
    assert "Configuration reloaded." in " ".join(events_of(status))

    site.config.write_text(good.replace("  inverter:", "  roof:"))
    assert site.command("reload").returncode == 0
    said = "Configuration reloaded. What changed in devices waits for a restart."
    assert eventually(lambda: said in events_of(site.status()))
    time.sleep(1.0)
    status = site.status()
    assert status["state"]["good_polls"] > 0, "the devices of before still count"
    assert site.stop("daemon") == 0


def about_config(status: dict[str, Any]) -> list[str]:
    return [said for said in status.get("degraded", ()) if "configuration" in said]


def degraded(status: dict[str, Any]) -> dict[str, Any]:
    return status if status.get("degraded") else {}


def test_without_a_keeper_the_daemon_watches_on_and_meets_it_later(bare: Site) -> None:
    bare.start_daemon()
    status = eventually(lambda: degraded(bare.status()))
    assert status["degraded"][0].startswith("GPU keeper: no answer on ")
    assert status["keeper"]["backend"] == "none"
    ticks = status["stats"]["ticks"]
    assert eventually(lambda: bare.status()["stats"]["ticks"] > ticks)

    bare.start_keeper()

    status = eventually(lambda: {} if degraded(bare.status()) else bare.status())
    assert status["keeper"]["backend"] == "simulated"
    assert len(status["rig"]["cards"]) == 2


def test_silent_inverter_is_said_and_brings_the_rig_down(site: Site) -> None:
    site.start_daemon()
    site.command("live")
    assert eventually(lambda: working(site.status()), 30.0)

    site.kill("plant")

    status = eventually(lambda: at_rest(site.status()), 30.0)
    assert "No answer from inverter" in status["decision"]["why"]
    assert status["degraded"][0].startswith("inverter: ")
    assert "Traceback" not in site.log("daemon")
    site.start_plant()
    assert eventually(lambda: working(site.status()), 60.0)


def test_status_of_a_running_site_says_why_and_loads_little(site: Site) -> None:
    site.start_daemon()
    eventually(lambda: working(site.status()), 30.0)

    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, "status", "--dir", str(site.home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    lines = ran.stdout.splitlines()
    assert lines[0].startswith("home: observing only, 2024-05-28 1")
    assert lines[1].startswith("PV ")
    assert lines[2].startswith("host  ")
    assert lines[3].startswith("WHY   ")
    assert lines[4].startswith("NEXT  ")
    assert [line.split()[0] for line in lines[5:7]] == ["gpu0", "gpu1"]
    status, loaded = json.loads(ran.stderr.splitlines()[-1])
    assert status in {None, 0}
    assert not set(HEAVY) & set(loaded)
    for question in ("plan", "forecast", "earnings", "events"):
        said = site.command(question)
        assert said.returncode == 0, said.stderr
        assert said.stdout
    picture = site.outside / "plan.svg"
    drawn = eventually(lambda: site.command("plan", "--picture", str(picture)).stdout, 30.0, 1.0)
    assert drawn == f"{picture}: the plan of the next two days.\n"
    assert picture.read_text().startswith("<svg ")
    devices = site.command("devices", "inverter").stdout
    assert re.search(r"^inverter +sunspec +\d+ read, 0 failed +answered \d", devices)
    assert re.search(r"^pv_power +\d+(\.\d+)? W +good$", devices, re.MULTILINE)


@pytest.mark.timeout(240)
def test_a_job_is_added_by_hand_runs_survives_the_daemon_and_is_done(site: Site) -> None:
    site.start_daemon()
    assert eventually(lambda: working(site.status()), 30.0)
    site.command("live")
    code = "import time; print('trained', flush=True); time.sleep(8)"
    options = ("--dir", str(site.home), "--duration", "20min", "--within", "24h")

    added = solard("job", "add", "retrain", *options, "--", sys.executable, "-c", code)
    assert added.stdout.startswith("Added retrain-1;"), added.stderr
    site.command("job", "run-now", "retrain-1")
    assert eventually(lambda: job(site)["state"] == "running", 30.0)
    site.kill("daemon")
    site.start_daemon()

    assert eventually(lambda: job(site)["state"] == "done", 60.0), (job(site), site.log("daemon"))
    assert job(site)["exit_status"] == 0
    shown = site.command("job", "show", "retrain-1").stdout
    assert "done (exit status 0): Done." in shown
    refused = site.command("job", "cancel", "retrain-1")
    assert refused.returncode == 1
    assert "retrain-1 is over: done" in refused.stderr
    assert site.stop("daemon") == 0


def job(site: Site) -> dict[str, Any]:
    listed = site.command("job", "list", "--json")
    jobs = json.loads(listed.stdout)["jobs"] if listed.returncode == 0 else []
    return dict(jobs[0]) if jobs else {"state": "unknown"}
