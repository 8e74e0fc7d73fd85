"""Where the tick leaves rows for the writer: bounded, and never a reason to wait."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection

from solard.store.writing import Row

Key = tuple[object, ...]


class Priority(IntEnum):
    """What is dropped last comes first."""

    LEDGER = 0
    RECORD = 1
    TELEMETRY = 2


ROOM: Mapping[Priority, int] = {
    Priority.LEDGER: 20_000,
    Priority.RECORD: 1_000,
    Priority.TELEMETRY: 600,
}
"""How many letters may wait; about 15 MB at worst, a day of ledger, ten hours of minutes."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Something to store; its rows are made by the writer's thread, not by the tick's."""

    priority: Priority
    key: Key
    """A newer letter with the same key takes the place of an older one that still waits."""
    rows: Callable[[int], tuple[Row, ...]]
    """Gets the number of this start of the daemon."""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """Work on the database that the writer does between two batches."""

    run: Callable[[Connection], Any]
    done: "Future[Any]"


class Mailbox:
    """Letters and jobs on their way to the writer."""

    def __init__(self, room: Mapping[Priority, int] = ROOM) -> None:
        self._room = room
        self._boxes: dict[Priority, dict[Key, Letter]] = {one: {} for one in Priority}
        self._jobs: list[Job] = []
        self._changed = threading.Condition()
        self._rings = 0
        self._closed = False
        self._dropped: Counter[Priority] = Counter()

    def put(self, letter: Letter) -> None:
        """Leave a letter; where there is no room, the oldest of its priority is dropped."""
        with self._changed:
            box = self._boxes[letter.priority]
            box.pop(letter.key, None)
            if len(box) >= self._room[letter.priority]:
                box.pop(next(iter(box)))
                self._dropped[letter.priority] += 1
            box[letter.key] = letter
            self._rings += letter.urgent
            self._changed.notify()

    def ask(self, job: Job) -> None:
        """Leave a job; it runs once everything left before it is stored."""
        with self._changed:
            self._jobs.append(job)
            self._rings += 1
            self._changed.notify()

    def take(self) -> tuple[list[Letter], list[Job]]:
        """Empty the box: letters by priority and age, and jobs in order."""
        with self._changed:
            letters = [letter for one in Priority for letter in self._boxes[one].values()]
            jobs, self._jobs = self._jobs, []
            self._boxes = {one: {} for one in Priority}
            self._rings = 0
            return letters, jobs

    def give_back(self, letters: list[Letter], jobs: list[Job]) -> None:
        """Put back what could not be stored, before what came since; newer keys win."""
        with self._changed:
            for one in Priority:
                older = {letter.key: letter for letter in letters if letter.priority is one}
                box = {**older, **self._boxes[one]}
                for key in list(box)[: max(0, len(box) - self._room[one])]:
                    del box[key]
                    self._dropped[one] += 1
                self._boxes[one] = box
            self._jobs = jobs + self._jobs

    def wait_for_mail(self, quiet_s: float) -> bool:
        """Wait for the first letter, then `quiet_s` for more; a job or an urgent one ends it.

        Returns False once the box is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._rings or self.waiting)
            self._changed.wait_for(lambda: self._closed or self._rings, timeout=quiet_s)
            return not self._closed

    def wait_for_ring(self, longest_s: float) -> bool:
        """Wait until something urgent comes or the time is over; False once the box is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._rings, timeout=longest_s)
            return not self._closed

    def close(self) -> None:
        """End the waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """Return how many letters wait."""
        return sum(len(box) for box in self._boxes.values())

    @property
    def dropped(self) -> int:
        """Return how many letters were lost for want of room."""
        return sum(self._dropped.values())
