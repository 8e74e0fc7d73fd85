"""Tell systemd how we are: READY, STATUS, RELOADING, STOPPING, WATCHDOG (sd_notify(3))."""

import os
import socket
import time

SEND_S = 0.1
"""Longest wait for a supervisor whose queue is full: the tick must go on."""


def notify(*messages: str) -> bool:
    """Send one datagram to the supervisor; say whether it was taken."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
        link.settimeout(SEND_S)
        try:
            link.sendto("\n".join(messages).encode(), address)
        except OSError:
            return False
    return True


def reloading() -> str:
    """Return the message that starts a reload; its time lets systemd pair it with READY."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def watchdog_period_s() -> float | None:
    """Return how often systemd wants a sign of progress (half its limit), or None without one."""
    limit_us = os.environ.get("WATCHDOG_USEC")
    if not limit_us or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(limit_us) / 2e6
