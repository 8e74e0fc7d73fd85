"""Real seconds, as the keeper counts them and waits for them."""

import time


def boot_seconds() -> float:
    """Return real seconds since boot, sleep included: a lease also ends while the rig sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def slept_seconds() -> float:
    """Return how long this machine has slept since it booted, real seconds."""
    return boot_seconds() - time.monotonic()


class Pace:
    """Counts leases, write gaps and looks; the deadlines of driver calls have their own clock."""

    def now_s(self) -> float:
        """Return the seconds counted since boot."""
        return boot_seconds()

    def sleep(self, duration_s: float) -> None:
        """Wait for so many counted seconds; not at all where that time has passed."""
        time.sleep(max(0.0, duration_s))
