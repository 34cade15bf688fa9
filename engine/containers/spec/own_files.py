"""Which user of a container is to be the host's user, so that a folder of one's own can be worked in.

What is yours belongs to the container's root as a rule. Where another user works in it (the image's USER, `--user`, or
the remote user of a development container) and a folder of yours is bound to be written in, that user is you instead:
the container gets a user namespace of its own in which the two have changed places.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from engine.containers.spec.image_config import wanted_user
from engine.recipe.networks import is_shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.containers import ContainerSpec
    from engine.types.images import ImageConfig

_DEVELOPMENT: Final = "devcontainer.metadata"
_LONGEST_LABEL: Final = 1 << 20
_NETWORK_RIGHTS: Final = frozenset({"ALL", "NET_ADMIN", "SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"})


def user_who_is_you(spec: ContainerSpec, image: ImageConfig) -> str:
    """As `--user` names it; "" where your files are the container's root's."""
    if spec.security.user_namespace == "keep-id":
        # Without a choice of its own, the user inside has the numbers of the user outside.
        return wanted_user(spec, image) or f"{os.getuid()}:{os.getgid()}"
    if not _may_be_settled(spec) or not any(map(_is_own_folder, writable_folders(spec))):
        return ""
    user = wanted_user(spec, image)
    if _is_root(user):
        user = _remote_user({**image.labels, **spec.labels})
    return "" if _is_root(user) else user


def writable_folders(spec: ContainerSpec) -> list[str]:
    """Sources of binds that are to be written in, and whose owners are not looked after otherwise."""
    return [
        mount.source for mount in spec.mounts if mount.kind == "bind" and not mount.read_only and not mount.ownership
    ]


def is_only_yours(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return found.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH


def _may_be_settled(spec: ContainerSpec) -> bool:
    """Not for root's engine, whose user is nobody inside; nor where the network must be the container's to command."""
    security = spec.security
    joined = any(mode == "host" or is_shared(mode) for mode in (spec.network, spec.pid_mode, spec.ipc_mode))
    commands = security.privileged or any(name.upper() in _NETWORK_RIGHTS for name in security.capabilities_add)
    return security.user_namespace == "" and os.getuid() != 0 and not joined and not commands


def _is_own_folder(path: str) -> bool:
    return is_only_yours(path) and os.path.isdir(path)


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in ("", "0", "root")


def _remote_user(labels: Mapping[str, str]) -> str:
    """Of a development container: whoever a later layer of its metadata names counts."""
    text = labels.get(_DEVELOPMENT, "")
    if not text or len(text) > _LONGEST_LABEL:
        return ""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    entries = [each for each in (told if isinstance(told, list) else [told]) if isinstance(each, dict)]
    for key in ("remoteUser", "containerUser"):
        named = [each[key] for each in entries if isinstance(each.get(key), str) and each[key]]
        if named:
            return str(named[-1])
    return ""
