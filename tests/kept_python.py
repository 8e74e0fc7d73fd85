"""Virtual environments with other people's programs, built once and kept in a cache directory."""

import os
import subprocess
import venv
from pathlib import Path

CACHE_VARIABLE = "SOLARD_INTEROP_CACHE"
INSTALL_TIMEOUT_S = 600
DONE = "installed"


class NotInstallable(Exception):
    """The program cannot be had here; the message says why."""


def python_with(package: str, version: str) -> Path:
    """Return the Python of an environment that has a package; build it first where it is not."""
    home = _home(package, version)
    python = home / "bin" / "python"
    if (home / DONE).exists():
        return python
    install = [python, "-m", "pip", "install", "--quiet", f"{package}=={version}"]
    try:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            install, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as err:
        said = getattr(err, "stderr", None) or str(err)
        raise NotInstallable(
            f"{package} {version} cannot be installed here: {str(said).strip()[-200:]}"
        ) from err
    (home / DONE).touch()
    return python


def _home(package: str, version: str) -> Path:
    cache = os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "solard-interop"
    return Path(cache) / f"{package}-{version}"
