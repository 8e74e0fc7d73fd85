"""Every command explains itself, and none loads what it does not need."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from solard.cli.root import solard as root
from tests.cli.stage import ROOT, solard

HEAVY = (
    *("pvlib", "highspy", "textual", "pymodbus", "sqlalchemy", "bittensor", "bittensor_core"),
    *("apscheduler", "pandas", "numpy", "ruamel", "psutil", "pynvml"),
)
WATCHED = """
import json, sys
sys.argv = ["solard", *sys.argv[1:]]
from solard.cli.root import main
try:
    main()
except SystemExit as ended:
    status = ended.code
else:
    status = 0
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([status, loaded]), file=sys.stderr)
"""


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))


@pytest.mark.parametrize("path", sorted(leaves(root)), ids=" ".join)
def test_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(root, [*path, "--help"], prog_name="solard")

    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Usage: solard")
    about = shown.output.split("\n\n")[1].strip()
    assert about[0].isupper()
    assert about.endswith((".", "screens."))


def test_help_names_every_command_of_the_house() -> None:
    shown = CliRunner().invoke(root, ["-h"]).output

    for name in (
        *("demo", "check", "live", "observe", "pause", "run", "resume", "status", "plan"),
        *("forecast", "policy", "replay", "gpu", "modbus", "earnings", "events", "reload"),
        *("install", "uninstall"),
    ):
        assert f"\n  {name} " in shown


def test_version_is_said() -> None:
    said = solard("--version")

    assert said.returncode == 0
    assert said.stdout.startswith("solard, version ")


def test_every_option_says_what_it_does() -> None:
    silent = []
    for path in leaves(root):
        command: click.Command = root
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
        options = [each for each in command.params if isinstance(each, click.Option)]
        silent += [(*path, each.opts[0]) for each in options if not each.help]

    assert silent == []


@pytest.mark.parametrize("command", ["status", "plan", "forecast", "earnings", "events", "live"])
def test_question_to_the_daemon_loads_nothing_heavy(command: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WATCHED, command, "--dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    *said, last = ran.stderr.splitlines()
    status, loaded = json.loads(last)
    assert status == 1
    assert "solard is not running here" in said[0]
    assert not set(HEAVY) & set(loaded)


def test_import_of_the_command_line_is_light() -> None:
    code = "import sys, solard.cli.root; print(*{n.partition('.')[0] for n in sys.modules})"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {*HEAVY, "aiohttp"} & set(ran.stdout.split())
