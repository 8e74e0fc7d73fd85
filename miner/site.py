"""The site's own history, from the daemon's API."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from miner.subnets.slots import MIN_GOOD_S, SLOT, SLOT_S, SiteSlot
from solard.core.errors import SolardError
from solard.core.units import finite_or_none

TIMEOUT_S = 5.0
MAX_THROTTLED_S = 60.0


class SiteUnknown(SolardError):
    """The daemon's API does not answer, or not as it should; try again later."""


class SiteHistory:
    """Reads quarter hours over the daemon's unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(socket), force_close=True),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        """Return finished slots with enough good data that start in [after, before)."""
        query = {"after": _text(after), "before": _text(before)}
        try:
            async with self._session.get("http://solard/v1/site15", params=query) as response:
                if response.status != 200:
                    raise SiteUnknown(f"daemon API {self._socket}: HTTP {response.status}")
                rows = json.loads(await response.read())["slots"]
                found = [slot for row in rows if (slot := read_slot(row, now))]
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            reason = str(err) or type(err).__name__
            raise SiteUnknown(f"daemon API {self._socket}: no answer: {reason}") from err
        except (ValueError, TypeError, KeyError) as err:
            raise SiteUnknown(f"daemon API {self._socket}: unknown answer: {err!r}") from err
        inside = [slot for slot in found if after <= slot.starts_at < before]
        return tuple(sorted(inside, key=lambda slot: slot.starts_at))


class RecordedSite:
    """A site that was measured once: rows of `starts_at,pv_wh`, a quarter hour each."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = [(row["starts_at"], float(row["pv_wh"])) for row in csv.DictReader(file)]
            self._slots = tuple(
                SiteSlot(
                    starts_at=datetime.fromisoformat(at).astimezone(UTC),
                    pv_wh=pv_wh,
                    is_throttled=False,
                )
                for at, pv_wh in sorted(rows)
            )
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise SiteUnknown(f"{path}: no rows of starts_at,pv_wh: {err}") from err

    async def close(self) -> None:
        """Nothing is open."""

    async def slots(self, after: datetime, before: datetime, now: datetime) -> tuple[SiteSlot, ...]:
        """Return the slots in [after, before) that have ended."""
        return tuple(
            one
            for one in self._slots
            if after <= one.starts_at < before and one.starts_at + SLOT <= now
        )


def open_site(socket: Path | None, recorded: Path | None) -> SiteHistory | RecordedSite:
    """Return the daemon's own history, or a recorded one where a file is given."""
    if recorded is not None:
        return RecordedSite(recorded)
    if socket is None:
        raise SiteUnknown("say where the site's history comes from: --api or --site-file")
    return SiteHistory(socket)


def read_slot(row: Mapping[str, Any], now: datetime) -> SiteSlot | None:
    """Return a row as a slot, or None while it is unfinished or has too little good data."""
    starts_at = datetime.fromisoformat(row["starts_at"]).astimezone(UTC)
    good_s = float(row["good_s"] or 0.0)
    pv_wh = row["pv_wh"]
    if starts_at + SLOT > now or good_s < MIN_GOOD_S or pv_wh is None:
        return None
    energy_wh = finite_or_none(float(pv_wh) * SLOT_S / min(good_s, SLOT_S))
    if energy_wh is None:
        return None
    return SiteSlot(
        starts_at=starts_at,
        pv_wh=max(0.0, energy_wh),
        is_throttled=float(row.get("throttled_s") or 0.0) > MAX_THROTTLED_S,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
