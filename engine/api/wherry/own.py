"""What Docker's API has no word for, below `/wherry/`: who owns the engine, handing it over, the doctor's report."""

from __future__ import annotations

import os
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from engine.api.call import encode
from engine.api.docker.credentials import login_in
from engine.api.http.statuses import Refusal
from engine.api.http.versions import VERSION
from engine.types.images import ProxySettings, RegistrySettings

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call

_MOST_PORT = 65535


async def owner(call: Call) -> web.StreamResponse:
    """Which process serves, where its store is, and whether it would let go."""
    facts = await call.engine.host.facts()
    return call.answer(
        {
            "version": VERSION,
            "pid": os.getpid(),
            "root": facts.root,
            "run": facts.run,
            "socket": str(call.served.socket_path),
            "headless": call.served.on_release is not None,
        }
    )


async def release(call: Call) -> web.StreamResponse:
    """The window asks a headless owner to end; containers go on, and the window opens the store after it."""
    if call.flag("passing") and not call.served.passing:
        raise Refusal(409, "this engine is meant to stay")
    if call.served.on_release is None:
        raise Refusal(409, "the window holds the engine and does not hand it over")
    call.served.on_release()
    return call.answer({"released": True})


async def doctor(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.host.report()))


async def check_store(call: Call) -> web.StreamResponse:
    """For `wherry doctor --store`: only the process that has the store open may look into it."""
    return call.answer(
        msgspec.to_builtins(list(await call.engine.host.check_store(mend=call.flag("mend"), deep=call.flag("deep"))))
    )


async def operations(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(list(await call.engine.operations.list())))


async def cancel_operation(call: Call) -> web.StreamResponse:
    await call.engine.operations.cancel(call.words["id"])
    return call.empty()


async def death_report(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.containers.death_report(call.words["id"])))


async def reach(call: Call) -> web.StreamResponse:
    """Whether one container reaches another, and what stops it first."""
    port = call.text("port") or "0"
    if not port.isdecimal() or int(port) > _MOST_PORT:
        raise Refusal(400, f"{port[:20]} is no port")
    found = await call.engine.networks.explain(call.text("from"), call.text("to"), int(port))
    return call.answer({**msgspec.to_builtins(found), "reaches": found.reaches})


async def watch_names(call: Call) -> web.StreamResponse:
    """Names that containers ask for and places that are refused, a line each, until the client leaves."""
    wanted = {call.text("container")} if call.text("container") else set()
    response = await call.stream()
    async with aclosing(call.engine.networks.watch_names()) as batches:  # type: ignore[type-var]
        async for batch in batches:
            for each in batch:
                if not wanted or wanted & {each.container, each.container_id, each.container_id[:12]}:
                    await response.write(encode(msgspec.to_builtins(each)))
    return response


async def peers(call: Call) -> web.StreamResponse:
    """Whom containers talked to, and how many bytes went each way."""
    async with aclosing(call.engine.networks.watch_peers(call.text("container"))) as readings:  # type: ignore[type-var]
        found = await anext(readings)
    names = {each.id: each.name for each in await call.engine.containers.list()}
    return call.answer([{**msgspec.to_builtins(each), "container": names.get(each.container_id, "")} for each in found])


async def door(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.door.status()))


async def set_door(call: Call) -> web.StreamResponse:
    """What the body does not name stays as it is."""
    wanted = await call.json(_DoorBody)
    now = (await call.engine.door.status()).settings
    given = {name: value for name in ("on", "port", "tls") if (value := getattr(wanted, name)) is not None}
    return call.answer(msgspec.to_builtins(await call.engine.door.change(msgspec.structs.replace(now, **given))))


async def logins(call: Call) -> web.StreamResponse:
    """Known servers and user names; the facade gives out no passwords."""
    known = await call.engine.images.logins()
    return call.answer([{"server": each.server, "username": each.username} for each in known])


async def keep_login(call: Call) -> web.StreamResponse:
    """Try one and keep it for the engine itself; says how it was kept."""
    return call.answer({"kept": await call.engine.images.login(await login_in(call))})


async def logout(call: Call) -> web.StreamResponse:
    server = call.text("server")
    if not server:
        raise Refusal(400, "no server was named")
    await call.engine.images.logout(server)
    return call.empty()


async def registries(call: Call) -> web.StreamResponse:
    """How they are reached, the proxies, and the file where both stand."""
    facts = await call.engine.host.facts()
    settings = await call.engine.images.registry_settings()
    return call.answer(
        {
            "file": os.path.join(facts.root, "registries.toml"),
            "registries": msgspec.to_builtins(list(settings)),
            "proxy": msgspec.to_builtins(await call.engine.images.proxy_settings()),
        }
    )


async def set_registry(call: Call) -> web.StreamResponse:
    """The settings of one, new or other."""
    wanted = await call.json(_RegistryBody)
    host = call.words["host"]
    settings = RegistrySettings(
        host=host,
        insecure=wanted.insecure,
        mirrors=tuple(wanted.mirrors),
        ca_file=wanted.ca_file,
        client_certificate=wanted.client_certificate,
        client_key=wanted.client_key,
    )
    known = [one for one in await call.engine.images.registry_settings() if one.host != host]
    await call.engine.images.set_registry_settings([*known, settings])
    return call.answer(msgspec.to_builtins(settings))


async def forget_registry(call: Call) -> web.StreamResponse:
    known = await call.engine.images.registry_settings()
    kept = [one for one in known if one.host != call.words["host"]]
    if len(kept) == len(known):
        raise Refusal(404, f"there are no settings for the registry {call.words['host'][:200]}")
    await call.engine.images.set_registry_settings(kept)
    return call.empty()


async def set_proxies(call: Call) -> web.StreamResponse:
    wanted = await call.json(ProxySettings)
    await call.engine.images.set_proxy_settings(wanted)
    return call.answer(msgspec.to_builtins(wanted))


class _DoorBody(msgspec.Struct):
    on: bool | None = None
    port: int | None = None
    tls: bool | None = None


class _RegistryBody(msgspec.Struct):
    insecure: bool = False
    mirrors: list[str] = []
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
