"""The keeper as it is, but for its pace: `quick_keeper.py SPEED [ARGUMENT]…`."""

import sys

from hardware.gpu.keeper import main
from hardware.gpu.pace import Pace


class QuickPace(Pace):
    """Leases, write gaps and looks pass several times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now_s(self) -> float:
        return super().now_s() * self._speed

    def sleep(self, duration_s: float) -> None:
        super().sleep(duration_s / self._speed)


sys.exit(main(sys.argv[2:], QuickPace(float(sys.argv[1]))))
