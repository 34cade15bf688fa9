"""One container's control groups: made, limited, frozen, counted and removed through plain files.

All calls are a few small reads and writes of kernel files (microseconds), so they are not asynchronous.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cgroups.limits import LimitPlan, LimitWrite, plan_limits
from engine.cgroups.making import make_group
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.cgroups.layout import Layout
    from engine.types.containers import Resources

_V1_NAMES = {"io": "blkio"}


class ContainerCgroup:
    """The groups of one container in every usable hierarchy. `directories` is keyed as `Layout.bases`."""

    def __init__(self, layout: Layout, directories: Mapping[str, Path]) -> None:
        self._layout = layout
        self.directories = dict(directories)

    @property
    def main_directory(self) -> Path | None:
        """The one to show: the v2 group, else the memory group, else any."""
        for name in ("", "memory"):
            if name in self.directories and (name or not self._uses_v1):
                return self.directories[name]
        return next(iter(self.directories.values()), None)

    @property
    def _uses_v1(self) -> bool:
        return any(self.directories)

    def directory(self, controller: str) -> Path | None:
        """Where a controller's files are; controllers go by their v2 names ("io", not "blkio")."""
        if not self._uses_v1:
            return self.directories.get("")
        return self.directories.get(_V1_NAMES.get(controller, controller))

    def join_directories(self) -> tuple[str, ...]:
        """What a process has to join to be in this container."""
        return tuple(str(path) for path in self.directories.values())

    def doors(self) -> tuple[Path, ...]:
        """The files whose owner may bring processes of his in from a group beside it: what v2 asks of the two groups'
        common parent too."""
        places = list(self.directories.values())
        if "" in self.directories:
            places.append(self.directories[""].parent)
        return tuple(place / "cgroup.procs" for place in places)

    def create(self) -> None:
        for name, path in self.directories.items():
            make_group(path)
            if name == "cpuset":
                _inherit_cpuset(path)

    def apply(self, resources: Resources, *, reset: bool = False) -> LimitPlan:
        """Write the limits; gives the plan, whose `unenforced` says in words what this host cannot do."""
        plan = plan_limits(resources, self._layout, reset=reset)
        refused = [words for write in plan.writes if (words := self._write(write))]
        return LimitPlan(plan.writes, (*plan.unenforced, *refused))

    def _write(self, write: LimitWrite) -> str:
        """Write one value; gives words where the kernel has no such file although it has the controller."""
        directory = self.directory(write.controller)
        if directory is None:
            return "" if write.optional else write.file
        try:
            _write_value(directory / write.file, write.value)
        except (FileNotFoundError, PermissionError):
            return "" if write.optional else write.file
        except OSError as error:
            if write.optional:
                return ""
            raise _refused(write, error) from error
        return ""

    def add(self, pid: int) -> None:
        for path in self.directories.values():
            _write_value(path / "cgroup.procs", str(pid))

    def processes(self) -> tuple[int, ...]:
        """Host pids of everything in the container, nested groups too."""
        # A hierarchy of v1 serves as well as any other: a process is in all of them or in none.
        directory = self.directory("pids") or self.main_directory
        if directory is None:
            return ()
        found: set[int] = set()
        for root, _, files in os.walk(directory):
            if "cgroup.procs" in files:
                with contextlib.suppress(OSError):
                    found.update(int(line) for line in Path(root, "cgroup.procs").read_text().split())
        return tuple(sorted(found - {0}))

    # --- freezing ---

    @property
    def can_freeze(self) -> bool:
        return self._v2_directory is not None or "freezer" in self.directories

    @property
    def _v2_directory(self) -> Path | None:
        """The v2 group, where it has the freezer (hybrid hosts may lack `cgroup.freeze` on very old kernels)."""
        path = self.directories.get("")
        return path if path is not None and (path / "cgroup.freeze").exists() else None

    def freeze(self, *, frozen: bool) -> None:
        """Ask for it; `is_frozen` tells when it has come true (at once for ordinary processes)."""
        if self._v2_directory is not None:
            _write_value(self._v2_directory / "cgroup.freeze", "1" if frozen else "0")
        else:
            _write_value(self.directories["freezer"] / "freezer.state", "FROZEN" if frozen else "THAWED")

    def is_frozen(self) -> bool:
        with contextlib.suppress(OSError):
            if self._v2_directory is not None:
                return "frozen 1" in (self._v2_directory / "cgroup.events").read_text()
            if "freezer" in self.directories:
                return (self.directories["freezer"] / "freezer.state").read_text().strip() == "FROZEN"
        return False

    # --- ending ---

    def kill_at_once(self) -> bool:
        """Kill everything in one write where the kernel can (5.14 and later); False where it cannot."""
        path = self.directories.get("")
        if path is None:
            return False
        try:
            _write_value(path / "cgroup.kill", "1")
        except OSError:
            return False
        return True

    def oom_kills(self) -> int:
        """How many processes the kernel's OOM killer took from this container."""
        directory = self.directory("memory")
        if directory is None:
            return 0
        name = "memory.oom_control" if self._uses_v1 else "memory.events"
        with contextlib.suppress(OSError, ValueError):
            for line in (directory / name).read_text().splitlines():
                key, _, value = line.partition(" ")
                if key == "oom_kill":
                    return int(value)
        return 0

    def remove(self) -> bool:
        """Take the groups away, children first. False while something is still in them."""
        gone = True
        for path in self.directories.values():
            for root, _, _ in os.walk(path, topdown=False):
                try:
                    os.rmdir(root)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    if error.errno != errno.EBUSY:
                        raise
                    gone = False
        return gone

    def exists(self) -> bool:
        return any(path.exists() for path in self.directories.values())


def _write_value(path: Path, value: str) -> None:
    # One write call: the kernel parses each write by itself.
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def _inherit_cpuset(path: Path) -> None:
    """A v1 cpuset starts empty and takes no process until it names processors and memory nodes."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (path / name).read_text().strip():
            inherited = (path.parent / name).read_text().strip()
            if not inherited:
                _inherit_cpuset(path.parent)
                inherited = (path.parent / name).read_text().strip()
            _write_value(path / name, inherited)


def _refused(write: LimitWrite, error: OSError) -> InvalidRequest:
    if error.errno == errno.EBUSY and write.file.startswith("memory."):
        return InvalidRequest(
            "The memory limit is below what the container uses now",
            "The kernel could not reclaim enough.",
            hint="Choose a higher limit, or restart the container with the new one.",
            details=f"{write.file} ← {write.value}: {error.strerror}",
        )
    return InvalidRequest(
        "The kernel refused a limit",
        f"{write.file} does not take {write.value}: {error.strerror}.",
        details=str(error),
    )
