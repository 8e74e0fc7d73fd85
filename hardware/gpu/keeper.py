"""The keeper: the only program that writes GPU limits, and each one is a lease.

`python -m hardware.gpu.keeper --socket S --state DIR [--lease S] [--failsafe W] [--simulated FILE]`

A holder sets limits and renews them. Without a holder every card goes to its failsafe limit; after
a clean stop each is back at its owner's own. `--look` prints the cards once and writes nothing;
`--once failsafe|restore|after` puts every card there and ends, for when no keeper runs.
"""

import argparse
import fcntl
import json
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from hardware.gpu.backend import GpuBackend
from hardware.gpu.card import KeptCard
from hardware.gpu.cards import Cards
from hardware.gpu.door import Door, DoorTaken
from hardware.gpu.guard import Charge
from hardware.gpu.hands_off import HandsOff
from hardware.gpu.journal import Journal, is_dirty, read_boot_id
from hardware.gpu.lane import Lane, in_thread
from hardware.gpu.opening import open_backend
from hardware.gpu.pace import Pace
from hardware.gpu.requests import RequestInvalid, read_ids, read_wishes
from hardware.gpu.verdicts import Outcome, Verdict
from solard.core.codec import Codec
from solard.core.errors import SolardError
from solard.system.log import start_logging
from solard.system.notify import notify, watchdog_period_s

WATCH_PERIOD_S = 0.1
RESCAN_VARIABLE = "SOLARD_GPU_RESCAN_S"
"""How often a driver or cards that did not answer are looked for again, real seconds (30)."""
CLOSE_DEADLINE_S = 2.0
EXIT_CONFIG = 78
EXIT_TAKEN = 75
AFTER = "after"
"""What the service manager runs when a keeper has ended, however it ended."""

_CODEC = Codec()

logger = logging.getLogger("solard.gpu")


class StateTaken(SolardError):
    """Another keeper works in this state directory."""


class Keeper:
    """Backend, journal and cards of one program, and what its verbs do."""

    def __init__(self, options: argparse.Namespace, pace: Pace | None = None) -> None:
        self._options = options
        self._pace = pace or Pace()
        self._backend: GpuBackend
        self._cards: Cards
        self._hands_off = HandsOff(options.state)
        self._scout = Lane("scout")
        self._open(open_backend(options.simulated))
        self._verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "list": self._list,
            "read": self._read,
            "set": self._set,
            "renew": self._renew,
            "restore": self._restore,
            "take": self._take,
            "failsafe": lambda _: {"results": self._encode(self._cards.failsafe())},
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request; raise SolardError with a sentence."""
        verb = self._verbs.get(str(request.get("verb")))
        if verb is None:
            raise RequestInvalid(
                f"no verb {request.get('verb')!r}; there are {', '.join(self._verbs)}"
            )
        return verb(request)

    def status(self) -> str:
        """Return one line for systemd and people."""
        if not len(self._cards):
            return self._backend.note or "no cards"
        charges = [card.hold.charge for card in self._cards.kept]
        counts = [f"{charges.count(charge)} {charge}" for charge in Charge if charge in charges]
        cards = "1 card" if len(charges) == 1 else f"{len(charges)} cards"
        return f"{cards} ({self._backend.kind}): {', '.join(counts)}"

    def watch(self) -> None:
        """End leases, look at cards."""
        self._cards.watch()

    def reopen(self) -> None:
        """Look for a driver where there was none, and for cards that did not answer."""
        if self._scout.is_idle:  # else the last look still waits for a driver that hangs
            self._scout.submit(self._look_again)

    def _look_again(self) -> None:
        if self._backend.kind == "none":
            backend = open_backend(self._options.simulated)
            if backend.kind != "none":
                self._open(backend)
            return
        added = self._cards.add(self._backend.rescan())
        if any(card.hold.charge is Charge.FAILSAFE for card in self._cards.kept):
            self._cards.failsafe(added)

    def stop(self) -> None:
        """Give every card back as its owner left it."""
        for outcome in self._cards.close():
            if outcome.outcome is Verdict.REFUSED:
                logger.error("not restored card=%s reason=%s", outcome.gpu_id, outcome.reason)
        closing = in_thread(self._backend.close, "close")
        with suppress(TimeoutError):  # a driver that hangs in one call may hang in this one too
            closing.result(CLOSE_DEADLINE_S)

    def _open(self, backend: GpuBackend) -> None:
        options, self._backend = self._options, backend
        journal = Journal(
            options.state, boot_id=read_boot_id(), driver_start=backend.driver_start()
        )
        if journal.trouble:
            logger.error("%s; assuming each card's default", journal.trouble)
            _assume_defaults(backend, journal)
        self._cards = Cards(
            backend,
            journal,
            lease_s=options.lease,
            failsafe_w=options.failsafe,
            pace=self._pace,
            hands_off=self._hands_off.gpu_ids,
        )
        if journal.was_left:
            logger.warning("the last keeper left without restoring: failsafe")
            self._cards.failsafe()
        else:
            self._cards.read()
        logger.info("%s", self.status())

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        rows = [_row(card) for card in self._cards.kept]
        return {"cards": rows, "backend": self._backend.kind, "note": self._backend.note}

    def _read(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "gpus": _CODEC.encode(self._cards.read()),
            "pid": os.getpid(),
            "backend": self._backend.kind,
            "lease_left_s": self._cards.lease_left_s(),
        }

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        wishes, hands_off = read_wishes(request), read_ids(request, "hands_off")
        if hands_off is not None and hands_off != self._hands_off.gpu_ids:
            self._cards.leave(hands_off)
            self._hands_off.write(hands_off)
        return {"results": self._encode(self._cards.wish(wishes))}

    def _restore(self, request: dict[str, Any]) -> dict[str, Any]:
        outcomes = self._cards.restore(read_ids(request, "gpu_ids"))
        return {"results": self._encode(outcomes)}

    def _take(self, request: dict[str, Any]) -> dict[str, Any]:
        gpu_id = request.get("gpu_id")
        if not isinstance(gpu_id, str):
            raise RequestInvalid('take needs "gpu_id"')
        return {"results": self._encode(self._cards.take(gpu_id))}

    def _renew(self, _: dict[str, Any]) -> dict[str, Any]:
        self._cards.renew()
        return {"lease_left_s": self._cards.lease_left_s()}

    def _encode(self, outcomes: tuple[Outcome, ...]) -> Any:
        return _CODEC.encode(outcomes)


def _row(card: KeptCard) -> dict[str, Any]:
    facts = card.facts
    envelope = facts.envelope
    return {
        "gpu_id": facts.gpu_id,
        "index": facts.index,
        "name": facts.name,
        "min_w": envelope.min_w if envelope else None,
        "default_w": facts.default_w,
        "max_w": envelope.max_w if envelope else None,
        "parked_w": facts.parked_w,
        "original_w": card.original_w,
        "state": card.stage.value,
        "can": sorted(facts.can),
        "hands_off": card.is_hands_off,
    }


def _assume_defaults(backend: GpuBackend, journal: Journal) -> None:
    """Record defaults as originals: the limits in force may be a killed keeper's."""
    for facts in backend.cards():
        if facts.envelope is not None:
            journal.record(
                facts.gpu_id, limit_w=facts.envelope.default_w, parked=False, persistence=None
            )


