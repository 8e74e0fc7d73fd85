"""Install: accounts, directories, units, a rule, a first configuration; nothing is started."""

from solard.system.installer.cards import card_files
from solard.system.installer.files import (
    CARD_DROP_INS,
    CONFIG,
    SERVICES,
    SYSUSERS,
    TMPFILES,
    owned_files,
    sleep_files,
    starter_config,
)
from solard.system.installer.interpreter import Interpreter, check_visible, owner_of_change
from solard.system.installer.machine import Machine


def install(machine: Machine, interpreter: Interpreter, *, sleep: bool = False) -> None:
    """Bring the machine to the state in which solard is its service; doing it again is harmless.

    `sleep` also lets solard put the host to sleep; it stays so until an uninstall.
    """
    machine.check("install")
    check_visible(interpreter)
    for file in owned_files(interpreter.program):
        machine.write(file)
    fitting = tuple(card_files(machine.root))
    for file in fitting:
        machine.write(file)
    for path in CARD_DROP_INS.keys() - {file.path for file in fitting}:
        machine.remove(path)
    for file in sleep_files():
        if sleep or machine.at(file.path).exists():
            machine.write(file)
    if machine.at(CONFIG).exists():
        machine.say(f"keep      /{CONFIG}")
    else:
        machine.write(starter_config(machine.root))
    if machine.is_running:
        machine.run("systemd-sysusers", f"/{SYSUSERS}")
        machine.run("systemd-tmpfiles", "--create", f"/{TMPFILES}")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "enable", *SERVICES)
    else:
        machine.run("systemctl", f"--root={machine.root}", "enable", *SERVICES)
    _warn(machine, interpreter)


def start(machine: Machine) -> None:
    """Start what is installed, or start it again on new units."""
    for service in SERVICES[::-1]:
        machine.run("systemctl", "restart", service)


def _warn(machine: Machine, interpreter: Interpreter) -> None:
    uid = owner_of_change(interpreter)
    if uid is not None:
        place = interpreter.program.parent.parent
        machine.say(
            f"note: user {uid} can change {place}, and so what runs as GPU keeper with "
            f"CAP_SYS_ADMIN; close it with: sudo chown -R root: {place}"
        )
