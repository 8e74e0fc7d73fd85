"""What `solard doctor` finds on the machine: configuration, history, backups, disk, clock."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from solard.app.drop_ins import differences
from solard.config.load import load_settings
from solard.core.errors import SolardError
from solard.core.findings import Finding, bad, doubt, good
from solard.core.wording import say_count, say_duration
from solard.store.backup import backup_age, backups
from solard.store.errors import StoreUnavailable
from solard.store.reading import open_history
from solard.system.clock import SystemClock
from solard.system.places import Places

LITTLE_DISK_BYTES = 2 * 10**9
NO_DISK_BYTES = 2 * 10**8
OLD_BACKUP = timedelta(days=2)
ASK_CLOCK_S = 5.0


def examine_machine(
    config: Path, places: Places, profiles: Iterable[str], root: Path | None
) -> tuple[Finding, ...]:
    """Return what files and machine show; `root` is where solard is installed, None = it is not."""
    return (
        *_configuration(config, profiles, root),
        *_history(places.database),
        *_disk(places.state),
        *_clock(),
    )


def _configuration(config: Path, profiles: Iterable[str], root: Path | None) -> Iterator[Finding]:
    try:
        settings = load_settings(config, profiles)
    except SolardError as err:
        yield bad(
            "configuration",
            str(err).splitlines()[0],
            "`solard check` lists all; a running daemon goes on with the last good one.",
        )
        return
    yield good("configuration", f"{config}: fine.")
    for difference in () if root is None else differences(settings, root):
        yield doubt("configuration", difference)


def _history(database: Path) -> Iterator[Finding]:
    if not database.exists():
        yield doubt("history", f"There is no history at {database} yet.")
        return
    try:
        with open_history(database) as history:
            damage = history.find_damage()
    except StoreUnavailable as err:
        damage = str(err)
    if damage is not None:
        yield bad(
            "history",
            f"{database} is not sound: {damage}",
            "If it is damaged, `systemctl restart solard` takes the newest backup instead.",
        )
        return
    yield good("history", f"Sound, {database.stat().st_size / 1e6:.0f} MB.")
    yield _backups(database)


def _backups(database: Path) -> Finding:
    kept = backups(database)
    if not kept:
        return doubt(
            "backups",
            "There is no backup yet; the first is made after the daemon's first hour.",
        )
    age = backup_age(database, SystemClock().now()) or timedelta()
    said = f"{say_count(len(kept), 'backup')}, the newest {say_duration(age.total_seconds())} old."
    if age <= OLD_BACKUP:
        return good("backups", said)
    remedy = "One is made each day while the daemon runs; `solard events` says what failed."
    return doubt("backups", said, remedy)


def _disk(state: Path) -> Iterator[Finding]:
    try:
        there = next(path for path in (state, *state.parents) if path.exists())
        free = shutil.disk_usage(there).free
    except OSError as err:
        yield bad("disk", f"{state}: {err.strerror}", "Is it mounted?")
        return
    text = f"{free / 1e9:.1f} GB free at {state}."
    if free >= LITTLE_DISK_BYTES:
        yield good("disk", text)
        return
    told = bad if free < NO_DISK_BYTES else doubt
    yield told("disk", text, "Make room: `journalctl --vacuum-size=200M` is a start.")


def _clock() -> Iterator[Finding]:
    """Yield whether the wall clock follows a time server; plans and neurons need it."""
    command = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_CLOCK_S, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    if said == "yes":
        yield good("clock", "Follows a time server.")
        return
    text = "Nobody says whether it follows a time server."
    if said == "no":
        text = "It follows no time server; other neurons refuse whoever is 4 s off."
    remedy = "`timedatectl set-ntp true`, and a real-time clock for days without a network."
    yield doubt("clock", text, remedy)
