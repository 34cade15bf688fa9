"""The desktop's key ring over D-Bus (org.freedesktop.secrets). Without a bus or a key ring every answer is "no"."""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Properties, message_bus, new_method_call
from jeepney.io.asyncio import open_dbus_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from jeepney.io.asyncio import DBusRouter

_BUS: Final = "org.freedesktop.secrets"
_ROOT: Final = "/org/freedesktop/secrets"
_SERVICE: Final = DBusAddress(_ROOT, bus_name=_BUS, interface="org.freedesktop.Secret.Service")
_APPLICATION: Final = "wherry"
_NO_PROMPT: Final = "/"
_CALL_SECONDS: Final = 5.0
_PROMPT_SECONDS: Final = 120.0  # a person types a password meanwhile
_FAILURES: Final = (OSError, KeyError, ValueError, RuntimeError, DBusErrorResponse, TimeoutError, asyncio.TimeoutError)


class SecretService:
    """Implements `logins.SecretKeeper`. Each call opens the bus anew: logins are rare, and a kept connection would be
    one more thing to survive a log-out."""

    async def store(self, server: str, username: str, secret: str) -> bool:
        properties = {
            "org.freedesktop.Secret.Item.Label": ("s", f"Registry login for {server} (Wherry)"),
            "org.freedesktop.Secret.Item.Attributes": ("a{ss}", {**_attributes(server), "username": username}),
        }
        try:
            async with _session() as (router, session):
                collection = await _default_collection(router)
                if collection == _NO_PROMPT or not await _unlock(router, [collection]):
                    return False
                await _erase(router, server)
                address = DBusAddress(collection, bus_name=_BUS, interface="org.freedesktop.Secret.Collection")
                value = (session, b"", secret.encode(), "text/plain; charset=utf8")
                body = (properties, value, True)
                _, prompt = await _call(router, address, "CreateItem", "a{sv}(oayays)b", body)
                return await _answer_prompt(router, prompt)
        except _FAILURES:
            return False

    async def lookup(self, server: str) -> tuple[str, str] | None:
        try:
            async with _session() as (router, session):
                unlocked, locked = await _search(router, _attributes(server))
                if not unlocked and locked and await _unlock(router, locked):
                    unlocked = locked
                if not unlocked:
                    return None
                (_, _, value, _), attributes = await _read(router, unlocked[0], session)
                return attributes.get("username", ""), bytes(value).decode()
        except _FAILURES:
            return None

    async def erase(self, server: str) -> bool:
        try:
            async with _session() as (router, _):
                return await _erase(router, server)
        except _FAILURES:
            return False

    async def servers(self) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        with contextlib.suppress(*_FAILURES):
            async with _session() as (router, _):
                unlocked, locked = await _search(router, {"application": _APPLICATION})
                for item in (*unlocked, *locked):
                    attributes = await _item_attributes(router, item)
                    found.append((attributes.get("server", ""), attributes.get("username", "")))
        return [one for one in found if one[0]]


def _attributes(server: str) -> dict[str, str]:
    return {"application": _APPLICATION, "server": server}


@asynccontextmanager
async def _session() -> AsyncIterator[tuple[DBusRouter, str]]:
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS", "disabled:").startswith("disabled:"):
        raise OSError("no session bus")
    async with open_dbus_router(bus="SESSION") as router:
        _, path = await _call(router, _SERVICE, "OpenSession", "sv", ("plain", ("s", "")))
        yield router, path


async def _call(router: DBusRouter, address: DBusAddress, method: str, signature: str = "", body: Any = ()) -> Any:
    message = new_method_call(address, method, signature or None, body)
    reply = await asyncio.wait_for(router.send_and_get_reply(message), _CALL_SECONDS)
    if reply.header.message_type.name == "error":
        raise DBusErrorResponse(reply)
    return reply.body


async def _default_collection(router: DBusRouter) -> str:
    (path,) = await _call(router, _SERVICE, "ReadAlias", "s", ("default",))
    return str(path)


async def _search(router: DBusRouter, attributes: dict[str, str]) -> tuple[list[str], list[str]]:
    unlocked, locked = await _call(router, _SERVICE, "SearchItems", "a{ss}", (attributes,))
    return unlocked, locked


async def _unlock(router: DBusRouter, objects: list[str]) -> bool:
    _, prompt = await _call(router, _SERVICE, "Unlock", "ao", (objects,))
    return await _answer_prompt(router, prompt)


async def _answer_prompt(router: DBusRouter, prompt: str) -> bool:
    """The key ring asks the user itself; wait for what came of it."""
    if prompt == _NO_PROMPT:
        return True
    address = DBusAddress(prompt, bus_name=_BUS, interface="org.freedesktop.Secret.Prompt")
    rule = MatchRule(type="signal", interface="org.freedesktop.Secret.Prompt", member="Completed", path=prompt)
    await asyncio.wait_for(router.send_and_get_reply(message_bus.AddMatch(rule)), _CALL_SECONDS)
    with router.filter(rule) as signals:
        await _call(router, address, "Prompt", "s", ("",))
        signal = await asyncio.wait_for(signals.get(), _PROMPT_SECONDS)
    return not signal.body[0]


async def _erase(router: DBusRouter, server: str) -> bool:
    unlocked, locked = await _search(router, _attributes(server))
    for item in (*unlocked, *locked):
        address = DBusAddress(item, bus_name=_BUS, interface="org.freedesktop.Secret.Item")
        (prompt,) = await _call(router, address, "Delete")
        await _answer_prompt(router, prompt)
    return bool(unlocked or locked)


async def _read(router: DBusRouter, item: str, session: str) -> tuple[tuple[str, bytes, bytes, str], dict[str, str]]:
    address = DBusAddress(item, bus_name=_BUS, interface="org.freedesktop.Secret.Item")
    (secret,) = await _call(router, address, "GetSecret", "o", (session,))
    return secret, await _item_attributes(router, item)


async def _item_attributes(router: DBusRouter, item: str) -> dict[str, str]:
    address = DBusAddress(item, bus_name=_BUS, interface="org.freedesktop.Secret.Item")
    message = Properties(address).get("Attributes")
    reply = await asyncio.wait_for(router.send_and_get_reply(message), _CALL_SECONDS)
    if reply.header.message_type.name == "error":
        raise DBusErrorResponse(reply)
    ((_, attributes),) = reply.body
    return dict(attributes)
