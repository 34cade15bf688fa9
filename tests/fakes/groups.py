"""Control groups in plain directories, for the machine in memory: what a v1 kernel shows, and no limit behind it.

A freezer there says that it has frozen as soon as it was asked to.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.cgroups.group import ContainerCgroup
from engine.cgroups.layout import Layout, Mode

if TYPE_CHECKING:
    from pathlib import Path

_HIERARCHIES = {
    "freezer": ("freezer.state",),
    "memory": (
        "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.swappiness",
        "memory.oom_control",
    ),
    "pids": ("pids.max",),
    "cpu": ("cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us"),
}  # fmt: skip


def layout(place: Path) -> Layout:
    bases = {name: place / name for name in _HIERARCHIES}
    return Layout(Mode.V1, bases, frozenset({"memory", "pids", "cpu"}))


class PlayedGroup(ContainerCgroup):
    """Its files come and go with it, as the kernel's do."""

    def create(self) -> None:
        super().create()
        for name, path in self.directories.items():
            for file in (*_HIERARCHIES[name], "cgroup.procs"):
                (path / file).touch()

    def remove(self) -> bool:
        for path in self.directories.values():
            shutil.rmtree(path, ignore_errors=True)
        return True
