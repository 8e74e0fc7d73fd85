"""One thread per card: a driver call that blocks holds up its own card and nothing else."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """Runs work on one card, one piece after the other.

    The thread is a daemon: a call that never returns cannot keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._since_s: float | None = None
        threading.Thread(target=self._run, name=f"card-{name}", daemon=True).start()

    @property
    def is_idle(self) -> bool:
        """Return whether nothing runs and nothing waits."""
        return self._since_s is None and self._queue.empty()

    @property
    def busy_s(self) -> float:
        """Return how long the present piece of work has been running, real seconds."""
        since_s = self._since_s
        return 0.0 if since_s is None else time.monotonic() - since_s

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue a piece of work; cancel its future to drop it while it waits."""
        future: Future[T] = Future()
        self._queue.put((future, work))
        return future

    def _run(self) -> None:
        while True:
            future, work = self._queue.get()
            if not future.set_running_or_notify_cancel():
                continue
            self._since_s = time.monotonic()
            try:
                future.set_result(work())
            except BaseException as err:  # it belongs to whoever asked
                future.set_exception(err)
            finally:
                self._since_s = None


def in_thread(work: Callable[[], T], name: str) -> Future[T]:
    """Run one piece of work in a thread of its own, which cannot keep the process from ending."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as err:  # it belongs to whoever asked
            future.set_exception(err)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
