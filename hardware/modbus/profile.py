"""Load a device profile: data in hardware/profiles, one YAML file for each family."""

from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from hardware.modbus.description import Profile
from hardware.modbus.fields import ProfileInvalid
from hardware.modbus.parse import parse_profile
from solard.config.reader import read_yaml

__all__ = [
    "Profile",
    "ProfileInvalid",
    "find_profile",
    "load_profile",
    "profile_names",
    "read_profile",
]


def profile_names() -> tuple[str, ...]:
    """Return the names of all profiles that ship."""
    found = files("hardware.profiles").iterdir()
    return tuple(
        sorted(one.name.removesuffix(".yaml") for one in found if one.name.endswith(".yaml"))
    )


@lru_cache(maxsize=32)
def load_profile(name: str) -> Profile:
    """Return a shipped profile (`victron-gx` and `victron_gx` are the same); raise SolardError."""
    wanted = name.replace("_", "-")
    known = {one.replace("_", "-"): one for one in profile_names()}
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        hint = f"did you mean {near[0]}? There are" if near else "there is none; there are"
        raise ProfileInvalid(f"profile {name!r}: {hint} {', '.join(known)}")
    file = f"{known[wanted]}.yaml"
    text = (files("hardware.profiles") / file).read_text(encoding="utf-8")
    return read_profile(text, file)


def find_profile(name: str) -> Profile:
    """Return a shipped profile, or the one in a YAML file of that name; raise SolardError."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as err:
            raise ProfileInvalid(f"profile {name}: {err.strerror or err}") from err
        return read_profile(text, path.name)
    return load_profile(name)


def read_profile(text: str, source: str) -> Profile:
    """Return the profile that a YAML text describes; raise SolardError. `source` names the file."""
    return parse_profile(read_yaml(text, source), source)
