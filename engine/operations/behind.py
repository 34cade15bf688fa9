"""Work that nobody waits for, by what it is about: begun, looked for, and awaited before anything must be settled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Behind:
    """What fails here is found by whoever sweeps; a crash cuts it off just so."""

    def __init__(self) -> None:
        self._going: dict[str, asyncio.Future[object]] = {}

    def begin(self, key: str, work: Awaitable[object]) -> None:
        going = asyncio.ensure_future(work)
        self._going[key] = going
        going.add_done_callback(lambda done: self._over(key, done))

    def _over(self, key: str, done: asyncio.Future[object]) -> None:
        if self._going.get(key) is done:
            del self._going[key]
        if not done.cancelled():
            done.exception()  # looked at: nobody else will

    def is_going(self, key: str) -> bool:
        return key in self._going

    async def settled(self) -> None:
        while self._going:
            await asyncio.wait(self._going.values())
