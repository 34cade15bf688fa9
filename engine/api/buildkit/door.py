"""Where the connections come in: `/grpc`, on which the client calls, and `/session`, on which it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.buildkit.connections.wires import Wire
from engine.api.http.hijack import hijack
from engine.api.http.statuses import Refusal

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.hijack import RawStream

_SESSION = "X-Docker-Expose-Session-"


class _Raw(Wire):
    def __init__(self, raw: RawStream) -> None:
        self._raw = raw

    async def read(self) -> bytes:
        return await self._raw.incoming.read()

    async def write(self, data: bytes) -> None:
        await self._raw.send("stdout", data)

    def end(self) -> None:
        self._raw.end()

    def abort(self) -> None:
        self._raw.abort()


async def grpc(call: Call) -> web.StreamResponse:
    """The client calls: what BuildKit's daemon would serve."""
    _must_upgrade(call)
    from engine.api.buildkit.bridge import Bridge  # nobody pays for it who has no such client
    from engine.api.buildkit.connections.transport import serve
    from engine.api.buildkit.control import Control

    engine, jobs, sessions = call.engine, call.served.buildkit.jobs, call.served.buildkit.sessions

    past = call.served.buildkit.past(engine)

    async def talk(raw: RawStream) -> None:
        await serve(_Raw(raw), [Control(engine, jobs, sessions, past), Bridge(engine, jobs, sessions), past])

    return await hijack(call.request, tty=True, version=call.version, talk=talk)


async def session(call: Call) -> web.StreamResponse:
    """The client serves: its files, secrets, agents and logins, for as long as it stays."""
    _must_upgrade(call)
    headers = call.request.headers
    uuid = headers.get(f"{_SESSION}Uuid", "")
    sessions = call.served.buildkit.sessions
    if not uuid or uuid in sessions:
        raise Refusal(400, f"the session {uuid[:80]!r} has no id of its own")
    methods = frozenset(method.lower() for method in headers.getall(f"{_SESSION}Grpc-Method", []))

    async def talk(raw: RawStream) -> None:
        await sessions.hold(_Raw(raw), uuid, headers.get(f"{_SESSION}Sharedkey", ""), methods)

    return await hijack(call.request, tty=True, version=call.version, talk=talk)


def _must_upgrade(call: Call) -> None:
    if call.request.headers.get("Upgrade", "").lower() != "h2c":
        raise Refusal(400, "this is for clients that go on in HTTP/2: ask for the upgrade h2c")
