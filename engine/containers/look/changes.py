"""What a container changed in its file tree, from the overlay's upper directory."""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandbox.keeper.layers import marks
from engine.types.containers import ChangedPath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.files import FileInfo
    from engine.sandbox.keeper.layers.marks import By
    from engine.types.containers import Container

_ENGINES_OWN = (
    "/.dockerenv", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/etc/mtab", "/dev", "/proc", "/sys",
    "/run/.wherry-init",
)  # fmt: skip
_MOST = 200_000
"""Beyond so many changes the list is cut: nobody reads it, and a container must not fill the engine's memory."""


def no_changes_of(container: Container) -> tuple[str, ...]:
    """Mount points and the engine's own files show up in the writable layer; they are no changes."""
    return (*_ENGINES_OWN, *(mount.target for mount in container.mounts))


async def changed_paths(
    keeper: Keeper, upper: str, *, driver: By, in_image: Callable[[str], bool], hidden: Sequence[str] = ()
) -> Sequence[ChangedPath]:
    """Paths in the upper directory, which `driver` wrote, sorted. `in_image(path)` says whether the image has the path;
    `hidden` are mount targets and the engine's own files, which are no changes."""
    found: list[ChangedPath] = []
    waiting = ["/"]
    skipped = {path.rstrip("/") for path in hidden}
    while waiting and len(found) < _MOST:
        directory = waiting.pop()
        for entry in await keeper.list_directory(Path(upper), directory):
            path = f"{directory.rstrip('/')}/{entry.name}"
            if path in skipped or marks.is_name_of_opaque(os.fsencode(entry.name), driver):
                continue
            if hidden_name := removed_by(entry, driver):
                removed = f"{directory.rstrip('/')}/{hidden_name}"
                if in_image(removed):
                    found.append(ChangedPath(path=removed, kind="removed"))
                continue
            size = entry.size if stat.S_ISREG(entry.mode) else 0
            found.append(ChangedPath(path=path, kind="changed" if in_image(path) else "added", size=size))
            if stat.S_ISDIR(entry.mode):
                waiting.append(path)
    return sorted(_without_bare_mount_points(found, skipped), key=lambda change: change.path)


def removed_by(entry: FileInfo, driver: By) -> str:
    """The name that an entry of a writable directory takes away from the layers below; "" if it takes none."""
    device = stat.S_ISCHR(entry.mode) and entry.device == 0
    return os.fsdecode(marks.hidden_by(os.fsencode(entry.name), device=device, by=driver))


def _without_bare_mount_points(changes: list[ChangedPath], hidden: set[str]) -> list[ChangedPath]:
    """Directories that are only there to carry a mount point (/var/lib of a volume at /var/lib/data) are no changes."""
    parents = {str(parent) for path in hidden for parent in Path(path).parents}
    if not parents:
        return changes
    own = [change for change in changes if change.kind == "removed" or change.path not in parents]
    carried = Counter(str(parent) for change in own for parent in Path(change.path).parents)
    return [
        change
        for change in changes
        if not (change.kind != "removed" and change.path in parents and not carried[change.path])
    ]
