"""What the removals of all kinds share: several objects as one piece of work, and the words of the bar."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.errors import Code, WherryError
from gui.actions.several import raise_failures
from gui.words import named_or_counted, translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gui.bridge import Engine

_AT_ONCE = 8


def each(keys: Sequence[str], remove: Callable[[Engine, str], Awaitable[Any]]) -> Callable[[Engine], Awaitable[None]]:
    """Remove them all, a few at a time; what failed is raised after each has been tried."""

    async def work(engine: Engine) -> None:
        room = asyncio.Semaphore(_AT_ONCE)

        async def remove_one(key: str) -> None:
            async with room:
                try:
                    await remove(engine, key)
                except WherryError as error:
                    if error.code is not Code.NOT_FOUND:  # gone already is what was wanted
                        raise

        results = await asyncio.gather(*(remove_one(key) for key in keys), return_exceptions=True)
        raise_failures(keys, keys, results)

    return work


def removed_words(names: Sequence[str], several: str) -> str:
    """ "Removed web", or `several`, which tells how many."""
    return named_or_counted(names, translate("Removal", "Removed {0}"), several)
