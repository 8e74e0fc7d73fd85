"""The client of our own API; importing it loads no HTTP library."""

from solard.client.client import Client
from solard.client.errors import DaemonAway, RequestRefused

__all__ = ["Client", "DaemonAway", "RequestRefused"]
