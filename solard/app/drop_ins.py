"""User, directory and caps of workloads, as drop-ins of their units: written, and compared."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hardware.work.systemd import DROP_IN, drop_in, unit_of
from solard.app.workloads import other_spec
from solard.config.load import Settings
from solard.system.installer.files import UNIT_DIRECTORY, WORK_DROP_INS, File
from solard.system.installer.machine import Machine


def wanted_drop_ins(settings: Settings) -> tuple[File, ...]:
    """Return the drop-in of each workload whose unit has to say more than the template."""
    found = []
    for section in settings.workloads:
        if section.bundled is None and section.external is None:
            text = drop_in(other_spec(section))
            path = UNIT_DIRECTORY / f"{unit_of(section.name)}.d" / DROP_IN
            found += [File(path, text)] if text else []
    return tuple(found)


def write_drop_ins(machine: Machine, settings: Settings) -> None:
    """Write them, and remove those of workloads that no longer want one."""
    wanted = wanted_drop_ins(settings)
    paths = {file.path for file in wanted}
    stale = [path for path in _present(machine.root) if path not in paths]
    for path in stale:
        machine.remove(path)
    for file in wanted:
        machine.write(file)
    if machine.is_running and (wanted or stale):
        machine.run("systemctl", "daemon-reload")


def differences(settings: Settings, root: Path) -> Iterator[str]:
    """Say for which workloads the machine's units are not what the file says."""
    wanted = {file.path: file.text for file in wanted_drop_ins(settings)}
    for path in sorted({*wanted, *_present(root)}):
        target = root / path
        have = target.read_text(encoding="utf-8") if target.is_file() else ""
        if have != wanted.get(path, ""):
            unit = path.parent.name.removesuffix(".d")
            yield f"{unit}: user, directory or caps differ from the file; sudo solard install"


def _present(root: Path) -> Iterator[PurePosixPath]:
    for target in sorted((root / UNIT_DIRECTORY).glob(WORK_DROP_INS)):
        yield UNIT_DIRECTORY / target.parent.name / target.name
