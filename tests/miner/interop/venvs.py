"""Virtual environments with the SDKs, built once and kept in a cache directory."""

import os
import subprocess
import venv
from pathlib import Path

import pytest

CACHE_VARIABLE = "SOLARD_INTEROP_CACHE"
INSTALL_TIMEOUT_S = 300
DONE = "installed"


def sdk_python(version: str) -> Path:
    """Return the Python of an environment that has bittensor at `version`; skip without one."""
    home, kept = _home(version), kept_python(version)
    if kept is not None:
        return kept
    python = home / "bin" / "python"
    try:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", f"bittensor=={version}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as err:
        said = getattr(err, "stderr", None) or str(err)
        pytest.skip(f"bittensor {version} cannot be installed here: {said.strip()[-200:]}")
    (home / DONE).touch()
    return python


def kept_python(version: str) -> Path | None:
    """Return the Python of an environment that is there already."""
    home = _home(version)
    return home / "bin" / "python" if (home / DONE).exists() else None


def sdk_command(python: Path, script: str, *arguments: str) -> list[str]:
    """Return how one of the scripts beside this file is run under an SDK."""
    return [str(python), str(Path(__file__).with_name(script)), *arguments]


def _home(version: str) -> Path:
    cache = os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "solard-interop"
    return Path(cache) / f"bittensor-{version}"


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
