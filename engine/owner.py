"""The engine as a window owns it: taken over from a headless owner, and served on its socket while the settings say so.

`engine.embedded` knows nothing of the socket, and the socket's server nothing of stores; the two meet here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from engine.api.server import ApiServer
from engine.api.takeover import take_over
from engine.embedded import open_engine
from engine.errors import Code, Conflict, WherryError
from engine.storage.paths import Paths

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.host import Settings

_log = logging.getLogger(__name__)


async def open_owned_engine(root: Path | None = None, run: Path | None = None) -> EmbeddedEngine:
    """Open the store, asking a headless engine that has it to let go; containers notice nothing of that."""
    try:
        engine = await open_engine(root, run)
    except Conflict as error:
        if error.code is not Code.STORE_LOCKED or not await take_over(_paths(root, run).socket):
            raise
        engine = await open_engine(root, run)
    switch = SocketSwitch(engine)
    engine.on_close(switch.close)
    await switch.follow(engine.settings.current)
    engine.settings.on_change(switch.settings_changed)
    return engine


def _paths(root: Path | None, run: Path | None) -> Paths:
    default = Paths.default()
    return Paths(root or default.root, run or default.run)


class SocketSwitch:
    """The server, on or off as the settings have it. That it cannot listen must not keep a window from opening."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._server: ApiServer | None = None
        self._lock = asyncio.Lock()
        self._following: set[asyncio.Task[None]] = set()

    def settings_changed(self, settings: Settings) -> None:
        task = asyncio.get_running_loop().create_task(self.follow(settings), name="socket switch")
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def follow(self, settings: Settings) -> None:
        async with self._lock:
            if settings.api_socket and self._server is None:
                server = ApiServer(self._engine, self._engine.paths.socket)
                try:
                    await server.start()
                except (WherryError, OSError) as error:
                    _log.warning("the Docker API is not served: %s", error)
                    return
                self._server = server
            elif not settings.api_socket and self._server is not None:
                server, self._server = self._server, None
                await server.close()

    async def close(self) -> None:
        await asyncio.gather(*self._following, return_exceptions=True)
        async with self._lock:
            if self._server is not None:
                await self._server.close()
                self._server = None
