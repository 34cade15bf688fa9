"""Started by the host's root: show the namespace what it needs of places that only the host's root may enter.

The namespace's root is a stranger to the host's. A checkout in /root could then start no program of ours, although
nothing in it is secret. So the keeper sees another /root: an empty one, with only the needed directories in it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = "size=1m,mode=711"


def show(paths: Sequence[str]) -> None:
    """Make a mount namespace in which strangers reach `paths`. Nothing of the host changes."""
    hidden = behind_closed_doors(paths)
    if not hidden:
        return
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_SLAVE)
    for closed, needed in hidden.items():
        trees = [(path, kernel.open_tree(path, recursive=True)) for path in needed]
        kernel.mount("tmpfs", closed, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, _SIZE)
        for path, tree in trees:
            try:
                os.makedirs(path, mode=0o711, exist_ok=True)
                kernel.move_mount(tree, path)
            finally:
                os.close(tree)


def behind_closed_doors(paths: Sequence[str]) -> dict[str, list[str]]:
    """By the first directory on the way that a stranger may not pass: what is needed below it, outer before inner."""
    hidden: dict[str, list[str]] = {}
    needed = sorted({os.path.realpath(path) for path in paths})
    for path in needed:
        closed = _first_closed(path)
        if any(_within(closed, other) for other in needed):
            continue  # closed to strangers, but it is ours to open to this one
        if closed and not any(_within(path, other) for other in hidden.get(closed, ())):
            hidden.setdefault(closed, []).append(path)
    return hidden


def _first_closed(path: str) -> str:
    above = "/"
    for name in path.strip("/").split("/")[:-1]:
        above = os.path.join(above, name)
        try:
            if not os.stat(above).st_mode & stat.S_IXOTH:
                return above
        except FileNotFoundError:
            return ""
    return ""


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/")
