"""The engine as a window owns it: taken over from a headless owner, and served on its socket while the settings say so.

`engine.embedded` knows nothing of the socket, and the socket's server nothing of stores; the two meet here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.embedded import open_engine
from engine.errors import Code, Conflict, WherryError
from engine.storage.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from engine.api.server import ApiServer
    from engine.embedded import EmbeddedEngine
    from engine.types.host import Settings

_log = logging.getLogger(__name__)
_FIRST_SIGHT_SECONDS = 0.3


async def open_owned_engine(root: Path | None = None, run: Path | None = None) -> EmbeddedEngine:
    """Open the store, asking a headless engine that has it to let go; containers notice nothing of that."""
    try:
        engine = await open_engine(root, run)
    except Conflict as error:
        from engine.api.takeover import take_over  # rarely needed, and HTTP takes long to load

        if error.code is not Code.STORE_LOCKED or not await take_over(_paths(root, run).socket):
            raise
        engine = await open_engine(root, run)
    switch = SocketSwitch(engine)
    engine.on_close(switch.close)
    switch.begin()
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
        self._closing = asyncio.Event()
        self._following: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Serve soon: who opened the engine shows it first, and nobody waits for the server's code to load."""
        self._start(self._begin())

    def settings_changed(self, settings: Settings) -> None:
        self._start(self.follow(settings))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="socket switch")
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _begin(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), _FIRST_SIGHT_SECONDS)
            return
        await asyncio.to_thread(import_module, "engine.api.server")
        await self.follow(self._engine.settings.current)

    async def follow(self, settings: Settings) -> None:
        from engine.api.server import ApiServer

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
        self._closing.set()
        await asyncio.gather(*self._following, return_exceptions=True)
        async with self._lock:
            if self._server is not None:
                await self._server.close()
                self._server = None
