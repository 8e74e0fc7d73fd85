"""The dendrite: asks axons, signed, and turns every way to fail into a value."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from miner.keys import Keypair
from miner.wire.btauth import sign_request

MAX_ANSWER_BYTES = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one axon."""

    status: int
    """HTTP status; 503 when nobody answers, 408 when it takes too long, 422 when it is no JSON."""
    data: Any
    """The parsed body of a 200, else None."""
    reason: str | None
    duration_s: float
    """Real seconds."""


class Dendrite:
    """A caller with a key."""

    def __init__(self, keypair: Keypair, timeout_s: float = 5.0) -> None:
        self._keypair = keypair
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_s))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def ask(self, endpoint: str, hotkey: str, route: str, data: Any) -> Answer:
        """Ask the axon at `IP:PORT`, which has to be `hotkey`'s, and return what happened."""
        started_s = time.monotonic()
        status, answer, reason = await self._ask(endpoint, hotkey, route, data)
        return Answer(
            status=status, data=answer, reason=reason, duration_s=time.monotonic() - started_s
        )

    async def _ask(
        self, endpoint: str, hotkey: str, route: str, data: Any
    ) -> tuple[int, Any, str | None]:
        body = json.dumps(data).encode()
        headers = sign_request(
            self._keypair,
            method="POST",
            target=f"/{route}",
            body=body,
            receiver=hotkey,
            nonce_ns=time.time_ns(),
        )
        headers["Content-Type"] = "application/json"
        try:
            async with self._session.post(
                f"http://{endpoint}/{route}", data=body, headers=headers, allow_redirects=False
            ) as response:
                text = await _read_some(response)
                return _sort_out(response.status, text)
        except TimeoutError:
            return 408, None, f"no answer in {self._timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as err:
            return 503, None, str(err) or type(err).__name__


async def _read_some(response: aiohttp.ClientResponse) -> bytes:
    """Return at most one byte more than an answer may have: a miner may send without end."""
    parts = []
    size = 0
    while size <= MAX_ANSWER_BYTES:
        part = await response.content.read(MAX_ANSWER_BYTES + 1 - size)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _sort_out(status: int, text: bytes) -> tuple[int, Any, str | None]:
    if len(text) > MAX_ANSWER_BYTES:
        return 422, None, f"the answer has more than {MAX_ANSWER_BYTES} bytes"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return (422 if status == 200 else status), None, "the answer is no JSON"
    if status != 200:
        return status, None, str(data.get("message") if isinstance(data, dict) else None)
    return 200, data, None


async def ask_all(
    dendrite: Dendrite, asked: dict[str, str], route: str, data: Any
) -> dict[str, Answer]:
    """Ask several axons (endpoint by hotkey) at once; return every answer by hotkey."""
    answers = await asyncio.gather(
        *(dendrite.ask(endpoint, hotkey, route, data) for hotkey, endpoint in asked.items())
    )
    return dict(zip(asked, answers, strict=True))
