"""A small JSON file that a kill leaves whole: a neuron's memory over restarts."""

import json
import os
from pathlib import Path
from typing import Any


def read_kept(path: Path) -> dict[str, Any]:
    """Return what was kept; an empty dict where nothing is, or nothing readable."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def keep(path: Path, data: dict[str, Any]) -> None:
    """Replace the file by `data`, on the disk before this returns."""
    draft = path.with_suffix(".new")
    with draft.open("w") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
