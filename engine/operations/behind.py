"""Work that nobody waits for, by what it is about: done one after another when nothing else is being let go of, looked
for, and awaited before anything must be settled.

Who removes fifty containers at once waits for fifty answers. What is to be swept up after them (directories, control
groups, namespaces) takes the same processor, so it waits for the last of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.operations.quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Behind:
    """What fails here is found by whoever sweeps; a crash cuts it off just so."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[float, Callable[[], Awaitable[object]]]] = {}
        self._quiet = Quiet()
        self._lane: asyncio.Task[None] | None = None

    def begin(self, key: str, work: Callable[[], Awaitable[object]]) -> None:
        self._waiting[key] = (self._quiet.came(), work)
        if self._lane is None:
            self._lane = asyncio.get_running_loop().create_task(self._work(), name="behind")

    async def _work(self) -> None:
        try:
            while self._waiting:
                key, (since, work) = next(iter(self._waiting.items()))
                await self._quiet.wait(since)
                with contextlib.suppress(WherryError, OSError):
                    await work()
                if self._waiting[key][1] is work:
                    del self._waiting[key]
        finally:
            self._lane = None

    def is_going(self, key: str) -> bool:
        return key in self._waiting

    async def settled(self) -> None:
        with self._quiet.hurry():
            while self._lane is not None:
                await asyncio.wait([self._lane])
