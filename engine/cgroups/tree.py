"""The engine's place in the control-group tree: found at start, then one group per container below it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cgroups import delegation, subtree
from engine.cgroups.group import ContainerCgroup
from engine.cgroups.layout import (
    LIMITING_CONTROLLERS,
    Layout,
    Mode,
    Mounts,
    detect_here,
    group_directory,
    parse_membership,
    parse_mountinfo,
)
from engine.cgroups.making import make_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_log = logging.getLogger(__name__)
_LEAVE_SECONDS = 1.0


class CgroupTree:
    """Makes and finds the groups of containers. `layout` says what this host allows."""

    def __init__(self, layout: Layout, label: str, divided: subtree.Subtree | None = None) -> None:
        self.layout = layout
        self._label = label
        self._divided = divided
        """On v2 without systemd: whose group the one of ours is in."""
        self._supervisors_made = False

    @classmethod
    async def open(cls, root: Path, keeper: Sequence[int]) -> CgroupTree:
        """Find the place. On v2 the keeper, and the process that pins its namespaces, are moved to it.

        So all children of the keeper are born there, and nothing of ours is left where the engine was started.
        """
        label = delegation.scope_name(root).removesuffix(".scope")
        layout = detect_here()
        if layout.mode is not Mode.V2:
            return cls(layout, label)
        if delegated := await _delegated(root, keeper):
            return cls(delegated, label)
        own, divided = _divided(layout, label, keeper)
        return cls(own, label, divided)

    async def close(self) -> None:
        """Take the folders away that nobody lives in any more; those of running containers stay."""
        if self.layout.mode is Mode.V2 and self._divided is None:
            return  # systemd ends a scope with its last process
        supervisors = self.supervisors()
        if self._divided is not None and not self.present():
            for pid in supervisors.processes():
                self._divided.home.take_in(pid)
        deadline = asyncio.get_running_loop().time() + _LEAVE_SECONDS
        while not supervisors.remove() and not self.present():
            # With no container left, what is still in there is on its way out.
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.01)
        for base in self.layout.bases.values():
            with contextlib.suppress(OSError):
                (base if self._divided else base / self._label).rmdir()
        if self._divided and not self.present():
            self._divided.close()

    def group(self, container_id: str) -> ContainerCgroup:
        """The group a container would have if it started now."""
        name = container_id[:32]
        if self.layout.mode is Mode.V2:
            return ContainerCgroup(self.layout, {key: base / name for key, base in self.layout.bases.items()})
        return ContainerCgroup(self.layout, {key: base / self._label / name for key, base in self.layout.bases.items()})

    def supervisors(self) -> ContainerCgroup:
        """Where the processes that look after containers are: outside of every container's limits."""
        if self.layout.mode is Mode.V2:
            places = {key: base / "supervisors" for key, base in self.layout.bases.items()}
        else:
            places = {key: base / self._label / "supervisors" for key, base in self.layout.bases.items()}
        group = ContainerCgroup(self.layout, places)
        if not self._supervisors_made or not group.exists():
            group.create()
            self._supervisors_made = True
        return group

    def shows_v2(self, *, hybrid_view: bool) -> bool:
        """Whether a container can be shown a cgroup v2 tree of its own."""
        return hybrid_view or self.layout.mode is Mode.V2

    def supervise(self, pid: int) -> None:
        """Move a supervisor to where supervisors are. Blocks for 6 to 30 ms, a grace period of the kernel's."""
        try:
            self.supervisors().add(pid)
        except ProcessLookupError:
            return
        except OSError as error:
            # It is counted with its container then, which goes on all the same.
            _log.warning("the supervisor %d stays in its container's groups: %s", pid, error)

    def existing(self, directories: Mapping[str, str]) -> ContainerCgroup:
        """The group a container has had since it started, perhaps under an engine that lived elsewhere in the tree."""
        return ContainerCgroup(self.layout, _places(tuple(directories.items())))

    def present(self) -> dict[str, ContainerCgroup]:
        """Every container group that exists below our place, by (shortened) id, in one scan."""
        found: dict[str, dict[str, Path]] = {}
        for key, base in self.layout.bases.items():
            place = base if self.layout.mode is Mode.V2 else base / self._label
            for path in place.iterdir() if place.is_dir() else ():
                if path.is_dir() and len(path.name) == 32:
                    found.setdefault(path.name, {})[key] = path
        return {name: ContainerCgroup(self.layout, directories) for name, directories in found.items()}

    @property
    def missing_controllers(self) -> tuple[str, ...]:
        return tuple(name for name in LIMITING_CONTROLLERS if name not in self.layout.controllers)


@lru_cache(maxsize=512)
def _places(directories: tuple[tuple[str, str], ...]) -> Mapping[str, Path]:
    """Asked for at every step of a container's life; making nine paths of them is most of what it costs."""
    return {key: Path(path) for key, path in directories}


async def _delegated(root: Path, keeper: Sequence[int]) -> Layout | None:
    """The scope systemd gives us."""
    mounts = _mounts()
    if mounts.v2 is None or not await delegation.move_into_scope(delegation.scope_name(root), keeper):
        return None
    directory = group_directory(mounts.v2, _place_of(keeper[0]).removesuffix("/supervisors"))
    try:
        controllers = delegation.open_subtree(directory)
    except OSError as error:
        _log.warning("the delegated control group %s cannot be used: %s", directory, error)
        return None
    return Layout(Mode.V2, {"": directory}, controllers & frozenset(LIMITING_CONTROLLERS))


def _divided(layout: Layout, label: str, keeper: Sequence[int]) -> tuple[Layout, subtree.Subtree | None]:
    """Without one: a group of ours in a group that belongs to this user."""
    nothing = Layout(Mode.V2, {}, frozenset())
    mounts, base = _mounts(), layout.bases.get("")
    if mounts.v2 is None or base is None:
        return nothing, None
    try:
        divided = subtree.find(mounts.v2, subtree.Group(base), frozenset({os.getpid(), *keeper}))
        if divided is None:
            return nothing, None
        directory = divided.group.path / label
        make_group(directory)
        controllers = delegation.open_subtree(directory, movers=keeper)
    except OSError as error:
        _log.info("no control groups of ours: %s", error)
        return nothing, None
    return Layout(Mode.V2, {"": directory}, controllers & frozenset(LIMITING_CONTROLLERS)), divided


def _mounts() -> Mounts:
    return parse_mountinfo(Path("/proc/self/mountinfo").read_text())


def _place_of(pid: int) -> str:
    return parse_membership(Path(f"/proc/{pid}/cgroup").read_text()).get("", "/")
