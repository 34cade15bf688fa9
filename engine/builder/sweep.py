"""After a crash in the middle of a build: what it left behind goes, before the first build of the next owner.

Processes of its steps and their control groups are swept with those of containers, by the containers room.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING

from engine.builder.steps.network import KEY_PREFIX
from engine.sandbox.keeper.asked.steps import Unmount

if TYPE_CHECKING:
    from pathlib import Path

    from engine.networks.way_out.attachment import NetworkAttachments
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems

_CONTEXT_SECONDS = 14 * 24 * 3600.0
_MOUNTED_BITS = ("mount-", "secret-")


async def sweep(paths: Paths, keeper: Keeper, rootfs: RootFilesystems, networks: NetworkAttachments) -> None:
    await asyncio.to_thread(shutil.rmtree, paths.build_uploads, ignore_errors=True)
    for entry in await keeper.list_directory(paths.builds, "/"):
        if entry.name.startswith("step-"):
            await rootfs.remove_scratch(entry.name)
        elif entry.name.startswith(_MOUNTED_BITS):
            await keeper.execute([Unmount(target=paths.builds / entry.name)])
            await keeper.remove_tree(paths.builds / entry.name)
    for entry in await keeper.list_directory(paths.containers, "/"):
        if entry.name.startswith(KEY_PREFIX):
            await networks.remove(entry.name)
            await keeper.remove_tree(paths.container(entry.name))


def forget_old_contexts(sent: Path) -> None:
    """Directories that clients sent piece by piece, and have not come back for in two weeks."""
    for place in sent.iterdir() if sent.is_dir() else ():
        if time.time() - place.stat().st_mtime > _CONTEXT_SECONDS:
            shutil.rmtree(place, ignore_errors=True)
