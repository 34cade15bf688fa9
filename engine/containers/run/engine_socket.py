"""The engine's own socket in a container: what `-v /var/run/docker.sock:…` means here, once somebody has said that the
container may command the engine.

The socket's file is another one with each engine, so a folder is bound in which there is always a link to the present
one, and where the container looks for it stands a link into that folder.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Final

from engine.containers.spec.plan import PlannedMount
from engine.errors import InvalidRequest, Unsupported
from engine.sandbox.keeper.asked.steps import Link
from engine.socket_folder import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from engine.containers.run.runtime import Runtime
    from engine.types.containers import ContainerSpec, Mount

_DOCKERS: Final = frozenset({"/var/run/docker.sock", "/run/docker.sock"})
_FOLDER: Final = "/run/.wherry-engine"


def is_engine_socket(mount: Mount) -> bool:
    return mount.kind == "bind" and mount.source in _DOCKERS


def check_engine_socket(spec: ContainerSpec) -> None:
    """Whoever can reach the engine can do all that its user can: that is not given in passing."""
    if not any(map(is_engine_socket, spec.mounts)):
        return
    if not spec.engine_socket:
        raise InvalidRequest(
            "The container would command this engine through its socket",
            "With it goes all that you may do with your files and containers.",
            hint="If it may: `wherry run --engine-socket`, the label io.wherry.engine-socket=allow, or the tick "
            "under Security in the window.",
        )
    if os.getuid() == 0:
        raise Unsupported(
            "A container cannot command the engine of root",
            "Only root is let in there, and root is in no container.",
            hint="Run it on the engine of an ordinary user.",
        )


async def plan_engine_socket(runtime: Runtime, rootfs: Path, mount: Mount) -> PlannedMount:
    folder = make_folder(runtime.paths.socket)
    directory, name = posixpath.split(mount.target)
    await runtime.keeper.make_directory(rootfs, directory, parents=True)
    inside = await runtime.keeper.real_path(rootfs, directory)
    place = rootfs / inside.lstrip("/") / name
    await runtime.keeper.execute([Link(path=place, points_to=f"{_FOLDER}/{runtime.paths.socket.name}")])
    return PlannedMount(target=_FOLDER, source=str(folder), read_only=True)
