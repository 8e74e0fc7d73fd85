"""`python -m tests.miner.attackers KIND PORT SECONDS`: people who wish an axon no good.

Prints how much they got done as JSON. A process of its own, so that it takes nobody's turn.
"""

import errno
import json
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

FLOOD_RATE = 10_000
"""Requests a second that a flood tries to send."""
FLOOD_LINKS = 64
SLOW_LINKS = 800
SLOT_S = 0.01
BIG = b"x" * 2_000_000
UNSIGNED = b"POST /Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


def forged(number: int) -> bytes:
    """Return a request whose signature looks like one."""
    head = (
        "POST /Echo HTTP/1.1\r\nHost: a\r\ntimeout: 5\r\n"
        f"bt_header_dendrite_nonce: {time.time_ns()}\r\nbt_header_dendrite_uuid: {number}\r\n"
        "bt_header_dendrite_hotkey: 5CvjNrUaBAHBAAgzYWUh1nmok3MPv1qJNeEQmKiTspxH2TRp\r\n"
        f"bt_header_dendrite_signature: 0x{'1' * 128}\r\nbt_header_input_obj_prompt: IiI=\r\n"
        f"computed_body_hash: {'0' * 64}\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    return head.encode()


def big(number: int) -> bytes:
    """Return a chunked request that does not say how large it is."""
    head = forged(number).replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")[:-2]
    return head + b"%x\r\n" % len(BIG) + BIG + b"\r\n0\r\n\r\n"


def announced(number: int) -> bytes:
    """Return a request that says how large it is."""
    return forged(number).replace(b"Length: 2", b"Length: %d" % len(BIG))[:-2] + BIG


class Flood:
    """Links that send as fast as they are let, and come back when they are thrown out."""

    def __init__(self, port: int, make: Callable[[int], bytes], links: int) -> None:
        self.seen: Counter[str] = Counter()
        self._port = port
        self._make = make
        self._numbers = count()
        self._links: list[socket.socket | None] = [None] * links
        self._rests = [b""] * links

    def push(self, share: int) -> None:
        """Send `share` requests, spread over the links, and read what came back."""
        for _ in range(share):
            number = next(self._numbers)
            self._send(number % len(self._links), self._make(number))

    def _send(self, place: int, request: bytes) -> None:
        link = self._links[place] or self._connect(place)
        if link is None:
            return
        try:
            rest = self._rests[place] or request
            sent = link.send(rest)
            self._rests[place] = rest[sent:]
            self.seen["sent"] += not self._rests[place]
            answer = link.recv(65536)
        except BlockingIOError:
            return
        except OSError as err:
            self.seen[errno.errorcode.get(err.errno or 0, "?")] += 1
            self._links[place] = None
            return
        if not answer:
            self._links[place] = None
        for line in answer.split(b"HTTP/1.1 ")[1:]:
            self.seen[line[:3].decode()] += 1

    def _connect(self, place: int) -> socket.socket | None:
        link = socket.socket()
        link.setblocking(False)
        self._rests[place] = b""
        try:
            link.connect(("127.0.0.1", self._port))
        except BlockingIOError:
            pass
        except OSError:
            return None
        self._links[place] = link
        self.seen["links"] += 1
        return link


def flood(port: int, seconds: float, make: Callable[[int], bytes], rate: int) -> dict[str, int]:
    """Try to send `rate` requests a second."""
    # Made beforehand: an attacker that is busy signing is none, and would take our callers' turn.
    ready = [make(number) for number in range(min(500, rate // 20))]
    crowd = Flood(port, lambda number: ready[number % len(ready)], FLOOD_LINKS)
    for _ in ticks(seconds):
        crowd.push(max(1, int(rate * SLOT_S)))
    return dict(crowd.seen)


def slow(port: int, seconds: float) -> dict[str, int]:
    """Hold 800 links with a header that never ends; come back when thrown out."""
    seen: Counter[str] = Counter()
    links: list[socket.socket | None] = [None] * SLOW_LINKS
    for number, _ in enumerate(ticks(seconds)):
        for place in range(number % 100, SLOW_LINKS, 100):
            try:
                link = links[place]
                if link is None:
                    link = links[place] = socket.create_connection(("127.0.0.1", port), 1)
                    seen["links"] += 1
                    link.send(b"POST /Echo HTTP/1.1\r\nHost: a\r\n")
                link.send(b"x-slow: 1\r\n")
            except OSError:
                seen["thrown out"] += 1
                links[place] = None
    return dict(seen)


def ticks(seconds: float) -> Iterator[None]:
    """Give a turn every 10 ms, late ones at once."""
    began_s = time.monotonic()
    for number in range(int(seconds / SLOT_S)):
        time.sleep(max(0.0, began_s + number * SLOT_S - time.monotonic()))
        if time.monotonic() - began_s > seconds:
            return
        yield


KINDS: dict[str, Callable[[int, float], dict[str, int]]] = {
    "unsigned": lambda port, s: flood(port, s, lambda _: UNSIGNED, FLOOD_RATE),
    "forged": lambda port, s: flood(port, s, forged, FLOOD_RATE),
    "bodies": lambda port, s: flood(port, s, big, 100),
    "announced": lambda port, s: flood(port, s, announced, 100),
    "slow": slow,
}


if __name__ == "__main__":
    # Real ones come over the network and take no turns on the axon's processor.
    os.nice(10)
    print(json.dumps(KINDS[sys.argv[1]](int(sys.argv[2]), float(sys.argv[3]))))
