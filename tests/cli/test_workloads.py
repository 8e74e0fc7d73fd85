"""`solard workload import` and `solard logs` on files, without a daemon."""

import json
import subprocess
import sys
from pathlib import Path

from hardware.work.logs import Follower, LogFiles, LogLine
from tests.cli.stage import ROOT, solard, write

JLIST = '[{"name": "sn8", "pid": 7, "pm2_env": {"pm_pid_path": "/p/sn8-0.pid", "args": []}}]'


def test_import_writes_yaml_of_what_a_file_says(tmp_path: Path) -> None:
    listed = write(tmp_path / "jlist.json", JLIST)

    shown = solard("workload", "import", "pm2", str(listed))
    kept = solard("workload", "import", "pm2", str(listed), "-o", str(tmp_path / "found.yaml"))

    assert shown.returncode == 0
    assert '      pm2: "sn8"\n      pid_file: "/p/sn8-0.pid"\n' in shown.stdout
    assert (tmp_path / "found.yaml").read_text() == shown.stdout
    assert "nothing was started or stopped" in kept.stdout


def test_import_of_something_else_is_a_sentence(tmp_path: Path) -> None:
    ran = solard("workload", "import", "pm2", str(write(tmp_path / "x", "hello")))

    assert ran.returncode == 1
    assert ran.stderr.startswith("solard: this is no list of pm2; give it what `pm2 jlist` prints")


def test_import_without_pm2_says_what_is_missing(tmp_path: Path) -> None:
    ran = solard("workload", "import", "pm2", env={"PATH": str(tmp_path)})

    assert ran.returncode == 1
    assert ran.stderr.startswith("solard: this user has no pm2 on the PATH; ask as the user")


def log_of(home: Path, *lines: str) -> Path:
    directory = home / "state" / "log"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "m.log"
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"2026-11-21T12:00:0{n}.000Z {line}\n" for n, line in enumerate(lines))
    return path


def test_logs_show_the_last_lines(tmp_path: Path) -> None:
    log_of(tmp_path, "one", "two", "three")

    text = solard("logs", "m", "-n", "2", "--dir", str(tmp_path))
    data = solard("logs", "m", "-n", "1", "--json", "--dir", str(tmp_path))

    assert text.stdout == "2026-11-21 12:00:01  two\n2026-11-21 12:00:02  three\n"
    assert json.loads(data.stdout) == {"at": "2026-11-21T12:00:02.000Z", "text": "three"}


def test_logs_of_nobody_name_where_they_were_looked_for(tmp_path: Path) -> None:
    ran = solard("logs", "x", "--dir", str(tmp_path))

    assert ran.returncode == 1
    assert f"solard: nothing is known of 'x' in {tmp_path}/state/log" in ran.stderr


def test_followed_log_goes_on(tmp_path: Path) -> None:
    log_of(tmp_path, "one")
    with subprocess.Popen(
        (sys.executable, "-m", "solard", "logs", "m", "-f", "--dir", str(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith("one\n")
        log_of(tmp_path, "two")
        assert following.stdout.readline().endswith("two\n")
        following.terminate()


def test_rotated_log_loses_no_line_for_who_follows(tmp_path: Path) -> None:
    path = tmp_path / "m.log"
    path.write_text("a\n")
    reader = Follower(path)
    with path.open("a") as file:
        file.write("b\nc")
    assert reader.more() == (LogLine("", "b"),)
    with path.open("a") as file:
        file.write("c\n")
    path.rename(tmp_path / "m.log.1")
    path.write_text("d\n")

    assert [line.text for line in reader.more()] == ["cc", "d"]
    assert [line.text for line in LogFiles(path).last(3)] == ["b", "cc", "d"]
