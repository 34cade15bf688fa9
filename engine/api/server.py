"""The unix socket: who may connect, how it comes and goes, and the life of the HTTP server behind it.

    server = ApiServer(engine, paths.socket)
    await server.start()      # raises Conflict(STORE_LOCKED) where a living server already answers there
    ...
    await server.close()      # ends streams, removes the socket

The owner of the engine starts it: the window, or `wherry serve`. A headless owner passes `on_release`, called when the
window asks to take over (`engine.api.takeover`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from engine import socket_folder, whereabouts
from engine.api.http.hijack import Connection
from engine.api.router import Router
from engine.api.routes import ROUTES
from engine.api.served import Served
from engine.errors import Code, Conflict, HostError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.facade import Engine

_SUN_PATH_BYTES = 107
_CLOSE_SECONDS = 2.0
_BACKLOG = 256
_HEAD_BYTES = 64 * 1024
"""Credentials travel in headers and filters in the first line: both may be longer than usual."""


class ApiServer:
    """Serves one engine on one socket; start and close it on the engine's loop."""

    def __init__(
        self,
        engine: Engine,
        socket_path: str | Path,
        *,
        on_release: Callable[[], None] | None = None,
        passing: bool = False,
    ) -> None:
        self._served = Served(engine, Path(socket_path), on_release, passing)
        self._router = Router(ROUTES)
        self._runner: web.ServerRunner | None = None
        self._inode = 0
        self._calls = 0
        self._quiet_since = time.monotonic()

    @property
    def socket_path(self) -> Path:
        return self._served.socket_path

    @property
    def idle_seconds(self) -> float:
        """How long no request has been under way; 0 while one is."""
        return 0.0 if self._calls else time.monotonic() - self._quiet_since

    async def start(self) -> None:
        """Listen. Replaces a stale socket; refuses to push aside a living server."""
        listener = await self._bind()
        server = _Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            max_line_size=_HEAD_BYTES,
            max_field_size=_HEAD_BYTES,
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=_CLOSE_SECONDS)
        await runner.setup()
        self._runner = runner
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()

    async def close(self) -> None:
        """Stop listening, end every stream, leave no file behind."""
        self._unlink_own_socket()
        runner, self._runner = self._runner, None
        if runner is not None:
            if runner.server is not None:
                for connection in runner.server.connections:
                    connection.force_close()
            await runner.cleanup()
        await self._served.execs.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._calls += 1
        try:
            return await self._router.dispatch(self._served, request)
        finally:
            self._calls -= 1
            self._quiet_since = time.monotonic()

    async def _bind(self) -> socket.socket:
        path = self.socket_path
        if len(os.fsencode(path)) > _SUN_PATH_BYTES - 12:
            raise InvalidRequest(
                "The socket's path is too long",
                f"{path} is longer than the kernel's {_SUN_PATH_BYTES} bytes allow.",
                hint="Choose a shorter runtime directory with --run or WHERRY_RUN.",
                subject=str(path),
            )
        _private_directory(path.parent)
        if await _answers(path):
            raise Conflict(
                "Another engine serves this socket",
                f"{path} is answered by a living process.",
                code=Code.STORE_LOCKED,
                subject=str(path),
            )
        # Bound under another name and renamed, so that the socket is never seen with wider rights, and a stale one is
        # replaced in one step.
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            listener.setblocking(False)  # noqa: FBT003 - its name says what
            listener.bind(str(fresh))
            fresh.chmod(0o600)
            # Listening before the rename: whoever sees the name can connect.
            listener.listen(_BACKLOG)
            fresh.rename(path)
            self._inode = path.stat().st_ino
            socket_folder.show(path)
        except OSError:
            listener.close()
            fresh.unlink(missing_ok=True)
            raise
        return listener

    def _unlink_own_socket(self) -> None:
        try:
            if self._inode and self.socket_path.stat().st_ino == self._inode:
                self.socket_path.unlink()
                socket_folder.hide(self.socket_path)
        except FileNotFoundError:
            pass
        self._inode = 0


class _Server(web.Server):
    """Makes our own connection objects: they check the peer, and can be hijacked."""

    def __call__(self) -> Connection:
        return Connection(self, loop=self._loop, **self._kwargs)


def _private_directory(path: Path) -> None:
    """Where the socket lies; anybody who could rename it could put another in its place."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    trouble = whereabouts.stranger_on_the_way(str(path))
    facts = path.stat()
    if not trouble and facts.st_uid != os.getuid():
        trouble = f"{path} belongs to user {facts.st_uid}"
    if trouble:
        raise HostError(
            "The runtime directory is not private",
            f"{trouble}; a socket there could be taken for another's.",
            hint="Choose another with --run or WHERRY_RUN.",
            subject=str(path),
        )
    if facts.st_mode & 0o067:
        # What is left is root's, and lets the group of its containers' root pass.
        path.chmod(facts.st_mode & ~0o077)


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(path)), 2.0)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return False
    except TimeoutError:
        # A full backlog of a process that no longer accepts: it lives.
        return True
    writer.close()
    return True
