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
CARD_DROP_INS = {
    UNIT_DIRECTORY / "solard-gpu.service.d/solard-sysfs.conf": "solard-gpu.sysfs.conf",
    UNIT_DIRECTORY / "solard-miner@.service.d/solard-drm.conf": "solard-miner@.drm.conf",
    UNIT_DIRECTORY / "solard-miner@.service.d/solard-jetson.conf": "solard-miner@.jetson.conf",
}
"""What an install writes for AMD, Intel and Jetson, and which file of ours each one is."""
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
        File(SYSUSERS, read_text("solard.sysusers.conf")),
        File(TMPFILES, read_text("solard.tmpfiles.conf")),
        File(POLKIT, read_text("solard.polkit.rules")),
    )
    return (*(File(UNIT_DIRECTORY / name, unit_text(name, python)) for name in UNITS), *rules)


def sleep_files() -> tuple[File, ...]:
    """Return what lets solard put the host to sleep; off unless asked for."""
    return (
        File(SLEEP_UNIT, read_text("solard-sleep@.service")),
        File(SLEEP_RULE, read_text("solard-sleep.polkit.rules")),
    )


def unit_text(name: str, python: Path) -> str:
    """Return a unit that runs solard with `python`, whose path is escaped for systemd."""
    program = str(python).replace("%", "%%").replace("$", "$$").replace(" ", "\\x20")
    return read_text(name).replace("@PYTHON@", program)


def starter_config(root: Path) -> File:
    """Return a first configuration in observe mode, with this machine's time zone."""
    text = read_text("starter.yaml").replace("@TIMEZONE@", machine_timezone(root))
    return File(CONFIG, text)


def is_untouched(path: Path) -> bool:
    """Return whether a configuration is the first one, as `starter_config` laid it there."""
    before, _, after = read_text("starter.yaml").partition("@TIMEZONE@")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    zone = text.removeprefix(before).removesuffix(after)
    return text == f"{before}{zone}{after}" and "\n" not in zone


def read_text(name: str) -> str:
    """Return a file of ours as it is delivered."""
    return files("systemd").joinpath(name).read_text(encoding="utf-8")


def machine_timezone(root: Path) -> str:
    """Return the machine's zone, where /etc/localtime names one."""
    link = root / LOCALTIME
    parts = Path(link).readlink().parts if link.is_symlink() else ()
    if "zoneinfo" not in parts:
        return "UTC"
    return "/".join(parts[parts.index("zoneinfo") + 1 :])
