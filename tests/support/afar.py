"""A real engine as another Wherry, or a window there, holds it: by a socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine
    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

SECONDS = 20.0


@asynccontextmanager
async def seen_from_afar(engine: Engine, store: ShortTmp) -> AsyncIterator[RemoteEngine]:
    """`store` is that of whoever looks."""
    from engine.api.server import ApiServer

    server = ApiServer(engine, store.run / "there" / "docker.sock")
    await server.start()
    try:
        async with remote(f"unix://{store.run}/there/docker.sock", store) as afar:
            yield afar
    finally:
        await server.close()


@asynccontextmanager
async def remote(address: str, store: ShortTmp, *, connected: bool = True) -> AsyncIterator[RemoteEngine]:
    """The engine at an address."""
    from engine.machines.machine_list import Entry
    from engine.remote.engine import RemoteEngine

    made = RemoteEngine(Entry("there", address), run=store.run, store=store.root, told=lambda: None)
    made.begin()
    try:
        if connected:
            assert await made.connected(SECONDS), made.condition
        yield made
    finally:
        await made.close()
