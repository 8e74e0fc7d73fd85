"""What a workload's unit runs: the command that the daemon wrote down."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from solard.system.exec_work import Order, OrderInvalid, read_order, write_order

SAYS = "import os, sys; print(sys.argv[1], os.environ['SUN'])"


def exec_work(name: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "solard.system.exec_work", name),
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_order_is_read_back_as_written(tmp_path: Path) -> None:
    order = Order(command=("/bin/run", "--fast"), env=(("A", "1"),))

    write_order(tmp_path / "x.json", order)

    assert read_order(tmp_path / "x.json") == order
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


def test_order_replaces_a_link_instead_of_following_it(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep", encoding="utf-8")
    (tmp_path / "x.json").symlink_to(precious)

    write_order(tmp_path / "x.json", Order(command=("/bin/true",)))

    assert precious.read_text(encoding="utf-8") == "keep"
    assert not (tmp_path / "x.json").is_symlink()


@pytest.mark.parametrize("text", ["", "[]", '{"command": 1}', '{"command": []}', '{"env": {}}'])
def test_broken_order_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(OrderInvalid, match=str(path)):
        read_order(path)


def test_program_gets_its_arguments_and_environment(tmp_path: Path) -> None:
    work = tmp_path / "run/work"
    work.mkdir(parents=True)
    order = Order(command=(sys.executable, "-c", SAYS, "noon"), env=(("SUN", "high"),))
    write_order(work / "x.json", order)

    done = exec_work("x", SOLARD_HOME=str(tmp_path))

    assert done.stdout == "noon high\n"


def test_credential_of_systemd_comes_first(tmp_path: Path) -> None:
    order = {"command": [sys.executable, "-c", SAYS, "noon"], "env": {"SUN": "hidden"}}
    (tmp_path / "work.json").write_text(json.dumps(order), encoding="utf-8")

    done = exec_work("x", CREDENTIALS_DIRECTORY=str(tmp_path), SOLARD_HOME=str(tmp_path))

    assert done.stdout == "noon hidden\n"


def test_missing_program_is_named(tmp_path: Path) -> None:
    work = tmp_path / "run/work"
    work.mkdir(parents=True)
    write_order(work / "x.json", Order(command=("/no/such/run.sh",)))

    done = exec_work("x", SOLARD_HOME=str(tmp_path))

    assert done.returncode == 78
    assert "/no/such/run.sh does not start" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_order_is_a_sentence(tmp_path: Path) -> None:
    done = exec_work("x", SOLARD_HOME=str(tmp_path))

    assert done.returncode == 78
    assert "workloads are started by solard" in done.stderr
