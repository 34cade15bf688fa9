"""fuse-overlayfs: a process per mount, slower than the kernel, and there where the kernel's overlay is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.errors import Code, StorageError
from engine.processes import fuse_overlayfs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.drivers import OwnerChange, Stack


class FuseOverlay:
    name = "fuse-overlayfs"
    mount_type = "fuse.fuse-overlayfs"

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def unavailable(self) -> str:
        if not fuse_overlayfs.available():
            return "fuse-overlayfs is not installed"
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            return "/dev/fuse may not be opened"
        return ""

    async def mount(self, stack: Stack, *, before: Sequence[Step] = ()) -> None:
        await self._keeper.execute(before)
        argv = fuse_overlayfs.mount_argv(
            stack.lower, stack.upper, stack.work, stack.target, owners=_owner_options(stack.change)
        )
        done = await self._keeper.run(argv, cwd=stack.base)
        if done.code != 0:
            raise StorageError(
                f"Could not mount the root file system on {stack.target}",
                "fuse-overlayfs failed.",
                code=Code.MOUNT_FAILED,
                details=done.stderr.decode(errors="replace"),
            )


def _owner_options(change: OwnerChange | None) -> list[str]:
    if change is None:
        return []
    return [
        f"{name}=" + ":".join(f"{first}:{shown}:{count}" for first, shown, count in change.ranges(own))
        for name, own in (("uidmapping", change.uid), ("gidmapping", change.gid))
    ]
