"""What CI installs for its strangers, and what it says where it cannot."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_everything_that_cannot_be_had_is_named_and_nothing_fails(tmp_path: Path) -> None:
    tools, place = tmp_path / "bin", tmp_path / "repo" / ".ci"
    tools.mkdir()
    place.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "witnesses", place / "witnesses")
    for name in ("dirname", "id"):
        (tools / name).symlink_to(shutil.which(name) or name)

    ran = subprocess.run(
        ["/bin/sh", place / "witnesses"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0
    named = [line.split(" is not installed")[0] for line in ran.stdout.splitlines()]
    assert named == ["mbpoll", "socat", "libmodbus", "a C compiler", "modbus-serial"]
    assert ran.stdout.count("its tests skip") == 5
