"""What exists is documented, and what the documents name exists."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from hardware.modbus.lint import lint_profile
from hardware.modbus.profile import read_profile
from hardware.modbus.replay import run_embedded_test
from hardware.sim.measured import DAY_NAMES
from solard.api.routes import ROUTES, Route
from solard.cli.root import solard
from solard.config.load import read_settings
from solard.core.inputs import Rule
from solard.core.readings import CONTROL, Quality
from solard.core.rules.registry import RULE_KINDS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
TOPS = ("solard", "hardware", "scheduler", "miner", "tui", "systemd", "tests", "docs", "examples")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(r"python3? -m ([a-z_.]+)")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^(?:sudo )?solard ([a-z]+)(?: ([a-z][a-z-]*))?")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_every_command_is_documented() -> None:
    text = _all_text()

    missing = [name for name, _ in _commands(solard, "solard") if name not in text]
    assert missing == []


@pages
def test_no_command_is_named_that_does_not_exist(page: Path) -> None:
    known = dict(_commands(solard, "solard"))

    unknown = [
        line
        for line in _code_lines(_text(page))
        if COMMAND.match(line) and not _is_known(line, known)
    ]
    assert unknown == []


@pages
def test_no_option_is_named_that_does_not_exist(page: Path) -> None:
    unknown = []
    for line in _code_lines(_text(page)):
        words = line.partition(" #")[0].partition(" -- ")[0].removeprefix("sudo ").split()
        command: click.Command = solard
        for word in words[1:] if words[:1] == ["solard"] else ():
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
            elif re.match(r"--?[a-z]", word):
                named = word.partition("=")[0].strip("[]")
                known = {one for each in command.params for one in each.opts}
                unknown += [] if named in known | {"--help", "-h"} else [line]

    assert unknown == []


@pytest.mark.parametrize("kind", RULE_KINDS, ids=lambda kind: kind.__name__)
def test_every_rule_is_in_the_glossary(kind: type[Rule]) -> None:
    assert f"| `{kind.__name__}` |" in _text(DOCS / "glossary.md")


def test_rules_stand_in_the_glossary_in_their_order() -> None:
    rows = re.findall(r"\| `(\w+)` \|$", _text(DOCS / "glossary.md"), re.MULTILINE)
    names = [kind.__name__ for kind in RULE_KINDS]

    assert [row for row in rows if row in names] == names


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_documented(route: Route) -> None:
    (line,) = [
        line
        for line in _text(DOCS / "api.md").splitlines()
        if line.startswith(f"| `{route.method} {route.path}` |")
    ]

    assert [one.name for one in (*route.query, *route.body) if f"`{one.name}`" not in line] == []


def test_no_route_is_documented_that_is_gone() -> None:
    named = set(re.findall(r"^\| `((?:GET|POST) [^`]+)`", _text(DOCS / "api.md"), re.MULTILINE))

    assert named == {f"{route.method} {route.path}" for route in ROUTES}


def test_points_that_decisions_rest_on_stand_out_in_the_glossary() -> None:
    bold = set(re.findall(r"\*\*`(\w+)`\*\*", _text(DOCS / "glossary.md")))

    assert bold == CONTROL


@pytest.mark.parametrize("page", ["glossary.md", "devices.md"])
def test_every_quality_is_explained(page: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", _text(DOCS / page), re.MULTILINE)

    assert [quality for quality in Quality if quality.value not in rows] == []


def test_every_measured_day_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \d{4}-", _text(DOCS / "simulate.md"), re.MULTILINE)

    assert tuple(rows) == DAY_NAMES


async def test_profile_in_the_docs_is_sound_and_reads_its_own_recording() -> None:
    (block,) = [
        block
        for block in re.findall(r"```yaml\n(.*?)```", _text(DOCS / "devices.md"), re.DOTALL)
        if block.startswith("profile:")
    ]
    profile = read_profile(block, "devices.md")

    assert lint_profile(profile) == ()
    assert [await run_embedded_test(profile, one) for one in profile.tests] == [()]


@pages
def test_yaml_for_the_configuration_is_taken_by_its_reader(page: Path) -> None:
    """Each block stands in for the same sections of the home with a tariff."""
    home = YAML().load(_text(ROOT / "examples" / "tariff-home.yaml"))
    for block in re.findall(r"```yaml\n(.*?)```", _text(page), re.DOTALL):
        if block.startswith(("profile:", "meters:")):
            continue  # a device profile; evcc's own file
        found = YAML().load(block)
        if isinstance(found, dict) and "when" in found:
            found = {"policies": [{"name": "one", "do": {"rig": "standby"}} | found]}
        found = {"policies": found} if isinstance(found, list) else found
        devices = home["devices"] | found.get("devices", {})
        whole = found if "site" in found else home | found | {"devices": devices}
        text = StringIO()
        YAML().dump(dict(whole), text)

        assert read_settings(text.getvalue(), page.name)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(_text(page)):
        if re.match(r"[a-z]+://", target):
            continue
        path, _, anchor = target.partition("#")
        goal = page.parent / path if path else page
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            broken.append(target)
    assert broken == []


@pages
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    text = _text(page)
    paths = [
        name
        for name in CODE.findall(text)
        if re.fullmatch(rf"(?:{'|'.join(TOPS)})/[\w./@-]*", name) and not (ROOT / name).exists()
    ]
    modules = [name for name in MODULE.findall(text) if _is_ours(name) and not find_spec(name)]

    assert (paths, modules) == ([], [])


def test_names_in_the_glossary_are_in_the_file_that_it_says() -> None:
    rows = re.findall(r"`([\w.]+)` in `([\w/]+\.py)`", _text(DOCS / "glossary.md"))

    assert rows
    assert [
        (name, path)
        for name, path in rows
        if not all(word in _text(ROOT / path) for word in name.split("."))
    ] == []


def test_index_names_every_page() -> None:
    linked = set(LINK.findall(_text(DOCS / "README.md")))

    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= linked


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    if name != "solard":
        yield name, command
    for child in command.commands.values():
        yield from _commands(child, f"{name} {child.name}")


def _is_known(line: str, commands: dict[str, click.Command]) -> bool:
    found = COMMAND.match(line)
    assert found is not None
    first = commands.get(f"solard {found[1]}")
    if isinstance(first, click.Group):
        return found[2] in first.commands
    return first is not None


def _code_lines(text: str) -> list[str]:
    """Return what stands as code: lines of blocks, and words between backticks outside them."""
    blocks = [body for language, body in FENCE.findall(text) if language in {"", "sh"}]
    prose = [line for line in FENCE.sub("", text).splitlines() if "Not built yet" not in line]
    return "\n".join(blocks).splitlines() + CODE.findall("\n".join(prose))


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in TOPS


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _all_text() -> str:
    return "\n".join(_text(page) for page in PAGES)
