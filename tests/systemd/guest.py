"""Runs inside the container of boot.sh: a rig's life under systemd, from install to uninstall."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

SOLARD = "/opt/solard/bin/solard"
PYTHON = "/opt/solard/bin/python"
CARDS = Path("/var/lib/solard-gpu/cards.json")
CONFIG = Path("/etc/solard/solard.yaml")
SYSTEM = Path("/etc/systemd/system")
MINERS = [f"solard-miner@{name}.service" for name in ("chain", "miner", "validator")]
CAP_SYS_ADMIN = 1 << 21

CONFIGURATION = """\
mode: observe
site: {name: boot, latitude: 46.8, longitude: 2.3, timezone: Europe/Paris, supply: off-grid}
devices:
  gx: {profile: victron-gx, host: 127.0.0.1, port: 1502}
solar: {planes: [{peak: 5 kWp, tilt: 35°, azimuth: 180°}]}
inverter: {continuous: 5 kW, keep_free: 1 kW}
battery: {capacity: 10 kWh, work_above: 50 %, standby_above: 30 %, shut_down_below: {soc: 15 %}}
rig: {idle: 150 W}
network: embedded
workloads:
  miner: {bundled: miner}
  validator: {bundled: validator}
"""

SOCKET = ("--socket", "/run/solard/gpu.sock")
_outcomes: list[bool] = []


def run(*command: str, ok: bool = True) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if ok and done.returncode:
        raise AssertionError(
            f"{command} → {done.returncode}: {(done.stderr or done.stdout)[-400:]}"
        )
    if not ok and not done.returncode:
        raise AssertionError(f"{command} went well, and should not: {done.stdout[-300:]}")
    return done.stdout + done.stderr


def show(unit: str, name: str) -> str:
    return run("systemctl", "show", "--property", name, "--value", unit).strip()


def pid_of(unit: str) -> int:
    return int(show(unit, "MainPID"))


def is_active(unit: str) -> bool:
    return show(unit, "ActiveState") == "active"


def wait(what: Callable[[], object], seconds: float) -> float:
    """Wait until something holds; return how long it took."""
    started = time.monotonic()
    while True:
        try:
            if what():
                return time.monotonic() - started
        except (AssertionError, OSError, ValueError, KeyError):
            pass
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:g} s")
        time.sleep(0.1)


def proc_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def status() -> dict[str, object]:
    return json.loads(run(SOLARD, "status", "--json"))


def cards() -> list[dict[str, object]]:
    return json.loads(run(SOLARD, "gpu", "list", "--json"))["gpus"]


def is_held() -> bool:
    """Say whether every card is under a lease, at whatever stage."""
    return {str(card["state"]) for card in cards()} <= {"limit", "clock", "parked", "stopped"}


def limits() -> list[float]:
    return [float(card["limit_w"]) for card in cards()]


def check(test: Callable[[], object]) -> None:
    name = test.__name__
    try:
        said = test()
    except BaseException as err:
        _outcomes.append(False)
        at = traceback.extract_tb(err.__traceback__)[-1]
        print(f"FAIL {name}: line {at.lineno}: {err!r}"[:700])
        print(run("journalctl", "-n", "25", "--no-pager", "-o", "cat", "-u", "solard*"))
    else:
        _outcomes.append(True)
        print(f"PASS {name}" + (f": {said}" if said else ""))


def drop_in(unit: str, text: str) -> None:
    directory = SYSTEM / f"{unit}.d"
    directory.mkdir(exist_ok=True)
    (directory / "boot.conf").write_text(text)


def install_says_what_is_missing() -> str:
    said = run(SOLARD, "install")
    assert "site.latitude has no value" in said, said
    assert show("solard.service", "UnitFileState") == "enabled"
    assert not is_active("solard.service")
    return run(SOLARD, "install").splitlines()[-1]


def accounts_and_directories() -> None:
    solard = pwd.getpwnam("solard")
    for path, mode, uid in (
        ("/etc/solard", 0o750, 0),
        ("/run/solard", 0o770, solard.pw_uid),
        ("/run/solard/work", 0o1770, solard.pw_uid),
    ):
        found = Path(path).stat()
        assert (found.st_mode & 0o7777, found.st_uid) == (mode, uid), (path, oct(found.st_mode))
    assert CONFIG.stat().st_mode & 0o777 == 0o640


def start_with_an_empty_form_fails_once_and_says_why() -> str:
    run("systemctl", "start", "solard", ok=False)
    wait(lambda: show("solard.service", "ActiveState") == "failed", 10)
    assert show("solard.service", "ExecMainStatus") == "78"
    wait(lambda: show("solard-failsafe.service", "ExecMainStartTimestamp"), 10)
    assert show("solard-failsafe.service", "Result") == "success"
    log = run("journalctl", "-u", "solard", "-o", "cat")
    assert "site.latitude has no value" in log, log
    return f"NRestarts={show('solard.service', 'NRestarts')}"


def simulate() -> None:
    CONFIG.write_text(CONFIGURATION)
    noon = datetime(2024, 6, 1, 11, tzinfo=UTC).isoformat()
    clock = f"SOLARD_CLOCK={noon},{time.monotonic()!r},1.0"
    drop_in("solard.service", f"[Service]\nEnvironment={clock}\n")
    ours = "--socket /run/solard/gpu.sock --state /var/lib/solard-gpu"
    keeper = f"{PYTHON} -I -m hardware.gpu.keeper {ours} --simulated {CARDS}"
    drop_in(
        "solard-gpu.service",
        f"[Service]\nEnvironment={clock}\nExecStart=\nExecStart={keeper}\n",
    )
    make_cards()
    run("systemctl", "daemon-reload")
    plant = "--profile victron --day sunny --port 1502 --start-soc 0.97"
    run(
        *("systemd-run", "--unit=plant", f"--setenv={clock}", PYTHON, "-m", "hardware.sim.plant"),
        *(*plant.split(), "--cards", str(CARDS), "--socket", "/run/plant.sock"),
    )
    run("systemctl", "restart", "solard-gpu")
    run(SOLARD, "check")


def make_cards() -> None:
    CARDS.parent.mkdir(mode=0o700, exist_ok=True)
    lines = ("from hardware.gpu.simulated import create", "from pathlib import Path")
    run(PYTHON, "-c", "; ".join((*lines, f"create(Path({str(CARDS)!r}))")))


def start() -> str:
    took = -time.monotonic()
    run("systemctl", "reset-failed", "solard")
    run("systemctl", "start", "solard")
    took += time.monotonic()
    assert is_active("solard.service")
    assert is_active("solard-gpu.service")
    return f"ready in {took:.1f} s"


def identities() -> str:
    daemon, keeper = proc_status(pid_of("solard")), proc_status(pid_of("solard-gpu"))
    assert daemon["Uid"].split()[0] == str(pwd.getpwnam("solard").pw_uid)
    assert int(daemon["CapEff"], 16) == 0, daemon["CapEff"]
    assert int(daemon["CapBnd"], 16) == 0, daemon["CapBnd"]
    assert int(keeper["CapEff"], 16) == CAP_SYS_ADMIN, keeper["CapEff"]
    assert daemon["NoNewPrivs"] == keeper["NoNewPrivs"] == "1"
    assert keeper["Gid"].split()[0] == daemon["Gid"].split()[0]
    rss = {
        name: int(one["VmRSS"].split()[0]) // 1000
        for name, one in (("daemon", daemon), ("keeper", keeper))
    }
    return f"RSS MB {rss}"


def observe_touches_nothing() -> None:
    time.sleep(3)
    assert {card["state"] for card in cards()} == {"released"}, cards()
    assert not any(is_active(unit) for unit in MINERS)


def the_group_may_ask_and_others_may_not() -> None:
    run("useradd", "--system", "-G", "solard", "alice")
    run("useradd", "--system", "mallory")
    run("runuser", "-u", "alice", "--", SOLARD, "status")
    run("runuser", "-u", "mallory", "--", SOLARD, "status", ok=False)
    run("runuser", "-u", "mallory", "--", SOLARD, "gpu", "list", *SOCKET, ok=False)


def live_holds_the_cards() -> str:
    run(SOLARD, "live")
    took = wait(is_held, 20)
    return f"after {took:.1f} s"


def workloads_are_units_of_their_own() -> str:
    took = wait(lambda: all(is_active(unit) for unit in MINERS), 60)
    uids = {proc_status(pid_of(unit))["Uid"].split()[0] for unit in MINERS}
    assert len(uids) == 3, uids
    assert str(pwd.getpwnam("solard").pw_uid) not in uids
    assert "0" not in uids
    return f"after {took:.1f} s, uids {sorted(uids)}"


def workloads_are_well() -> str:
    def states() -> dict[str, str]:
        return {each["name"]: each["health"] for each in status()["workloads"]}

    try:
        took = wait(lambda: set(states().values()) == {"ok"}, 60)
    except AssertionError:
        print("INFO", states())
        raise
    return f"after {took:.1f} s: {states()}"


def limits_follow_the_sun() -> str:
    took = wait(lambda: any(float(card["power_w"]) > 60 for card in cards()), 90)
    return f"after {took:.1f} s: {limits()}, {status()['decision']['why']}"


def as_the_miner(code: str, *, ok: bool = True) -> str:
    """Run Python as the user and in the groups of a running workload."""
    one = proc_status(pid_of(MINERS[1]))
    groups = [int(group) for group in one["Groups"].split()]
    become = (
        f"os.setgroups({groups}); os.setgid({one['Gid'].split()[0]}); "
        f"os.setuid({one['Uid'].split()[0]})"
    )
    return run(PYTHON, "-c", f"import os, socket; {become}; {code}", ok=ok)


def a_workload_may_not_command_the_keeper() -> None:
    said = as_the_miner(
        "link = socket.socket(socket.AF_UNIX); link.connect('/run/solard/gpu.sock'); "
        "print(link.recv(9999))"
    )
    assert "this socket is for its own user and group" in said, said


def a_workload_sees_no_configuration_and_no_secrets_of_others() -> None:
    assert not Path(f"/proc/{pid_of(MINERS[1])}/root/etc/solard/solard.yaml").exists()
    for path in ("/run/solard/work/validator.json", "/var/lib/solard/solard.db"):
        assert Path(path).exists(), path
        said = as_the_miner(f"open({path!r})", ok=False)
        assert "PermissionError" in said, said


def polkit_lets_the_daemon_do_only_this() -> None:
    as_solard = ("runuser", "-u", "solard", "--", "systemctl", "--no-ask-password")
    for verb, unit in (
        ("stop", "dbus.service"),
        ("restart", "solard-gpu.service"),
        ("start", "solard-failsafe.service"),
        ("stop", "solard-miners.slice"),
        ("start", "solard-miner@Evil.service"),
    ):
        said = run(*as_solard, verb, unit, ok=False)
        assert "denied" in said.lower() or "authentication" in said.lower(), said
    run(*as_solard, "daemon-reload", ok=False)
    run(*as_solard, "enable", MINERS[0], ok=False)


def killed_daemon() -> str:
    """Limits are safe within 5 s, the daemon is back, work went on."""
    daemon, miners = pid_of("solard"), [pid_of(unit) for unit in MINERS]
    os.kill(daemon, signal.SIGKILL)
    journal = run("date", "+%s").strip()
    back = wait(lambda: is_active("solard.service") and pid_of("solard") not in (0, daemon), 15)
    log = run(
        "journalctl",
        f"--since=@{int(journal) - 1}",
        "-u",
        "solard",
        "-u",
        "solard-gpu",
        "-o",
        "cat",
    )
    assert "failsafe limit" in log, log
    assert [pid_of(unit) for unit in MINERS] == miners, "work did not go on"
    held = wait(is_held, 20)
    return f"active after {back:.1f} s, cards held again {held:.1f} s later"


def failsafe_after_a_kill() -> str:
    """With nobody coming back, every card is at its minimum within 5 s."""
    drop_in(
        "solard.service", (SYSTEM / "solard.service.d/boot.conf").read_text() + "RestartSec=12\n"
    )
    run("systemctl", "daemon-reload")
    run(SOLARD, "run", "900W", "1h")
    wait(lambda: sum(limits()) > 600, 120)
    before = limits()
    os.kill(pid_of("solard"), signal.SIGKILL)
    took = wait(lambda: set(limits()) == {100.0}, 5)
    assert {card["state"] for card in cards()} == {"failsafe"}
    run(SOLARD, "status", ok=False)
    wait(lambda: is_active("solard.service"), 30)
    drop_in(
        "solard.service",
        (SYSTEM / "solard.service.d/boot.conf").read_text().replace("RestartSec=12\n", ""),
    )
    run("systemctl", "daemon-reload")
    wait(is_held, 20)
    return f"{before} → all 100 W in {took:.1f} s"


def hung_daemon() -> str:
    """A daemon that stands still is ended by the watchdog."""
    text = (SYSTEM / "solard.service.d/boot.conf").read_text()
    drop_in("solard.service", text + "WatchdogSec=4\nTimeoutAbortSec=2\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "solard")
    old = pid_of("solard")
    time.sleep(6)
    assert pid_of("solard") == old, "the watchdog bit a healthy daemon"
    os.kill(old, signal.SIGSTOP)
    took = wait(lambda: is_active("solard.service") and pid_of("solard") not in (0, old), 25)
    assert "watchdog" in run("journalctl", "-u", "solard", "-o", "cat").lower()
    drop_in("solard.service", text)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "solard")
    return f"back after {took:.1f} s"


def killed_keeper() -> str:
    old = pid_of("solard-gpu")
    os.kill(old, signal.SIGKILL)
    back = wait(lambda: pid_of("solard-gpu") not in (0, old), 10)
    held = wait(is_held, 20)
    wait(lambda: is_active("solard.service"), 1)
    return f"back after {back:.1f} s, held again {held:.1f} s later"


def killed_workload() -> str:
    wait(lambda: is_active(MINERS[1]), 60)
    old = pid_of(MINERS[1])
    os.kill(old, signal.SIGKILL)
    return f"back after {wait(lambda: pid_of(MINERS[1]) not in (0, old), 20):.1f} s"


def bad_configuration_is_refused_by_reload() -> None:
    run("systemctl", "reload", "solard")
    CONFIG.write_text(CONFIGURATION.replace("battery: {", "batery: {"))
    run("systemctl", "reload", "solard", ok=False)
    assert is_active("solard.service")
    assert "batery" in run("journalctl", "-u", "solard", "-o", "cat")


def daemon_that_cannot_start_stops_all_work() -> str:
    wait(lambda: all(is_active(unit) for unit in MINERS), 60)
    wait(is_held, 20)
    os.kill(pid_of("solard"), signal.SIGKILL)
    took = wait(lambda: show("solard.service", "ActiveState") == "failed", 20)
    wait(lambda: not any(is_active(unit) for unit in MINERS), 20)
    assert {card["state"] for card in cards()} == {"failsafe"}, cards()
    CONFIG.write_text(CONFIGURATION)
    run("systemctl", "reset-failed", "solard")
    run("systemctl", "start", "solard")
    wait(lambda: all(is_active(unit) for unit in MINERS), 60)
    return f"failed after {took:.1f} s"


def a_second_daemon_names_the_first() -> None:
    pid = pid_of("solard")
    said = run("runuser", "-u", "solard", "--", SOLARD, "run", ok=False)
    assert f"pid {pid}" in said, said


def clean_stop_gives_the_cards_back() -> str:
    wait(is_held, 20)
    took = -time.monotonic()
    run("systemctl", "stop", "solard")
    took += time.monotonic()
    assert {card["state"] for card in cards()} == {"released"}, cards()
    assert limits() == [float(card["default_w"]) for card in cards()], limits()
    assert not any(is_active(unit) for unit in MINERS)
    return f"in {took:.1f} s"


def uninstall_leaves_only_data() -> str:
    run("systemctl", "start", "solard")
    wait(is_held, 30)
    said = run(SOLARD, "uninstall")
    assert "restore   GPU-sim-0: 350 W" in said, said
    for name in ("/etc/solard", "/var/lib/solard", "/var/lib/private/solard"):
        assert f"  {name}  " in said, said
    left = [path for path in SYSTEM.rglob("*solard*") if not path.is_dir()]
    assert not left, left
    assert not Path("/run/solard").exists()
    for path in (
        "sysusers.d/solard.conf",
        "tmpfiles.d/solard.conf",
        "polkit-1/rules.d/50-solard.rules",
    ):
        assert not Path("/etc", path).exists()
    run("getent", "passwd", "solard", ok=False)
    run("getent", "group", "solard", ok=False)
    run("getent", "group", "solard-work", ok=False)
    assert Path("/var/lib/solard").stat().st_uid == 0
    loaded = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "solard*").split(
        "\n"
    )
    assert not [line for line in loaded if line.strip()], loaded
    assert not CARDS.parent.exists()
    run("pgrep", "-f", "/opt/solard/bin/python.* -m (solard|miner|hardware.gpu)", ok=False)
    return said.replace("\n", " | ")[-400:]


def install_again_keeps_the_data() -> None:
    make_cards()
    said = run(SOLARD, "install", "--start")
    assert "keep      /etc/solard/solard.yaml" in said, said
    wait(lambda: is_active("solard.service"), 20)
    run(SOLARD, "uninstall")
    run(SOLARD, "uninstall")


def units_keep_the_promises_of_every_workload_backend() -> str:
    """Run the tests that processes and programs of others pass too, here on real units."""
    said = run(
        *(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "systemd"),
        *("-o", "asyncio_mode=auto", "/opt/boot/test_work_contract.py"),
    )
    told = [line for line in said.splitlines() if " passed" in line]
    assert told, said
    assert not any(word in told[0] for word in ("failed", "skipped", "error")), said
    return told[0]


TESTS = (
    install_says_what_is_missing,
    accounts_and_directories,
    units_keep_the_promises_of_every_workload_backend,
    start_with_an_empty_form_fails_once_and_says_why,
    simulate,
    start,
    identities,
    observe_touches_nothing,
    the_group_may_ask_and_others_may_not,
    live_holds_the_cards,
    workloads_are_units_of_their_own,
    workloads_are_well,
    limits_follow_the_sun,
    a_workload_may_not_command_the_keeper,
    a_workload_sees_no_configuration_and_no_secrets_of_others,
    polkit_lets_the_daemon_do_only_this,
    killed_daemon,
    failsafe_after_a_kill,
    killed_keeper,
    killed_workload,
    hung_daemon,
    bad_configuration_is_refused_by_reload,
    daemon_that_cannot_start_stops_all_work,
    a_second_daemon_names_the_first,
    clean_stop_gives_the_cards_back,
    uninstall_leaves_only_data,
    install_again_keeps_the_data,
)


def main() -> int:
    print("INFO", run("systemctl", "--version").splitlines()[0], "kernel", os.uname().release)
    for test in TESTS:
        check(test)
    bad = _outcomes.count(False)
    print(f"{_outcomes.count(True)} passed, {bad} failed")
    Path("/opt/out/journal").write_text(
        run("journalctl", "-b", "--no-pager", "-o", "short-precise")
    )
    subprocess.run(("systemctl", "exit", str(bad)), check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
