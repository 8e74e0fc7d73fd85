"""Honest callers of an axon, as cheap as they can be made: what is measured is the axon."""

import gc
import selectors
import socket
import time
import uuid
from dataclasses import dataclass, field

from miner import keys
from miner.dendrite import WireProtocol
from miner.subnets.echo import ECHO
from miner.wire.btauth import sign_request
from miner.wire.legacy import sign_question
from miner.wire.terminal import new_terminal

QUESTION = {"prompt": "hello solar", "completion": None}
AXON = "5FZ3kZawduhmRVtivf1SnYrd72cDUma5RqZFdZ5hPCnU3i3Y"
"""//AxonAlice."""


@dataclass(slots=True)
class Caller:
    """One caller, one connection, one question at a time."""

    key: keys.Keypair
    link: socket.socket
    uuid: str = field(default_factory=lambda: str(uuid.uuid1()))
    asked_s: float = 0.0
    due_s: float = 0.0
    is_waiting: bool = False
    heard: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the callers saw."""

    seconds: float
    latencies_s: tuple[float, ...]
    """Sorted, of good answers."""
    bad: int

    @property
    def rate(self) -> float:
        """Return good answers a second."""
        return len(self.latencies_s) / self.seconds

    def quantile_ms(self, part: float) -> float:
        """Return a latency in ms, such as the 0.99 quantile."""
        return 1000 * self.latencies_s[int(part * (len(self.latencies_s) - 1))]


def ask_for(
    port: int,
    seconds: float,
    *,
    callers: int = 16,
    protocol: WireProtocol = WireProtocol.LEGACY,
    pause_s: float = 0.0,
) -> Heard:
    """Ask for some seconds, each caller again `pause_s` after its answer.

    The collector of this process waits until then: its pauses are none of the axon's.
    """
    gc.collect()
    gc.disable()
    try:
        return _ask_for(port, seconds, callers, protocol, pause_s)
    finally:
        gc.enable()


def _ask_for(
    port: int, seconds: float, callers: int, protocol: WireProtocol, pause_s: float
) -> Heard:
    crowd = [_caller(number, port) for number in range(callers)]
    poller = selectors.DefaultSelector()
    for number, one in enumerate(crowd):
        one.due_s = time.perf_counter() + pause_s * number / callers
        poller.register(one.link, selectors.EVENT_READ, one)
    latencies: list[float] = []
    bad = 0
    began_s = time.perf_counter()
    while (now_s := time.perf_counter()) < began_s + seconds:
        for one in crowd:
            if not one.is_waiting and one.due_s <= now_s:
                _ask(one, port, protocol)
        wait_s = min((one.due_s - now_s for one in crowd if not one.is_waiting), default=0.1)
        for event, _ in poller.select(max(0.0, wait_s)):
            one = event.data
            piece = one.link.recv(65536)
            one.heard += piece
            if piece and not is_whole(one.heard):
                continue
            answer, one.heard = one.heard, b""
            one.is_waiting = False
            one.due_s = time.perf_counter() + pause_s
            if answer[9:12] == b"200":
                latencies.append(time.perf_counter() - one.asked_s)
            else:
                bad += 1
            if not piece:
                poller.unregister(one.link)
                one.link = _connect(port)
                poller.register(one.link, selectors.EVENT_READ, one)
    for one in crowd:
        one.link.close()
    return Heard(seconds=seconds, latencies_s=tuple(sorted(latencies)), bad=bad)


def is_whole(answer: bytes) -> bool:
    """Tell whether an HTTP answer is all there; some servers send head and body apart."""
    head, is_over, body = answer.partition(b"\r\n\r\n")
    _, is_told, size = head.lower().partition(b"content-length: ")
    return bool(is_over and is_told) and len(body) >= int(size.partition(b"\r\n")[0])


def _caller(number: int, port: int) -> Caller:
    return Caller(key=keys.from_uri(f"//Caller{number}"), link=_connect(port))


def _connect(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), 5)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _ask(one: Caller, port: int, protocol: WireProtocol) -> None:
    one.is_waiting = True
    if protocol is WireProtocol.LEGACY:
        headers, body = sign_question(
            one.key,
            ECHO,
            QUESTION,
            axon=new_terminal(ip="127.0.0.1", port=port, hotkey=AXON),
            uuid=one.uuid,
            timeout_s=5.0,
            nonce_ns=time.time_ns(),
        )
    else:
        body = b'{"prompt":"hello solar"}'
        headers = sign_request(
            one.key,
            method="POST",
            target="/Echo",
            body=body,
            receiver=AXON,
            nonce_ns=time.time_ns(),
        )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /Echo HTTP/1.1\r\nHost: a\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    one.asked_s = time.perf_counter()
    one.link.sendall(head.encode() + body)