def run(keeper: Keeper, door: Door, stopping: threading.Event) -> None:
    """Keep cards until asked to stop; tell systemd only what really goes on."""
    period_s = watchdog_period_s() or math.inf
    rescan_s = float(os.environ.get(RESCAN_VARIABLE) or 30.0)
    told, told_s, reopened_s = "", 0.0, time.monotonic()
    notify("READY=1")
    while not stopping.wait(WATCH_PERIOD_S) and door.is_open:
        keeper.watch()
        now_s, status = time.monotonic(), keeper.status()
        if now_s - told_s >= period_s or status != told:
            notify("WATCHDOG=1", f"STATUS={status}")
            told, told_s = status, now_s
        if now_s - reopened_s >= rescan_s:
            keeper.reopen()
            reopened_s = now_s


def main(arguments: list[str] | None = None, pace: Pace | None = None) -> int:
    """Run the program; return its exit code."""
    options = _options(arguments)
    if options.look:
        return _look(options)
    if options.once == AFTER:
        options.once = _left_to_do(options.state)
        if options.once is None:
            return 0
    start_logging("keeper", journal="JOURNAL_STREAM" in os.environ)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with _lock(options.state):
            keeper = Keeper(options, pace)
            if options.once is not None:
                return _once(keeper, options.once)
            door = Door(options.socket, keeper.answer)
            door.open()
            try:
                run(keeper, door, stopping)
            finally:
                notify("STOPPING=1")
                door.close()
                keeper.stop()
    except (DoorTaken, StateTaken) as err:
        return _fail(str(err), EXIT_TAKEN)
    except SolardError as err:
        return _fail(str(err), EXIT_CONFIG)
    except OSError as err:
        where = err.filename or options.state
        return _fail(
            f"cannot use {where}: {err.strerror or err}; run as root, or name a --state and a "
            "--socket that are yours",
            EXIT_CONFIG,
        )
    return 0


def _look(options: argparse.Namespace) -> int:
    """Print the cards as JSON; no lock, no journal, no write: any user may, beside any keeper."""
    backend = open_backend(options.simulated)
    journal = Journal(
        options.state,
        boot_id=read_boot_id(),
        driver_start=backend.driver_start(),
        may_write=False,
    )
    cards = Cards(backend, journal, lease_s=options.lease)
    states = _CODEC.encode(cards.read())
    rows = [_row(card) for card in cards.kept]
    found = {"cards": rows, "gpus": states, "backend": backend.kind, "note": backend.note}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _left_to_do(state: Path) -> str | None:
    """Return what a keeper that has ended left to do: nothing after a stop that put all back."""
    if not is_dirty(state):
        return None
    return "restore" if os.environ.get("SERVICE_RESULT") == "success" else "failsafe"


def _once(keeper: Keeper, verb: str) -> int:
    """Put every card where nobody needs to hold it, say what did not work, and end."""
    refused = [row for row in keeper.answer({"verb": verb})["results"] if row["reason"]]
    for row in refused:
        sys.stderr.write(f"solard-gpu: {row['gpu_id']}: {row['reason']}\n")
    return 1 if any(row["outcome"] == "refused" for row in refused) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hardware.gpu.keeper", description=__doc__)
    parser.add_argument("--socket", type=Path, help="unix socket to answer on")
    parser.add_argument("--state", type=Path, required=True, help="directory of the journal")
    parser.add_argument("--lease", type=_positive, default=30.0, help="real seconds (30)")
    parser.add_argument("--simulated", type=Path, help="cards file instead of the driver")
    parser.add_argument("--failsafe", type=_positive, help="W per card (each card's minimum)")
    parser.add_argument("--look", action="store_true", help="print the cards, write nothing, end")
    parser.add_argument("--once", choices=("failsafe", "restore", AFTER), help="do this and end")
    options = parser.parse_args(arguments)
    if options.socket is None and not options.look and options.once is None:
        parser.error("--socket is missing")
    return options


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _lock(directory: Path) -> IO[str]:
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    lock = (directory / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as err:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise StateTaken(
            f"another keeper (pid {holder}) works in {directory}; stop it, or use another --state"
        ) from err
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"solard-gpu: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
