"""Uninstall: work drained, limits given back, units, accounts and rules removed; data stays."""

import shutil
from pathlib import Path, PurePosixPath

from solard.core.errors import SolardError
from solard.system.installer.files import (
    CARD_DROP_INS,
    POLKIT,
    SERVICES,
    SLEEP_RULE,
    SLEEP_UNIT,
    SYSUSERS,
    TMPFILES,
    UNIT_DIRECTORY,
    UNITS,
    WORK_DROP_INS,
)
from solard.system.installer.machine import Machine
from solard.system.lines import ask_now

RUN = PurePosixPath("run/solard")
GPU_SOCKET = RUN / "gpu.sock"
KEEPER = PurePosixPath("var/lib/solard-gpu")
ORIGINALS = "originals.json"
RESTORE_S = 6.0
"""Real seconds that the keeper may take to write every card."""

DATA = {
    PurePosixPath("etc/solard"): "configuration",
    PurePosixPath("var/lib/solard"): "history, backups, keys and state of workloads",
    PurePosixPath("var/lib/private/solard"): "files of workloads",
    KEEPER: "the cards' own limits, since one could not be restored",
}


def uninstall(machine: Machine) -> None:
    """Leave the machine as it was, but for the data, which is named."""
    machine.check("uninstall")
    if machine.is_running:
        _stop(machine)
    root = () if machine.is_running else (f"--root={machine.root}",)
    machine.run("systemctl", *root, "disable", *SERVICES, may_fail=True)
    for name in UNITS:
        machine.remove(UNIT_DIRECTORY / name)
    units = machine.at(UNIT_DIRECTORY)
    for found in sorted(units.glob(WORK_DROP_INS)):
        machine.remove(UNIT_DIRECTORY / found.relative_to(units))
    for path in (*CARD_DROP_INS, SYSUSERS, TMPFILES, POLKIT, SLEEP_UNIT, SLEEP_RULE):
        machine.remove(path)
    if machine.is_running:
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "reset-failed", "solard*", may_fail=True)
        _remove_accounts(machine)
        _forget_cards(machine)
    _name_what_stays(machine)


def _stop(machine: Machine) -> None:
    """Stop the daemon first: it would tell the cards its limits again."""
    machine.run("systemctl", "stop", "solard.service", may_fail=True)
    machine.run("systemctl", "stop", "solard-miners.slice", may_fail=True)
    _restore_limits(machine)
    machine.run("systemctl", "stop", "solard-gpu.service", "solard.slice", may_fail=True)


def _restore_limits(machine: Machine) -> None:
    """Ask for what a clean stop of the keeper does too, to say which card it fails on."""
    socket = machine.at(GPU_SOCKET)
    if machine.is_dry or not socket.exists():
        machine.say("restore   every card's own limit" if machine.is_dry else "no keeper runs")
        return
    try:
        rows = ask_now(socket, {"verb": "restore"}, RESTORE_S)["results"]
    except (SolardError, KeyError) as err:
        machine.say(f"warning: limits not restored: {err}; see `nvidia-smi -q -d POWER`")
        return
    for row in rows:
        if row.get("outcome") == "refused":
            machine.say(f"warning: {row.get('gpu_id')} not restored: {row.get('reason')}")
        else:
            machine.say(f"restore   {row.get('gpu_id')}: {row.get('limit_w'):g} W")


def _remove_accounts(machine: Machine) -> None:
    """Give the data to root first: the uid may go to somebody else one day."""
    state = machine.at(PurePosixPath("var/lib/solard"))
    if state.exists():
        machine.run("chown", "-hR", "root:root", str(state), may_fail=True)
    config = machine.at(PurePosixPath("etc/solard"))
    if config.exists():
        machine.run("chown", "-hR", "root:root", str(config), may_fail=True)
    machine.run("userdel", "solard", may_fail=True)
    for group in ("solard", "solard-work"):
        machine.run("groupdel", group, may_fail=True)
    machine.say(f"remove    /{RUN}")
    if not machine.is_dry:
        shutil.rmtree(machine.at(RUN), ignore_errors=True)


def _forget_cards(machine: Machine) -> None:
    """Remove the keeper's directory, unless a card's own limit is still only there."""
    keeper = machine.at(KEEPER)
    if not keeper.exists() or (keeper / ORIGINALS).exists():
        return
    machine.say(f"remove    /{KEEPER}")
    if not machine.is_dry:
        shutil.rmtree(keeper, ignore_errors=True)


def _name_what_stays(machine: Machine) -> None:
    stays = [path for path in DATA if _holds_something(machine.at(path))]
    if stays:
        machine.say("Your data stays; delete it yourself if you want it gone:")
    for path in stays:
        machine.say(f"  /{path}  {DATA[path]}")
    for name in UNITS:
        drop_ins = UNIT_DIRECTORY / f"{name}.d"
        if _holds_something(machine.at(drop_ins)):
            machine.say(f"  /{drop_ins}  your changes to {name}")


def _holds_something(path: Path) -> bool:
    return path.is_dir() and any(path.iterdir())
