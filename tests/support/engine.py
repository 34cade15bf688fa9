"""The real engine, opened in a private store and closed with everything it started."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine
    from tests.support.stores import ShortTmp


@asynccontextmanager
async def opened_engine(store: ShortTmp) -> AsyncIterator[Engine]:
    """For tests that open the same store more than once (a crash, a second start)."""
    # Not at the top: the unit tests of one room must not need all of them.
    from engine.embedded import open_engine

    engine = await open_engine(store.root, store.run)
    try:
        yield engine
    finally:
        await engine.close(stop_containers=True)
