"""The machine that is changed: files below its root, and commands on it; or only said to be."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import ClassVar

from solard.core.errors import SolardError
from solard.system.installer.files import File

COMMAND_S = 120.0
"""Real seconds; stopping drains workloads first."""


class NotPermitted(SolardError):
    """The machine may not be changed by this user."""

    exit_status: ClassVar[int] = 77


class NoSystemd(SolardError):
    """This machine is not run by systemd."""


class CommandFailed(SolardError):
    """A command of the system did not do what an installation needs."""


class Machine:
    """Writes, removes and runs below `root`; in a dry run it only says so."""

    def __init__(self, root: Path, *, dry: bool, say: Callable[[str], None]) -> None:
        self.root = root
        self._dry = dry
        self._say = say

    @property
    def is_dry(self) -> bool:
        """Return whether nothing is really done."""
        return self._dry

    @property
    def is_running(self) -> bool:
        """Return whether this is the machine we run on, and not an image of one."""
        return self.root == Path("/")

    def check(self, verb: str) -> None:
        """Raise NoSystemd or NotPermitted where `solard VERB` cannot work."""
        if shutil.which("systemctl") is None or (
            self.is_running and not Path("/run/systemd/system").is_dir()
        ):
            raise NoSystemd(
                f"this machine is not run by systemd, which `solard {verb}` is about; "
                "keep `solard run` and `solard gpu keeper` running by other means"
            )
        if self._dry or not self.is_running:
            return
        if os.geteuid() != 0:
            raise NotPermitted(f"`solard {verb}` changes the system; run it with sudo")

    def at(self, path: PurePosixPath) -> Path:
        """Return where a path of the machine lies for us."""
        return self.root / path

    def write(self, file: File) -> None:
        """Write a file where it differs, with mode 0644."""
        target = self.at(file.path)
        if target.is_file() and target.read_text(encoding="utf-8") == file.text:
            self.say(f"unchanged /{file.path}")
            return
        self.say(f"write     /{file.path}")
        if self._dry:
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f".{target.name}.new")
            fresh.write_text(file.text, encoding="utf-8")
            fresh.chmod(0o644)
            fresh.replace(target)
        except OSError as err:
            raise NotPermitted(
                f"cannot write {target}: {err.strerror}; run it with sudo, or choose another --root"
            ) from err

    def remove(self, path: PurePosixPath) -> None:
        """Remove a file, where there is one."""
        target = self.at(path)
        if not target.exists() and not target.is_symlink():
            return
        self.say(f"remove    /{path}")
        if self._dry:
            return
        try:
            target.unlink()
        except OSError as err:
            raise NotPermitted(f"cannot remove {target}: {err.strerror}; run it with sudo") from err

    def run(self, *command: str, may_fail: bool = False) -> bool:
        """Run a command of the system, say whether it went well; raise CommandFailed if it must."""
        self.say(f"run       {' '.join(command)}")
        if self._dry:
            return True
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=COMMAND_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            if may_fail:
                return False
            raise CommandFailed(f"{' '.join(command)}: {err}") from err
        if done.returncode and not may_fail:
            said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise CommandFailed(f"{' '.join(command)} failed: {said[-1]}")
        return done.returncode == 0

    def say(self, text: str) -> None:
        """Tell the person at the terminal."""
        self._say(text)
