"""Bind mounts that a container's user will find closed: said at the creation, when it can still be done otherwise."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from engine.containers.image_config import wanted_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.types.containers import ContainerSpec
    from engine.types.images import ImageConfig


def closed_binds(spec: ContainerSpec, image: ImageConfig) -> Iterator[str]:
    """What belongs to you belongs to the container's root; any other user in it is a stranger to your files."""
    user = wanted_user(spec, image).partition(":")[0]
    if user in ("", "0", "root") or spec.security.user_namespace == "keep-id" or os.getuid() == 0:
        return
    for mount in spec.mounts:
        if mount.kind == "bind" and not mount.read_only and not mount.ownership and _is_only_ours(mount.source):
            yield (
                f"The container's user {user} cannot write in {mount.source}: what is yours is its root's. "
                "With --userns keep-id that user is you; the mount option U gives the files away to it."
            )


def _is_only_ours(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return found.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH
