"""What a plant keeps on disk, so that a killed one goes on where it was."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from solard.core.codec import Codec
from solard.core.errors import SolardError
from solard.core.plant import PlantSpec, PlantState

_CODEC = Codec()


class MemoryInvalid(SolardError):
    """A state file cannot be written or read as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantMemory:
    """A plant at one moment of the site's clock."""

    profile: str
    day: str
    left_at: datetime
    spec: PlantSpec
    state: PlantState
    alarm: bool


def read_memory(path: Path) -> PlantMemory | None:
    """Return what `path` keeps, or None where there is no such file; raise MemoryInvalid."""
    try:
        memory = _CODEC.loads(PlantMemory, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, SolardError) as err:
        raise MemoryInvalid(f"{path} is not a plant's state: {err}; remove it") from err
    if not isinstance(memory, PlantMemory):  # for the type checker; loads returned one
        raise TypeError(type(memory).__name__)
    return memory


def write_memory(path: Path, memory: PlantMemory) -> None:
    """Replace `path` whole, so that a power cut leaves the old or the new; raise MemoryInvalid."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(_CODEC.dumps(memory))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as err:
        raise MemoryInvalid(f"cannot write {path}: {err.strerror or err}") from err
