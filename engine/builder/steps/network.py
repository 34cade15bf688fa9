"""The network of a build's steps: one namespace with one pasta for all of them, made when the first RUN asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.networks.way_out.attachment import NetworkAttachments
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths

KEY_PREFIX = "build-"
"""Of the names under which builds have their networks, among those of containers."""


class BuildNetwork:
    def __init__(self, attachments: NetworkAttachments, paths: Paths, keeper: Keeper, build_id: str) -> None:
        self._attachments = attachments
        self._paths = paths
        self._keeper = keeper
        self._key = f"{KEY_PREFIX}{build_id}"
        self._lock = asyncio.Lock()
        self._made = False

    async def namespace(self) -> Path:
        async with self._lock:
            if not self._made:
                self._made = True
                await self._attachments.prepare(self._key)
                await self._attachments.create(self._key)
                await self._attachments.connect(self._key, ())
        return self._attachments.namespace(self._key)

    async def close(self) -> None:
        if self._made:
            await self._attachments.remove(self._key)
            await self._keeper.remove_tree(self._paths.container(self._key))
