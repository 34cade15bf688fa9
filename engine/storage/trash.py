"""Things removed but not yet deleted: a rename makes them vanish, a task behind deletes them, also after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from typing import TYPE_CHECKING, Any

from engine.errors import Code, StorageError, WherryError
from engine.operations.quiet import Quiet
from engine.sandbox.failures import KeeperLost
from engine.sandbox.keeper.asked.steps import Rename, Unmount
from engine.storage.reserve import Reserve

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths

log = logging.getLogger(__name__)
ROOT = "rootfs"
"""Where in a container's or a build step's directory a root file system may still be mounted."""


class Trash:
    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper
        self._reserve = Reserve(paths.reserve)
        self._waiting = asyncio.Event()
        self._idle = asyncio.Event()
        self._quiet = Quiet()
        self._since = 0.0
        self._task: asyncio.Task[None] | None = None
        self.failed: dict[Path, str] = {}
        """What could not be deleted, and why."""

    async def open(self) -> None:
        """What was half-made when the last engine ended is rubbish; go on with what it was deleting."""
        await self._take(sorted(self._paths.staging.iterdir()))
        self._waiting.set()
        self._task = asyncio.create_task(self._work(), name="trash")

    async def close(self) -> None:
        """Stop; what is left waits for the next start. Mounts go: nobody could end what serves them afterwards."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        mounts = [Unmount(target=path / ROOT, every=True) for path in self._paths.trash.iterdir()]
        with contextlib.suppress(OSError, WherryError):
            await self._keeper.execute(mounts)

    async def take(self, path: Path) -> None:
        """Make it vanish now. Not being there is no failure."""
        await self._take([path])
        self._since = self._quiet.came()
        self._idle.clear()
        self._waiting.set()

    async def empty(self) -> None:
        """Wait until everything taken so far is deleted."""
        with self._quiet.hurry():
            await self._idle.wait()

    async def _take(self, paths: list[Path]) -> None:
        for path in paths:
            if path.is_symlink() or path.exists():
                await self._make_vanish(path)

    async def _make_vanish(self, path: Path) -> None:
        """By a rename, which a full disk may have no room for: then with the reserve, or else at its place. Ourselves
        where we may: the keeper may have much to do, and this is what people wait for."""
        target = self._paths.trash / secrets.token_hex(8)
        with contextlib.suppress(OSError):
            os.rename(path, target)
            return
        rename = [Rename(source=path, target=target)]
        for _ in range(2):
            try:
                await self._keeper.execute(rename)
            except StorageError as error:
                if error.code is not Code.DISK_FULL:
                    raise
                if not self._reserve.release():
                    break
            else:
                return
        await self._keeper.execute([Unmount(target=path / ROOT, every=True)])
        await self._keeper.remove_tree(path)

    async def _work(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            await self._quiet.wait(self._since)
            await self._delete(sorted(self._paths.trash.iterdir()))
            if not self._waiting.is_set():
                await to_its_end(asyncio.to_thread(self._reserve.keep))  # nothing is made after the store is closed
            if not self._waiting.is_set():
                self._idle.set()

    async def _delete(self, paths: list[Path]) -> None:
        """By one worker, which takes mounts off first."""
        try:
            failed = await self._keeper.remove_trees(paths, mounted=ROOT) if paths else {}
        except KeeperLost:
            self._waiting.set()  # killed in the middle; the next keeper goes on
            return
        except (OSError, WherryError) as error:
            failed = dict.fromkeys(paths, str(error))
        for path in paths:
            self.failed.pop(path, None)
        # They stay for the next start; the store check names them.
        self.failed.update(failed)
        for path, reason in failed.items():
            log.info("cannot delete %s: %s", path, reason)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for it even if cancelled: what somebody was told to make is there or not, never about to be."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.gather(task, return_exceptions=True)
