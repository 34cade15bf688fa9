"""Said at the creation, when it can still be done otherwise: what of a request means less here than with Docker, and
folders that the container's user will find closed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.containers.spec.image_config import wanted_user
from engine.containers.spec.own_files import is_only_yours, user_who_is_you, writable_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.types.containers import ContainerSpec
    from engine.types.images import ImageConfig


def notes(spec: ContainerSpec) -> Iterator[str]:
    if spec.cgroup_parent:
        yield f"The control group {spec.cgroup_parent} is only shown: containers are in the engine's own tree."
    if spec.device_rules:
        yield "Device rules change nothing: no device is kept from a container by its number, but by its file's rights."


def closed_binds(spec: ContainerSpec, image: ImageConfig, *, mapped: bool = False) -> Iterator[str]:
    """What belongs to you belongs to the container's root; any other user in it is a stranger to your files. `mapped`
    says that the owners can change places where `own_files` would have it."""
    user = wanted_user(spec, image).partition(":")[0]
    if user in ("", "0", "root") or spec.security.user_namespace == "keep-id" or os.getuid() == 0:
        return
    if mapped and user_who_is_you(spec, image):
        return
    for source in filter(is_only_yours, writable_folders(spec)):
        yield (
            f"The container's user {user} cannot write in {source}: what is yours is its root's. "
            "With `wherry run --userns keep-id` that user is you; the mount option U gives the files away to it."
        )
