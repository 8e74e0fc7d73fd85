"""Run the owner's command for each alert."""

import asyncio
import contextlib
import json
import os
import signal

from solard.core.errors import SolardError
from solard.core.view import Event

HOOK_S = 30.0
"""Real seconds that the command may take."""


class HookFailed(SolardError):
    """The owner's alert command did not end well."""


class AlertHook:
    """`hooks.alert`: gets the event as JSON on stdin and in the environment."""

    def __init__(self, command: tuple[str, ...], longest_s: float = HOOK_S) -> None:
        self._command = command
        self._longest_s = longest_s

    async def __call__(self, event: Event) -> None:
        """Run the command for one event; raise HookFailed with what it said."""
        if not self._command:
            return
        about = {
            "source": event.source,
            "level": event.level,
            "text": event.text,
            "at": event.happened_at.isoformat(),
        }
        env = {f"SOLARD_ALERT_{name.upper()}": value for name, value in about.items()}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **env},
                start_new_session=True,
            )
        except OSError as err:
            raise HookFailed(f"hooks.alert {self._command[0]} does not start: {err}") from err
        try:
            async with asyncio.timeout(self._longest_s):
                _, said = await process.communicate(json.dumps(about).encode())
        except TimeoutError as err:
            raise HookFailed(
                f"hooks.alert took longer than {self._longest_s:g} s and was ended"
            ) from err
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            last = said.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise HookFailed(f"hooks.alert ended with {process.returncode}: {last[0]}")
