"""Which network a rig's neurons are on: its own, none, or the one whose node a URL names."""

import re
from urllib.parse import urlsplit

from solard.config.reader import Node, ScalarNode
from solard.config.reading import Reading
from solard.config.shapes import REFUSED, ChoiceShape

LOOPBACK = "127.0.0.1"
_NODE = re.compile(r"https?://[^\s/?#@]{1,200}/?")
_REAL = (
    "a real network; its miners run as workloads of yours, by `command` or `external`, and need no "
    "`network` here"
)
_WORDS = ChoiceShape(
    words={"embedded": "embedded", "none": "none"},
    later={"finney": _REAL, "test": _REAL, "local": _REAL},
)


class NetworkShape:
    """A word, or where another rig's node is."""

    unit = "embedded, none or http://10.0.0.5:9944"
    range_text = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the word, or the URL without a slash behind it."""
        text = node.text if isinstance(node, ScalarNode) else ""
        if "://" not in text:
            return _WORDS.read(node, reading, path)
        if _NODE.fullmatch(text) and _has_port(text):
            return text.rstrip("/")
        reading.refuse(node, path, "is no node; write http://HOST:PORT, as in http://10.0.0.5:9944")
        return REFUSED


def is_elsewhere(network: str) -> bool:
    """Say whether the node is somebody else's, named by its URL."""
    return "://" in network


def host_of(url: str) -> str:
    """Return the host that a URL names, without brackets."""
    return urlsplit(url).hostname or ""


def url_of(host: str, port: int) -> str:
    """Return where a program of this machine that listens on `host` is asked from here."""
    near = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port is not None
    except ValueError:
        return False
