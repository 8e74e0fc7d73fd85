"""The owner's alert command: a real one, a failing one, a slow one."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from solard.app.hook import AlertHook, HookFailed
from solard.core.view import Event
from tests.daemon.stage import NOON, until

ALERT = Event(
    happened_at=NOON, source="inverter", level="alert", text='no answer; say "grün" $(reboot)'
)


def script(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_command_hears_the_alert_on_stdin_and_in_its_environment(tmp_path: Path) -> None:
    code = (
        "import json, os, sys; from pathlib import Path;"
        "names = ('SOURCE', 'LEVEL', 'TEXT', 'AT');"
        "seen = [json.load(sys.stdin), {n: os.environ['SOLARD_ALERT_' + n] for n in names}];"
        f"Path({str(tmp_path / 'seen')!r}).write_text(json.dumps(seen))"
    )

    await AlertHook(script(code))(ALERT)

    on_stdin, in_environment = json.loads((tmp_path / "seen").read_text())
    assert on_stdin == {
        "source": "inverter",
        "level": "alert",
        "text": 'no answer; say "grün" $(reboot)',
        "at": "2024-05-28T10:00:00+00:00",
    }
    assert in_environment == {
        "SOURCE": "inverter",
        "LEVEL": "alert",
        "TEXT": 'no answer; say "grün" $(reboot)',
        "AT": "2024-05-28T10:00:00+00:00",
    }


async def test_no_command_does_nothing() -> None:
    await AlertHook(())(ALERT)


async def test_failing_command_says_its_last_line() -> None:
    code = "import sys; print('trying', file=sys.stderr); sys.exit('no route to host')"

    with pytest.raises(HookFailed, match=r"^hooks.alert ended with 1: no route to host$"):
        await AlertHook(script(code))(ALERT)


async def test_command_that_reads_nothing_is_fine() -> None:
    await AlertHook(("true",))(ALERT)


async def test_missing_command_is_a_sentence() -> None:
    with pytest.raises(
        HookFailed, match=r"hooks.alert /nowhere/sms does not start: .*No such file"
    ):
        await AlertHook(("/nowhere/sms",))(ALERT)


async def test_slow_command_is_ended_with_what_it_started(tmp_path: Path) -> None:
    command = ("sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; wait")

    with pytest.raises(HookFailed, match=r"took longer than 0.5 s and was ended"):
        await AlertHook(command, longest_s=0.5)(ALERT)

    await until(lambda: is_over(int((tmp_path / "pid").read_text())))


async def test_command_does_not_outlive_the_daemon(tmp_path: Path) -> None:
    command = ("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    task = asyncio.create_task(AlertHook(command)(ALERT))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert is_over(int((tmp_path / "pid").read_text()))


def is_over(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
