"""Commands as a person types them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

GOOD = """\
mode: observe
site: {name: home, latitude: 48.1, longitude: 11.6, timezone: Europe/Berlin, supply: grid}
devices:
  inverter: {profile: sunspec, host: 127.0.0.1, port: 1, unit: 1}
"""


def solard(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it must never show a traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "solard", *arguments],
        **{"cwd": ROOT, "stdin": subprocess.DEVNULL, "timeout": 60, **options},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
