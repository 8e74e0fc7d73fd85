"""Programs of the SDKs, each in the environment that is kept for it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.kept_python import NotInstallable, python_with


def sdk_python(version: str) -> Path:
    """Return the Python of an environment that has bittensor at `version`; skip without one."""
    try:
        return python_with("bittensor", version)
    except NotInstallable as err:
        pytest.skip(str(err))


def sdk_command(python: Path, script: str, *arguments: str) -> list[str]:
    """Return how one of the scripts beside this file is run under an SDK."""
    return [str(python), str(Path(__file__).with_name(script)), *arguments]


def start_sdk(version: str, script: str, *arguments: str, home: Path) -> subprocess.Popen[str]:
    """Start one of the scripts beside this file under an SDK; it keeps its things in `home`."""
    return subprocess.Popen(
        sdk_command(sdk_python(version), script, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
