"""What a container changed in one directory: its overlay's upper directory compared with the layers below."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.sandbox.keeper.layers.marks import hidden_by, is_name_of_opaque
from engine.types.files import DirectoryEntry
from engine.types.images import FileKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.files.tree import Tree
    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.files import FileInfo
    from engine.sandbox.keeper.layers.marks import By


@dataclass
class Marks:
    """Names in one directory."""

    added: set[str] = field(default_factory=set)
    modified: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def changed(self, name: str) -> Literal["", "added", "changed", "removed"]:
        if name in self.added:
            return "added"
        return "changed" if name in self.modified else ""


async def changes_in(keeper: Keeper, tree: Tree, path: str) -> Marks:
    """Empty where the container did not touch the directory: then nothing below is listed at all.

    The same paths as `engine/containers/look/changes.py` finds in the whole tree.
    """
    upper = await _listed(keeper, tree.upper, path)
    marks = Marks()
    if not upper:
        return marks
    below: set[str] = set()
    for lower in tree.lowers:
        below |= {info.name for info in await _listed(keeper, lower, path) if not _removed_by(info, "layer")}
    for info in upper:
        whole = f"{path.rstrip('/')}/{info.name}"
        if hidden := _removed_by(info, tree.driver):
            marks.removed.add(hidden)
        elif is_name_of_opaque(os.fsencode(info.name), tree.driver) or not await _counts(keeper, tree, whole):
            continue
        elif info.name in below:
            marks.modified.add(info.name)
        else:
            marks.added.add(info.name)
    marks.removed &= below
    return marks


async def _counts(keeper: Keeper, tree: Tree, path: str) -> bool:
    """False for mount points and for directories that are only there to carry one."""
    apart = {own.rstrip("/") for own in tree.no_changes}
    if path in apart:
        return False
    if not any(own.startswith(f"{path}/") for own in apart):
        return True
    inside = await _listed(keeper, tree.upper, path)
    names = [info.name for info in inside if not is_name_of_opaque(os.fsencode(info.name), tree.driver)]
    return any([await _counts(keeper, tree, f"{path}/{name}") for name in names])


def _removed_by(info: FileInfo, driver: By) -> str:
    device = stat.S_ISCHR(info.mode) and info.device == 0
    return os.fsdecode(hidden_by(os.fsencode(info.name), device=device, by=driver))


async def _listed(keeper: Keeper, root: str, path: str) -> list[FileInfo]:
    try:
        return await keeper.list_directory(Path(root), path)
    except OSError:
        return []


def removed_entries(marks: Marks, there: Iterable[str]) -> list[DirectoryEntry]:
    """What the image had and the container took away, as entries of their own."""
    return [
        DirectoryEntry(name=name, kind=FileKind.FILE, size=0, mode=0, uid=0, gid=0, mtime=0.0, changed="removed")
        for name in sorted(marks.removed.difference(there))
    ]
