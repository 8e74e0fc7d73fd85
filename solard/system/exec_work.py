"""`python -m solard.system.exec_work NAME`: become the program of a workload's unit.

systemd hands the command over as a credential, which only this workload can read; without
systemd it is read from `run/work/NAME.json`.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from solard.core.errors import SolardError
from solard.system.places import places_from_environment

CREDENTIAL = "work.json"
CONFIG_INVALID = 78


class OrderInvalid(SolardError):
    """A workload's command file is missing or does not say a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a workload's unit is to run."""

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()


def order_path(name: str, environment: Mapping[str, str]) -> Path:
    """Return where the order of the workload `name` lies."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / CREDENTIAL).exists():
        return Path(credentials) / CREDENTIAL
    return places_from_environment().work / f"{name}.json"


def write_order(path: Path, order: Order) -> None:
    """Put an order where only the daemon and systemd can read it.

    The directory is shared with workloads: a file of ours is made under a name that nobody can
    know, and then takes the place of whatever had its name.
    """
    fresh = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    text = json.dumps({"command": list(order.command), "env": dict(order.env)})
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def read_order(path: Path) -> Order:
    """Return the order at `path`; raise OrderInvalid, which never shows what the file holds."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        command = tuple(str(part) for part in data["command"])
        env = tuple((str(name), str(value)) for name, value in data.get("env", {}).items())
    except OSError as err:
        raise OrderInvalid(f"{path}: {err.strerror}; workloads are started by solard") from err
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise OrderInvalid(f"{path} says no command; restart solard, which writes it") from err
    if not command:
        raise OrderInvalid(f"{path} has an empty command; check `command` in solard.yaml")
    return Order(command=command, env=env)


def main(arguments: list[str] | None = None) -> int:
    """Replace this process by the workload; return only where that fails."""
    names = sys.argv[1:] if arguments is None else arguments
    if len(names) != 1:
        sys.stderr.write("usage: solard-exec NAME\n")
        return 2
    try:
        order = read_order(order_path(names[0], os.environ))
    except SolardError as err:
        sys.stderr.write(f"solard-exec: {err}\n")
        return CONFIG_INVALID
    program, environment = order.command[0], {**os.environ, **dict(order.env)}
    try:
        os.execvpe(program, order.command, environment)
    except OSError as err:
        sys.stderr.write(
            f"solard-exec: {program} does not start: {err.strerror}; check `command` of workload "
            f"{names[0]!r}, and that its unit may see the file (docs/operate.md)\n"
        )
    return CONFIG_INVALID


if __name__ == "__main__":
    sys.exit(main())
