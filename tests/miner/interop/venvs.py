"""Virtual environments with the SDKs, built once and kept in a cache directory."""

import os
import subprocess
import venv
from pathlib import Path

import pytest

CACHE_VARIABLE = "SOLARD_INTEROP_CACHE"
INSTALL_TIMEOUT_S = 300


def sdk_python(version: str) -> Path:
    """Return the Python of an environment that has bittensor at `version`; skip without one."""
    cache = os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "solard-interop"
    home = Path(cache) / f"bittensor-{version}"
    python = home / "bin" / "python"
    done = home / "installed"
    if done.exists():
        return python
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
    done.touch()
    return python


def start_sdk(version: str, script: str, *arguments: str, home: Path) -> subprocess.Popen[str]:
    """Start one of the scripts beside this file under an SDK; it keeps its things in `home`."""
    return subprocess.Popen(
        [sdk_python(version), str(Path(__file__).with_name(script)), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
