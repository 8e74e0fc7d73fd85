"""The only place of this room that speaks HTTP: one answer, small and soon, or a sentence."""

import asyncio
import os

import aiohttp

from solard.core.errors import SolardError

MOST_BYTES = 2_000_000
"""evcc's whole state is below 100 kB; a Home Assistant with 1000 entities sends about 1 MB."""
_OK = 200
_NOT_FOUND = 404
_TAKEN = range(200, 300)
_REDIRECTS = range(300, 400)
_SECRET = (401, 403)


class SourceError(SolardError):
    """A source over HTTP could not be read."""


class HttpDoor:
    """Asks one address again and again over one connection."""

    def __init__(self, url: str, timeout_s: float, token: str | None = None) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None

    async def get(self) -> bytes:
        """Return the body of the answer; raise SourceError with a sentence.

        The time limit is for the whole answer: one that drips in byte by byte is none. Redirects
        are not followed: they would send the token to an address that nobody wrote down.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._get()
        except TimeoutError as err:
            raise SourceError(
                f"{self._url} has not answered in full in {self._timeout_s:g} s"
            ) from err
        except aiohttp.ClientConnectorCertificateError as err:
            raise SourceError(
                f"{self._url} has a certificate that nobody vouches for; use http:// at home"
            ) from err
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise SourceError(f"{self._url} cannot be read: {_reason(err)}") from err

    async def send(self, method: str, body: str) -> None:
        """Tell the other side something; raise SourceError where it does not take it."""
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.request(
                    method, self._url, data=body or None, allow_redirects=False
                ) as answer,
            ):
                if answer.status not in _TAKEN:
                    raise SourceError(f"{self._url} answers {answer.status} to {method}")
        except TimeoutError as err:
            raise SourceError(f"{self._url} has not answered in {self._timeout_s:g} s") from err
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise SourceError(f"{self._url} cannot be reached: {_reason(err)}") from err

    async def close(self) -> None:
        """End the connection; the next question opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _get(self) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1), cookie_jar=aiohttp.DummyCookieJar()
            )
        async with self._session.get(
            self._url, headers=self._headers, allow_redirects=False
        ) as answer:
            self._check_status(answer)
            body = bytearray()
            async for part in answer.content.iter_chunked(65536):
                body += part
                if len(body) > MOST_BYTES:
                    raise SourceError(
                        f"{self._url} sends more than {MOST_BYTES // 1_000_000} MB; is it the "
                        "address of one device?"
                    )
            return bytes(body)

    def _check_status(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status in _REDIRECTS:
            target = answer.headers.get("Location", "another address")
            raise SourceError(f"{self._url} sends us on to {target}; write that address yourself")
        if answer.status in _SECRET:
            raise SourceError(
                f"{self._url} does not let us in ({answer.status}); is `token` there and right?"
            )
        if answer.status != _OK:
            hint = "; is its path right?" if answer.status == _NOT_FOUND else ""
            raise SourceError(f"{self._url} answers {answer.status} instead of {_OK}{hint}")


def _reason(err: Exception) -> str:
    """Return what went wrong; a connection's own words repeat the address in a longer way."""
    if isinstance(err, aiohttp.ClientConnectorError) and (err.errno or 0) > 0:
        return os.strerror(err.errno or 0).lower()
    return str(err) or type(err).__name__
