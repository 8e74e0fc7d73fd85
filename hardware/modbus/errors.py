"""What can go wrong between us and a Modbus device, in sentences for people."""

from solard.core.errors import SolardError

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}
"""Modbus Application Protocol V1.1b3, section 7."""

ILLEGAL = frozenset({2, 3})
"""The device does not serve these registers: look for the culprit."""
BUSY = frozenset({5, 6})
"""The device asks us to come back."""
UNIT_OFFLINE = frozenset({10, 11})
"""A gateway answers; the unit behind it does not."""


class DeviceError(SolardError):
    """A device could not be read."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.device_id = ""
        """Filled in by the device that asked."""
        self.hint = ""
        """What to try next, from its profile."""

    def __str__(self) -> str:
        """Return the whole sentence."""
        device = f'device "{self.device_id}": ' if self.device_id else ""
        return f"{device}{self.args[0]}{self.hint}"


class DeviceUnreachable(DeviceError):
    """No connection, or the other side closed it."""


class DeviceTimeout(DeviceError):
    """The connection is open, but no answer came in time."""


class DeviceDesync(DeviceError):
    """An answer came that does not belong to the question; none of it may be believed."""


class DeviceUnfit(DeviceError):
    """The device answers, but is not what its profile describes."""


class DeviceRefused(DeviceError):
    """The device answered with an exception code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def name_exception(code: int) -> str:
    """Return an exception code with its name, such as `2, illegal data address`."""
    return f"{code}, {EXCEPTIONS.get(code, 'unknown to the standard')}"
