"""The keeper: the only program that writes GPU limits, and each one is a lease.

`python -m hardware.gpu.keeper --socket S --state DIR [--lease S] [--failsafe W] [--simulated FILE]`

A holder sets limits and renews them. Without a holder every card goes to its failsafe limit; after
a clean stop each is back at its owner's own.
"""

import argparse
import fcntl
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from hardware.gpu.backend import BackendMissing, GpuBackend, NoCards
from hardware.gpu.cards import Cards, Wish
from hardware.gpu.door import Door, DoorTaken
from hardware.gpu.guard import Charge, Outcome, Verdict
from hardware.gpu.journal import Journal, read_boot_id
from solard.core.codec import Codec
from solard.core.errors import SolardError
from solard.system.clock import clock_from_environment
from solard.system.log import start_logging
from solard.system.notify import notify, watchdog_period_s

WATCH_PERIOD_S = 0.1
REOPEN_PERIOD_S = 30.0
"""How often a machine without a driver is asked again: it may be loaded after us."""
EXIT_CONFIG = 78
EXIT_TAKEN = 75

_CODEC = Codec()

logger = logging.getLogger("solard.gpu")


class RequestInvalid(SolardError):
    """A request on the socket does not say what it must."""


class StateTaken(SolardError):
    """Another keeper works in this state directory."""


class Keeper:
    """Backend, journal and cards of one program, and what its verbs do."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._backend: GpuBackend
        self._cards: Cards
        self._open(open_backend(options.simulated))
        self._verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "list": self._list,
            "read": self._read,
            "set": self._set,
            "renew": self._renew,
            "restore": lambda _: {"results": self._encode(self._cards.restore())},
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
        return f"{len(charges)} cards ({self._backend.kind}): {', '.join(counts)}"

    def watch(self) -> None:
        """End leases, look at cards."""
        self._cards.watch()

    def reopen(self) -> None:
        """Look for a driver again where there was none."""
        if self._backend.kind == "none":
            backend = open_backend(self._options.simulated)
            if backend.kind != "none":
                self._open(backend)

    def stop(self) -> None:
        """Give every card back as its owner left it."""
        for outcome in self._cards.close():
            if outcome.outcome is Verdict.REFUSED:
                logger.error("not restored card=%s reason=%s", outcome.gpu_id, outcome.reason)
        self._backend.close()

    def _open(self, backend: GpuBackend) -> None:
        options, self._backend = self._options, backend
        journal = Journal(
            options.state, boot_id=read_boot_id(), driver_start=backend.driver_start()
        )
        if journal.trouble:
            logger.error("%s; assuming each card's default", journal.trouble)
            _assume_defaults(backend, journal)
        self._cards = Cards(backend, journal, lease_s=options.lease, failsafe_w=options.failsafe)
        if journal.is_dirty:
            logger.warning("the last keeper left without restoring: failsafe")
            self._cards.failsafe()
        else:
            self._cards.read()
        logger.info("%s", self.status())

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for card in self._cards.kept:
            envelope = card.facts.envelope
            rows.append(
                {
                    "gpu_id": card.facts.gpu_id,
                    "index": card.facts.index,
                    "name": card.facts.name,
                    "min_w": envelope.min_w if envelope else None,
                    "default_w": envelope.default_w if envelope else None,
                    "max_w": envelope.max_w if envelope else None,
                    "parked_w": card.facts.parked_w,
                    "original_w": card.original_w,
                    "state": card.hold.charge.value,
                }
            )
        return {"cards": rows, "backend": self._backend.kind, "note": self._backend.note}

    def _read(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "gpus": _CODEC.encode(self._cards.read()),
            "pid": os.getpid(),
            "backend": self._backend.kind,
            "lease_left_s": self._cards.lease_left_s(),
        }

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"results": self._encode(self._cards.wish(_wishes(request)))}

    def _renew(self, _: dict[str, Any]) -> dict[str, Any]:
        self._cards.renew()
        return {"lease_left_s": self._cards.lease_left_s()}

    def _encode(self, outcomes: tuple[Outcome, ...]) -> Any:
        return _CODEC.encode(outcomes)


def open_backend(simulated: Path | None) -> GpuBackend:
    """Return the cards of a file or of the driver, or none and the reason."""
    if simulated is not None:
        from hardware.gpu.simulated import SimulatedBackend

        return SimulatedBackend(simulated, clock_from_environment())
    from hardware.gpu.nvml import open_nvml  # pynvml takes 6 MB: only where it is used

    try:
        return open_nvml()
    except BackendMissing as err:
        return NoCards(note=str(err))


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
    told, told_s, reopened_s = "", 0.0, time.monotonic()
    notify("READY=1")
    while not stopping.wait(WATCH_PERIOD_S) and door.is_open:
        keeper.watch()
        now_s, status = time.monotonic(), keeper.status()
        if now_s - told_s >= period_s or status != told:
            notify("WATCHDOG=1", f"STATUS={status}")
            told, told_s = status, now_s
        if now_s - reopened_s >= REOPEN_PERIOD_S:
            keeper.reopen()
            reopened_s = now_s


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit code."""
    options = _options(arguments)
    start_logging("keeper", journal="JOURNAL_STREAM" in os.environ)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with _lock(options.state):
            keeper = Keeper(options)
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
    except (SolardError, OSError) as err:
        return _fail(str(err), EXIT_CONFIG)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hardware.gpu.keeper", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to answer on")
    parser.add_argument("--state", type=Path, required=True, help="directory of the journal")
    parser.add_argument("--lease", type=_positive, default=30.0, help="real seconds (30)")
    parser.add_argument("--simulated", type=Path, help="cards file instead of the driver")
    parser.add_argument("--failsafe", type=_positive, help="W per card (each card's minimum)")
    return parser.parse_args(arguments)


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


def _wishes(request: dict[str, Any]) -> tuple[Wish, ...]:
    limits = request.get("limits")
    if not isinstance(limits, list):
        raise RequestInvalid('set needs "limits": [{"gpu_id", "limit_w", "parked"}, …]')
    return tuple(_wish(limit) for limit in limits)


def _wish(data: Any) -> Wish:
    if not isinstance(data, dict):
        raise RequestInvalid(f"{data!r} is no limit; say gpu_id, limit_w and parked")
    gpu_id, limit_w, parked = data.get("gpu_id"), data.get("limit_w"), data.get("parked", False)
    if not isinstance(gpu_id, str) or not isinstance(parked, bool):
        raise RequestInvalid(f"{data!r} is no limit; gpu_id is text, parked is true or false")
    if isinstance(limit_w, bool) or not isinstance(limit_w, int | float):
        raise RequestInvalid(f"{gpu_id}: limit_w {limit_w!r} is no number of watts")
    if not math.isfinite(limit_w) or limit_w < 0:
        raise RequestInvalid(f"{gpu_id}: limit_w {limit_w} W is below 0 or no number")
    return Wish(gpu_id=gpu_id, limit_w=float(limit_w), parked=parked)


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"solard-gpu: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
