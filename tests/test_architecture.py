"""The house's own laws, held by the machine."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

import solard.core
from solard.core.errors import SolardError

ROOT = Path(__file__).parents[1]
ROOMS = ("solard", "hardware", "scheduler", "miner", "tui")

UNIT = re.compile(
    r"_(w|wh|kwh|j|s|h|ms|c|v|a|hz|m2|deg|wp|mb|minute|per_h|per_k?wh|per_w|soc|w_m2|w_per_s|c_per_s)$"
)
WITHOUT_UNIT = {
    *("soc", "soc_min", "efficiency", "psu_efficiency", "utilization", "work_share"),
    *("charge_efficiency", "discharge_efficiency"),
    *("incentive", "dividends", "vtrust", "low", "high"),
    *("clear", "usual", "losses", "covered_share", "house_spread_share", "vat_share", "rig_share"),
    *("work_rate", "rate", "work", "gain", "per_work", "total"),
    *("cost", "lost_feed_in", "gap", "start_cost", "value"),
    *("above", "below", "between", "speed", "cpu_cores", "cpu_share"),
}
"""Ratios; work in the workload's own unit; money in the tariff's currency; a condition's numbers,
whose unit follows from its quantity."""


def modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(found.name)


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_imports_obey_the_law() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    assert program.exists(), f"{program} is missing; pip install -e .[dev]"

    ran = subprocess.run(
        [str(program), "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 broken" in ran.stdout


def test_every_error_of_ours_derives_from_one_root() -> None:
    """Exceptions for the inside of one file start with `_`."""
    ours = {"SolardError"}
    classes = {
        node.name: (path, {ast.unparse(base).rpartition(".")[2] for base in node.bases})
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    while more := {name for name, (_, bases) in classes.items() if bases & ours} - ours:
        ours |= more
    errors = {"Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "OSError"}
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for name, (path, bases) in classes.items()
        if bases & errors and name not in ours and not name.startswith("_")
    }

    assert len(ours) > 30
    assert strangers == set()


def test_every_error_has_a_sensible_exit_status() -> None:
    for _ in modules("solard.core"):
        pass
    waiting, seen = [SolardError], set()
    while waiting:
        kind = waiting.pop()
        seen.add(kind)
        waiting += kind.__subclasses__()

    assert {kind.exit_status for kind in seen} <= {1, 75, 77, 78}
    assert all(kind.__doc__ for kind in seen)


def core_values() -> Iterator[type]:
    seen = set()
    for module in modules("solard.core"):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if (
                is_dataclass(kind)
                and kind.__module__.startswith("solard.core")
                and kind not in seen
            ):
                seen.add(kind)
                yield kind


def test_every_number_of_the_core_says_its_unit() -> None:
    bare = set()
    for kind in core_values():
        hints = get_type_hints(kind)
        for one in fields(kind):
            hint = str(hints[one.name])
            is_number = hints[one.name] is float or hint in {"float | None", "tuple[float, ...]"}
            name = one.name.removeprefix("_")
            if is_number and name not in WITHOUT_UNIT and not UNIT.search(f"_{name}"):
                bare.add(f"{kind.__name__}.{one.name}")

    assert bare == set(), "name the unit, or list the ratio in WITHOUT_UNIT"


def test_every_value_of_the_core_is_frozen() -> None:
    loose = {
        kind.__name__
        for kind in core_values()
        if not kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        or "__slots__" not in vars(kind)
    }

    assert loose == set()


def test_core_loads_nothing_but_the_standard_library() -> None:
    assert solard.core.__file__ is not None
    ran = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import pkgutil, importlib, sys, solard.core\n"
            "for one in pkgutil.walk_packages(solard.core.__path__, 'solard.core.'):\n"
            "    importlib.import_module(one.name)\n"
            "print(*sorted({name.partition('.')[0] for name in sys.modules}))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name for name in ran.stdout.split() if not name.startswith(("_", "__editable__"))}

    assert loaded - sys.stdlib_module_names - {"solard", "cython_runtime"} <= startup_modules()


def startup_modules() -> set[str]:
    """Return what the interpreter loads by itself: path hooks of the installation."""
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; print(*{n.partition('.')[0] for n in sys.modules})"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


@pytest.mark.parametrize("room", ROOMS)
def test_import_of_a_room_starts_nothing(room: str) -> None:
    """No thread, no child, no output: side effects belong into functions."""
    code = (
        f"import threading, {room}, os\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert not open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read().strip()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_files_start_with_what_they_are() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_names_no_host_and_hashes_everything(name: str) -> None:
    path = ROOT / name
    assert path.exists(), "make lock writes it"
    text = path.read_text(encoding="utf-8")

    assert "://" not in text
    assert "--index-url" not in text
    pins = re.findall(r"^[a-zA-Z0-9_.\-\[\]]+==", text, re.M)
    assert len(pins) > 20
    assert text.count("--hash=sha256:") >= len(pins)
    assert "==" in pins[0]


def test_only_the_roots_read_the_environment_s_clock() -> None:
    """Wall time has one reader; everything else is told (DESIGN §2)."""
    readers = {
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"datetime\.(now|utcnow|today)\(", path.read_text(encoding="utf-8"))
    }

    assert readers <= {"solard/system/clock.py"}
