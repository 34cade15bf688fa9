"""A session bus with a key ring on it: org.freedesktop.secrets, as little of it as a client of logins uses."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jeepney import HeaderFields, message_bus, new_error, new_method_return
from jeepney.io.asyncio import open_dbus_connection

from tests.support.processes import running, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_COLLECTION = "/org/freedesktop/secrets/collection/login"


@dataclass
class KeyRing:
    """`items` by object path: attributes and secret."""

    address: str
    items: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    _made: int = 0

    def answer(self, path: str, method: str, body: Any) -> tuple[str, Any]:
        """Signature and body of the reply; KeyError for what is not there."""
        if method == "OpenSession":
            return "vo", (("s", ""), "/org/freedesktop/secrets/session/1")
        if method == "ReadAlias":
            return "o", (_COLLECTION,)
        if method == "SearchItems":
            wanted = body[0].items()
            return "aoao", ([one for one, (has, _) in self.items.items() if wanted <= has.items()], [])
        if method == "Unlock":
            return "aoo", (body[0], "/")
        if method == "CreateItem":
            self._made += 1
            item = f"{_COLLECTION}/{self._made}"
            attributes = dict(body[0]["org.freedesktop.Secret.Item.Attributes"][1])
            self.items[item] = (attributes, bytes(body[1][2]))
            return "oo", (item, "/")
        if method == "GetSecret":
            return "(oayays)", ((body[0], b"", self.items[path][1], "text/plain"),)
        if method == "Delete":
            del self.items[path]
            return "o", ("/",)
        if method == "Get":
            return "v", (("a{ss}", self.items[path][0]),)
        raise KeyError(method)


@asynccontextmanager
async def serve_key_ring(place: Path) -> AsyncIterator[KeyRing]:
    socket = place / "bus"
    argv = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={socket}"]
    with running(argv, log=place / "dbus.log"):
        await asyncio.to_thread(wait_until, socket.exists, "the session bus")
        ring = KeyRing(f"unix:path={socket}")
        connection = await open_dbus_connection(bus=ring.address)
        serving = asyncio.create_task(_serve(connection, ring))
        try:
            yield ring
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            with contextlib.suppress(OSError):
                await connection.close()


async def _serve(connection: Any, ring: KeyRing) -> None:
    await connection.send(message_bus.RequestName("org.freedesktop.secrets"))
    while True:
        message = await connection.receive()
        fields = message.header.fields
        if message.header.message_type.name != "method_call":
            continue
        try:
            signature, body = ring.answer(fields[HeaderFields.path], fields[HeaderFields.member], message.body)
            await connection.send(new_method_return(message, signature, body))
        except KeyError as error:
            await connection.send(new_error(message, "org.freedesktop.Secret.Error.NoSuchObject", "s", (str(error),)))
