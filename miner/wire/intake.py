"""Bodies on their way in: each bounded, timed, and bounded all together."""

import asyncio

from aiohttp import web

from miner.wire.refusal import BodyTooLarge, NotServing, TookTooLong

BODY_TIMEOUT_S = 5.0
MAX_HELD_BYTES = 16_777_216


class Intake:
    """Reads bodies. A btauth/1 signature covers the body, so strangers' bodies are read too."""

    def __init__(self, max_body_bytes: int, max_held_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._max_held_bytes = max(max_held_bytes, max_body_bytes)
        self._held_bytes = 0

    def check_announced(self, request: web.BaseRequest) -> None:
        """Raise BodyTooLarge for a body that says so beforehand."""
        if (request.content_length or 0) > self._max_body_bytes:
            raise BodyTooLarge(f"a body has at most {self._max_body_bytes} bytes")

    async def read(self, request: web.BaseRequest) -> bytes:
        """Return the whole body; raise BodyTooLarge, TookTooLong or NotServing."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                async for part in request.content.iter_any():
                    size += len(part)
                    self._held_bytes += len(part)
                    parts.append(part)
                    self._check(size)
        except TimeoutError as err:
            raise TookTooLong(f"the body did not come within {BODY_TIMEOUT_S:g} s") from err
        finally:
            self._held_bytes -= size
        return b"".join(parts)

    def _check(self, size: int) -> None:
        if size > self._max_body_bytes:
            raise BodyTooLarge(f"a body has at most {self._max_body_bytes} bytes")
        if self._held_bytes > self._max_held_bytes:
            raise NotServing("too many large bodies at once; try again in a moment")
