"""The files that an installation consists of, filled in for one Python."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

UNIT_DIRECTORY = PurePosixPath("etc/systemd/system")
CONFIG = PurePosixPath("etc/solard/solard.yaml")
LOCALTIME = PurePosixPath("etc/localtime")

UNITS = (
    "solard.service",
    "solard-gpu.service",
    "solard-miner@.service",
    "solard-failsafe.service",
    "solard.slice",
    "solard-miners.slice",
)
SERVICES = ("solard.service", "solard-gpu.service")
"""What is enabled; the keeper starts first."""

WORK_DROP_INS = "solard-miner@*.service.d/solard.conf"
"""What an install writes for users, directories and caps of workloads."""
SYSUSERS = PurePosixPath("etc/sysusers.d/solard.conf")
TMPFILES = PurePosixPath("etc/tmpfiles.d/solard.conf")
POLKIT = PurePosixPath("etc/polkit-1/rules.d/50-solard.rules")


SLEEP_UNIT = UNIT_DIRECTORY / "solard-sleep@.service"
SLEEP_RULE = PurePosixPath("etc/polkit-1/rules.d/51-solard-sleep.rules")
"""Only where the owner wants the host to sleep."""


@dataclass(frozen=True, slots=True)
class File:
    """A text and where it goes, from the root of the machine."""

    path: PurePosixPath
    text: str


def owned_files(python: Path) -> tuple[File, ...]:
    """Return the files that are ours alone: written anew by each install, removed by uninstall."""
    rules = (
        File(SYSUSERS, _read("solard.sysusers.conf")),
        File(TMPFILES, _read("solard.tmpfiles.conf")),
        File(POLKIT, _read("solard.polkit.rules")),
    )
    return (*(File(UNIT_DIRECTORY / name, unit_text(name, python)) for name in UNITS), *rules)


def sleep_files() -> tuple[File, ...]:
    """Return what lets solard put the host to sleep; off unless asked for."""
    return (
        File(SLEEP_UNIT, _read("solard-sleep@.service")),
        File(SLEEP_RULE, _read("solard-sleep.polkit.rules")),
    )


def unit_text(name: str, python: Path) -> str:
    """Return a unit that runs solard with `python`, whose path is escaped for systemd."""
    program = str(python).replace("%", "%%").replace("$", "$$").replace(" ", "\\x20")
    return _read(name).replace("@PYTHON@", program)


def starter_config(root: Path) -> File:
    """Return a first configuration in observe mode, with this machine's time zone."""
    return File(CONFIG, _read("starter.yaml").replace("@TIMEZONE@", _timezone(root)))


def _read(name: str) -> str:
    return files("systemd").joinpath(name).read_text(encoding="utf-8")


def _timezone(root: Path) -> str:
    """Return the machine's zone, where /etc/localtime names one."""
    link = root / LOCALTIME
    parts = Path(link).readlink().parts if link.is_symlink() else ()
    if "zoneinfo" not in parts:
        return "UTC"
    return "/".join(parts[parts.index("zoneinfo") + 1 :])
