"""A registry in this process that misbehaves as a test tells it to, and remembers every request it got."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from engine.registry.client import RegistryClient
from engine.registry.logins import Logins
from engine.registry.settings import RegistryBook
from engine.registry.transport import Limits, Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from engine.types.images import RegistrySettings

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

IMPATIENT = Limits(connect=2.0, silence=0.3, tries=3, first_pause=0.01, longest_pause=2.0)


@dataclass
class NastyRegistry:
    """`routes` maps a path prefix to a handler; what no route takes gets 404."""

    port: int = 0
    routes: dict[str, Handler] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def hang(self, request: web.Request) -> web.StreamResponse:
        """Answer nothing until the server stops."""
        await self._released.wait()
        return web.Response(status=500)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        for prefix in sorted(self.routes, key=len, reverse=True):
            if request.path.startswith(prefix):
                return await self.routes[prefix](request)
        return web.json_response({"errors": [{"code": "NAME_UNKNOWN", "message": "unknown to registry"}]}, status=404)

    def release(self) -> None:
        self._released.set()

    def seen(self, prefix: str) -> list[web.Request]:
        return [request for request in self.requests if request.path.startswith(prefix)]


@asynccontextmanager
async def serve_nastily(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[NastyRegistry]:
    registry = NastyRegistry()
    server = web.Server(cast("Any", registry.handle), access_log=None)  # it gets whole requests, whatever its type says
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    registry.port = runner.addresses[0][1]
    try:
        yield registry
    finally:
        registry.release()
        await runner.cleanup()


async def no_helper(name: str, _verb: str, _message: bytes) -> bytes:
    raise FileNotFoundError(name)


@asynccontextmanager
async def client_for(
    place: Path, settings: Sequence[RegistrySettings] = (), *, logins: Logins | None = None, limits: Limits = IMPATIENT
) -> AsyncIterator[RegistryClient]:
    """A client without logins of its own, in a hurry."""
    transport = Transport(logins or Logins(place / "logins.json", helper=no_helper, config_files=[]), limits=limits)
    try:
        yield RegistryClient(transport, RegistryBook(settings))
    finally:
        await transport.close()


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def answer(body: bytes = b"", *, status: int = 200, **headers: str) -> Handler:
    """A handler that always answers the same."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handle


def in_turn(*handlers: Handler) -> Handler:
    """One handler after the other; the last one stays."""
    waiting = list(handlers)

    async def handle(request: web.Request) -> web.StreamResponse:
        return await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request)

    return handle


def blob(data: bytes, *, break_after: int | None = None, ranges: bool = True) -> Handler:
    """Serve a blob; break the connection after so many bytes of the answer, or honour no ranges."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range", "") if ranges else ""
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        response = web.StreamResponse(status=206 if asked else 200)
        response.content_length = len(data) - start
        if asked:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await response.prepare(request)
        part = data[start:] if break_after is None else data[start : start + break_after]
        await response.write(part)
        if break_after is not None and request.transport is not None:
            request.transport.abort() if hasattr(request.transport, "abort") else request.transport.close()
        return response

    return handle


def strict_blob(data: bytes, *, parts: bool = True) -> Handler:
    """Serve a blob as real registries do: a part that begins at its end is refused (or any part, without `parts`)."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and (start >= len(data) or not parts):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
        return await blob(data)(request)

    return handle


def endless(piece: bytes, sent: list[int]) -> Handler:
    """An answer that goes on until the client has had enough; `sent` gets the length of every piece."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(piece)
                sent.append(len(piece))
        return response

    return handle
