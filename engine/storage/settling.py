"""Layers and power cuts: a new layer is used at once, while its files find their way to the disk behind.

Until they are known to be there it carries a mark with the boot it was written in. A mark from another boot means that
the machine went down before: the layer is then compared with its index, and taken away if it is not whole. Layers that
are kept in no other form as well are waited for (`now`) before anybody is told that they are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.sandbox.keeper.asked.steps import Remove

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.storage.trash import Trash

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
GATHER_SECONDS = 2.0
"""The layers of one pull are brought to disk together."""


class Settling:
    def __init__(self, paths: Paths, keeper: Keeper, trash: Trash) -> None:
        self._paths = paths
        self._keeper = keeper
        self._trash = trash
        self._boot = BOOT_ID.read_text().strip()
        self.lost: set[str] = set()
        """Taken away in this start."""
        self._waiting: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def open(self, diff_ids: Iterable[str]) -> None:
        for diff_id in diff_ids:
            try:
                boot = self._paths.layer_mark(diff_id).read_text()
            except FileNotFoundError:
                continue
            if boot == self._boot or not await self._is_damaged(diff_id):
                self.settle(diff_id)

    async def close(self) -> None:
        """What is not settled keeps its mark."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def mark(self, staged: Path) -> None:
        """Before the layer gets its place."""
        self._paths.mark_in(staged).write_text(self._boot)

    def settle(self, diff_id: str) -> None:
        """Bring it to disk behind, then take its mark off."""
        self._waiting.add(diff_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._settle(), name="settling")

    async def now(self, diff_ids: Iterable[str]) -> None:
        """These are on disk when this returns. Raises where they cannot be brought there."""
        waited_for = {diff_id for diff_id in diff_ids if self._paths.layer_mark(diff_id).exists()}
        if waited_for:
            self._waiting -= waited_for
            await self._bring(waited_for)

    async def _settle(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            batch, self._waiting = self._waiting, set()
            try:
                await self._bring(batch)
            except (OSError, WherryError) as error:
                # The marks stay; the next start tries again.
                log.info("cannot bring layers to disk: %s", error)

    async def _bring(self, batch: set[str]) -> None:
        await self._keeper.sync(self._paths.layers)
        await self._keeper.execute([Remove(path=self._paths.layer_mark(diff_id)) for diff_id in batch])

    async def _is_damaged(self, diff_id: str) -> bool:
        damaged = await self._keeper.layer_damage(self._paths.layer_tree(diff_id), self._paths.layer_index(diff_id))
        if damaged:
            log.warning("layer %s did not survive a power cut: %s is damaged", diff_id, damaged)
            await self._trash.take(self._paths.layer(diff_id))
            self.lost.add(diff_id)
        return bool(damaged)
