"""Which control-group hierarchies this host has, and below which directories this user may make groups."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_V1_CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "pids", "freezer", "blkio")
LIMITING_CONTROLLERS = ("cpu", "memory", "pids", "io", "cpuset")
"""The controllers limits need, by their v2 names (v1 calls io "blkio")."""


class Mode(StrEnum):
    V2 = "v2"
    V1 = "v1"
    HYBRID = "hybrid"
    NONE = "none"


@dataclass(frozen=True)
class Mounts:
    """Where hierarchies are mounted: v1 controllers by name, and the v2 tree."""

    v1: Mapping[str, Path] = field(default_factory=dict)
    v2: Path | None = None


@dataclass(frozen=True)
class Layout:
    """What was found. `bases` maps a v1 controller, or "" for the v2 tree, to a directory we may make groups in."""

    mode: Mode
    bases: Mapping[str, Path]
    controllers: frozenset[str]
    """Of `LIMITING_CONTROLLERS`, those that really limit here."""

    @property
    def can_freeze(self) -> bool:
        return "" in self.bases or "freezer" in self.bases


def parse_mountinfo(text: str) -> Mounts:
    """Read /proc/self/mountinfo. Only mounts of a whole hierarchy count (root "/"), not the bits bound elsewhere."""
    v1: dict[str, Path] = {}
    v2: Path | None = None
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        mount_point = Path(_unescape(fields[4]))
        if kind[0] == "cgroup2" and v2 is None:
            v2 = mount_point
        elif kind[0] == "cgroup":
            for name in kind[2].split(","):
                if name in _V1_CONTROLLERS:
                    v1.setdefault(name, mount_point)
    return Mounts(v1=v1, v2=v2)


def _unescape(path: str) -> str:
    return path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def parse_membership(text: str) -> dict[str, str]:
    """Read /proc/PID/cgroup: controller name, or "" for v2, to the path inside its hierarchy."""
    places: dict[str, str] = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            places[""] = path
        else:
            places.update((name, path) for name in names.split(",") if name in _V1_CONTROLLERS)
    return places


def group_directory(mount: Path, path: str) -> Path:
    return mount / path.lstrip("/")


def read_controllers(directory: Path) -> frozenset[str]:
    """What a v2 group may hand on to its children, of what we can use."""
    try:
        names = (directory / "cgroup.controllers").read_text().split()
    except OSError:
        return frozenset()
    return frozenset(names) & frozenset(LIMITING_CONTROLLERS)


def detect(mounts: Mounts, membership: Mapping[str, str]) -> Layout:
    """Judge the host from where this process is. For v2 the caller may find a better base (see `delegation`)."""
    v1_bases = {
        name: directory
        for name, mount in mounts.v1.items()
        if name in membership and _is_ours(directory := group_directory(mount, membership[name]))
    }
    v2_base: Path | None = None
    if mounts.v2 is not None and "" in membership:
        directory = group_directory(mounts.v2, membership[""])
        v2_base = directory if _is_ours(directory) else None
    if mounts.v1:
        return _with_v1(mounts, v1_bases, v2_base)
    if v2_base is None:
        return Layout(mode=Mode.V2 if mounts.v2 else Mode.NONE, bases={}, controllers=frozenset())
    return Layout(mode=Mode.V2, bases={"": v2_base}, controllers=read_controllers(v2_base))


def _with_v1(mounts: Mounts, v1_bases: dict[str, Path], v2_base: Path | None) -> Layout:
    usable = {("io" if name == "blkio" else name) for name in v1_bases}
    bases = dict(v1_bases)
    if v2_base is not None:
        bases[""] = v2_base
    return Layout(
        mode=Mode.HYBRID if mounts.v2 is not None else Mode.V1,
        bases=bases,
        controllers=frozenset(usable) & frozenset(LIMITING_CONTROLLERS),
    )


def _is_ours(directory: Path) -> bool:
    return os.access(directory, os.W_OK | os.X_OK) and os.access(directory / "cgroup.procs", os.W_OK)


def detect_here() -> Layout:
    mountinfo = Path("/proc/self/mountinfo").read_text()
    membership = Path("/proc/self/cgroup").read_text()
    return detect(parse_mountinfo(mountinfo), parse_membership(membership))
