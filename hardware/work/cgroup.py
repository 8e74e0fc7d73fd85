"""Control groups of workloads: none escapes, all freeze and end at once, none takes too much.

Version 2 freezes and kills. Caps come from version 2 as well, or on machines that run both from
the version 1 hierarchy of each controller (cgroups(7)).
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from solard.core.work import WorkCaps, WorkUse
from solard.system.processes import descendants, signal_all

SETTLE_S = 1.0
"""Real seconds that freezing, or the last exit of a killed group, may take."""
CHECK_EVERY_S = 0.002
CONTROLLERS = ("memory", "pids", "cpu")
CPU_PERIOD_US = 100_000
LOW_WEIGHT, LOW_SHARES = 20, 256
"""Of 100 and 1024, the kernel's usual: minding the rig comes before working on it."""
HOW_TO_GET_ONE = (
    "run solard under systemd (`sudo solard install`), or as "
    "`systemd-run --user --scope -p Delegate=yes solard run`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One workload's directories: the first is of version 2, the others cap it."""

    paths: tuple[Path, ...]

    @property
    def exists(self) -> bool:
        """Return whether the kernel still has it."""
        return self.paths[0].is_dir()

    def pids(self) -> tuple[int, ...]:
        """Return the processes in it."""
        text = _read(self.paths[0] / "cgroup.procs")
        return tuple(int(pid) for pid in text.split())

    def freeze(self) -> None:
        """Stop every process where it stands, and wait until the kernel says so."""
        _write(self.paths[0] / "cgroup.freeze", "1")
        _wait(lambda: "frozen 1" in _read(self.paths[0] / "cgroup.events"))

    def thaw(self) -> None:
        """Let them go on."""
        _write(self.paths[0] / "cgroup.freeze", "0")

    def kill(self) -> bool:
        """End every process, frozen ones too; return whether none is left."""
        kill = self.paths[0] / "cgroup.kill"
        if kill.exists():
            _write(kill, "1")
            return _wait(self._is_empty)
        # Kernels before 5.14 have no such file. Frozen processes cannot fork away.
        self.freeze()
        signal_all(self.pids(), signal.SIGKILL)
        self.thaw()
        return _wait(self._is_empty)

    def use(self) -> WorkUse:
        """Return what it takes now."""
        pids = len(self.pids())
        memory = self._number("memory.current", "memory.usage_in_bytes")
        usage = _keyed(_read(self.paths[0] / "cpu.stat")).get("usage_usec")
        return WorkUse(
            processes=pids,
            memory_bytes=memory,
            cpu_s=None if usage is None else usage / 1e6,
            frozen="frozen 1" in _read(self.paths[0] / "cgroup.events"),
            out_of_memory=self._oom_kills(),
        )

    def remove(self) -> None:
        """Give the directories back; those that still hold processes stay."""
        for path in reversed(self.paths):
            with contextlib.suppress(OSError):
                path.rmdir()

    def _is_empty(self) -> bool:
        return not self.pids()

    def _number(self, *names: str) -> int | None:
        texts = (_read(path / name) for path in self.paths for name in names)
        return next((int(text) for text in texts if text.strip().isdecimal()), None)

    def _oom_kills(self) -> int:
        counts = (
            _keyed(_read(path / name)).get("oom_kill")
            for path in self.paths
            for name in ("memory.events", "memory.oom_control")
        )
        return next((count for count in counts if count is not None), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroups:
    """Where this process may make groups: `base` of version 2, `caps` by controller."""

    base: Path
    caps: Mapping[str, Path]
    """Where a version 1 hierarchy has the controller, or `base` itself."""

    def make(self, family: str, name: str, wanted: WorkCaps) -> Group:
        """Make the group of one workload; raise OSError where the kernel refuses."""
        parents = [self.base / family]
        parents += [path / family for path in self.caps.values() if path != self.base]
        for parent in parents:
            parent.mkdir(exist_ok=True)
        if self.base in self.caps.values():
            _enable(parents[0], self._own_controllers())
        group = Group(paths=tuple(parent / name for parent in parents))
        for path in group.paths:
            path.mkdir(exist_ok=True)
        for file, value in self._settings(group, wanted):
            _write(file, value)
        return group

    def missing(self, wanted: WorkCaps) -> tuple[str, ...]:
        """Return the caps that are asked for and cannot be had here."""
        asked = (wanted.memory_bytes, wanted.tasks, wanted.cpu_cores)
        needs = zip(CONTROLLERS, asked, strict=True)
        return tuple(name for name, cap in needs if cap is not None and name not in self.caps)

    def _own_controllers(self) -> tuple[str, ...]:
        return tuple(name for name, path in self.caps.items() if path == self.base)

    def _settings(self, group: Group, wanted: WorkCaps) -> Iterator[tuple[Path, str]]:
        directories = {path.parents[1]: path for path in group.paths}
        places = {name: directories[parent] for name, parent in self.caps.items()}
        memory, pids, cpu = (places.get(name) for name in CONTROLLERS)
        if memory is not None and wanted.memory_bytes is not None:
            is_first = (memory / "memory.limit_in_bytes").exists()
            most = memory / ("memory.limit_in_bytes" if is_first else "memory.max")
            yield most, str(wanted.memory_bytes)
            swap = memory / "memory.swap.max"
            if swap.exists():
                yield swap, "0"
        if pids is not None and wanted.tasks is not None:
            yield pids / "pids.max", str(wanted.tasks)
        if cpu is not None:
            is_second = (cpu / "cpu.weight").exists()
            share = ("cpu.weight", LOW_WEIGHT) if is_second else ("cpu.shares", LOW_SHARES)
            yield cpu / share[0], str(share[1])
        if cpu is not None and wanted.cpu_cores is not None:
            quota = round(wanted.cpu_cores * CPU_PERIOD_US)
            if (cpu / "cpu.max").exists():
                yield cpu / "cpu.max", f"{quota} {CPU_PERIOD_US}"
            else:
                yield cpu / "cpu.cfs_quota_us", str(quota)


def find_groups(
    mounts: Path = Path("/proc/self/mounts"), own: Path = Path("/proc/self/cgroup")
) -> ControlGroups | None:
    """Return where this process may make groups, or None where it may not.

    Enabling controllers needs a group without processes of its own: where only we and our children
    live in ours, we all move one level down (the rule of cgroups(7), "no internal processes").
    """
    rows = (line.split(":", 2) for line in _read(own).splitlines())
    here = {name: path for _, names, path in rows for name in names.split(",")}
    second, first = _hierarchies(_read(mounts))
    if second is None or "" not in here:
        return None
    base = second / here[""].lstrip("/")
    if not _may_make(base):
        return None
    _make_room(base)
    enabled = _read(base / "cgroup.subtree_control").split()
    caps = {name: base for name in CONTROLLERS if name in enabled}
    for name, mount in first.items():
        path = mount / here.get(name, "/").lstrip("/")
        if name not in caps and _may_make(path):
            caps[name] = path
    return ControlGroups(base=base, caps=caps)


def _hierarchies(mounts: str) -> tuple[Path | None, dict[str, Path]]:
    """Return the mount of version 2 and that of each version 1 controller that caps."""
    second: Path | None = None
    first: dict[str, Path] = {}
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2":
            second = second or Path(place)
        elif kind == "cgroup":
            first |= {name: Path(place) for name in CONTROLLERS if name in options.split(",")}
    return second, first


def _may_make(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.W_OK) and os.access(path / "cgroup.procs", os.W_OK)


def _make_room(base: Path) -> None:
    """Enable what caps need in `base`, moving ourselves out of it where that is all in the way."""
    wanted = [c for c in CONTROLLERS if c in _read(base / "cgroup.controllers").split()]
    if not wanted or _enable(base, wanted):
        return
    inside = {int(pid) for pid in _read(base / "cgroup.procs").split()}
    if inside <= {os.getpid(), *descendants(os.getpid())}:
        with contextlib.suppress(OSError):
            leaf = base / "solard"
            leaf.mkdir(exist_ok=True)
            for pid in inside:
                _write(leaf / "cgroup.procs", str(pid))
            _enable(base, wanted)


def _enable(path: Path, controllers: "list[str] | tuple[str, ...]") -> bool:
    """Let children of a group have controllers; return whether they all may."""
    done = True
    for name in controllers:
        try:
            _write(path / "cgroup.subtree_control", f"+{name}")
        except OSError:
            done = False
    return done


def _keyed(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write(text)


def _wait(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SETTLE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(CHECK_EVERY_S)
    return True
