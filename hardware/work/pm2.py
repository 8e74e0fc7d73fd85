"""What pm2 runs, read from `pm2 jlist` or from its dump file; nothing is started or stopped."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from hardware.work.external import ask_owner
from solard.core.errors import SolardError
from solard.core.work import External, FoundWork, Keeper

_PORT = re.compile(r"--(?:axon\.|server\.)?(?:external_)?port[= ](\d{2,5})")
_LONGEST_NAME = 26


class Pm2Unreadable(SolardError):
    """A text that is neither `pm2 jlist` nor a dump of pm2."""


def read_pm2(text: str) -> tuple[FoundWork, ...]:
    """Return the programs; raise Pm2Unreadable. Environments are not taken over: pm2 keeps them."""
    try:
        start = text.index("[{") if "[{" in text else text.index("[")
        rows = json.loads(text[start:])
    except ValueError as err:
        raise Pm2Unreadable(
            "this is no list of pm2; give it what `pm2 jlist` prints, or ~/.pm2/dump.pm2"
        ) from err
    taken: set[str] = set()
    found = [_found(row, taken) for row in rows if isinstance(row, dict) and row.get("name")]
    if not found:
        raise Pm2Unreadable("pm2 runs nothing here; ask as the user whose pm2 it is")
    return tuple(found)


def ask_pm2() -> str:
    """Return what the pm2 of this user says that it runs."""
    if shutil.which("pm2") is None:
        raise Pm2Unreadable(
            "this user has no pm2 on the PATH; ask as the user whose pm2 it is, or name a FILE: "
            "what `pm2 jlist` printed there, or ~/.pm2/dump.pm2"
        )
    return ask_owner(("pm2", "jlist"))


def _found(row: Mapping[str, Any], taken: set[str]) -> FoundWork:
    # A dump has at its top what jlist keeps under pm2_env.
    about = row.get("pm2_env")
    about = {**row, **about} if isinstance(about, dict) else row
    there = str(row["name"])
    arguments = about.get("args") or []
    line = " ".join(map(str, arguments)) if isinstance(arguments, list) else str(arguments)
    name = _free_name(there, taken)
    return FoundWork(
        name=name,
        external=External(
            keeper=Keeper.PM2,
            name=there,
            pid_file=_text(about.get("pm_pid_path")),
            log_file=_text(about.get("pm_out_log_path")),
        ),
        gpus=tuple(_cards(about)),
        ports=tuple(sorted({int(port) for port in _PORT.findall(line)})),
        runs=f"{_text(about.get('pm_exec_path'))} {line}".strip(),
    )


def _free_name(there: str, taken: set[str]) -> str:
    """Return a name as solard allows it, and not yet taken."""
    base = re.sub(r"[^a-z0-9-]+", "-", there.lower()).strip("-") or "work"
    base = (base if base[0].isalpha() else f"w-{base}")[:_LONGEST_NAME].rstrip("-")
    name, number = base, 2
    while name in taken:
        tail = f"-{number}"
        name, number = base[: _LONGEST_NAME - len(tail)] + tail, number + 1
    taken.add(name)
    return name


def _cards(about: Mapping[str, Any]) -> Iterator[int]:
    environment = about.get("env")
    inner = environment if isinstance(environment, dict) else {}
    said = str(inner.get("CUDA_VISIBLE_DEVICES", about.get("CUDA_VISIBLE_DEVICES", "")))
    for word in said.split(","):
        if word.strip().isdecimal():
            yield int(word)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
