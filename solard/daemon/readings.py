"""Takes what the poller hands over, and tells people when a device is lost and when it is back."""

from solard.core.readings import DeviceReading
from solard.core.wording import ended
from solard.daemon.combine import sleeps
from solard.daemon.events import Events
from solard.daemon.latest import Latest


class Readings:
    """Between poller and snapshot: each change of a device's state is told once."""

    def __init__(self, latest: Latest, events: Events) -> None:
        self._latest = latest
        self._events = events
        self._silent: set[str] = set()
        self._asleep: set[str] = set()

    def take(self, reading: DeviceReading) -> None:
        """Take one poll's answer, good or failed."""
        name = reading.device_id
        if reading.error is not None:
            if name not in self._silent:
                self._events.tell("modbus", ended(f"{name}: {reading.error}"), "warning")
            self._silent.add(name)
        elif name in self._silent:
            self._silent.discard(name)
            self._events.tell("modbus", f"{name} answers again.")
        if reading.error is None:
            self._note_sleep(reading)
        self._latest.take(reading)

    def _note_sleep(self, reading: DeviceReading) -> None:
        name, asleep = reading.device_id, sleeps(reading, "pv_power")
        if asleep and name not in self._asleep:
            self._asleep.add(name)
            self._events.tell("modbus", f"{name} sleeps: its panels have no sun.")
        elif not asleep and name in self._asleep:
            self._asleep.discard(name)
            self._events.tell("modbus", f"{name} is awake.")
