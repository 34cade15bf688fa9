"""The kernel's overlay in the user namespace: fastest, where kernel and file system take it (Linux 5.11, not all)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sandbox.keeper.asked.steps import Overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.drivers import Stack

EMPTY = "empty"
"""A directory of the store that stays empty (`Paths.empty`)."""


class KernelOverlay:
    name = "overlay"
    mount_type = "overlay"

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def unavailable(self) -> str:
        return ""

    async def mount(self, stack: Stack, *, before: Sequence[Step] = ()) -> None:
        lower = stack.lower
        if not stack.upper and len(lower) == 1:
            # The kernel wants two directories at least, or a writable one.
            lower = (*lower, EMPTY)
        overlay = Overlay(target=stack.target, lower=lower, upper=stack.upper, work=stack.work, base=stack.base)
        await self._keeper.execute([*before, overlay])
