"""Kubernetes clusters below `/wherry/clusters`: each call says in its body which cluster is meant."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from engine.api.call import encode
from engine.api.docker.containers import window_size
from engine.api.http.hijack import converse, hijack
from engine.api.http.statuses import Refusal
from engine.errors import WherryError
from engine.types.clusters import ClusterExecRequest, ClusterLogs, ClusterPlace
from engine.types.data import Data

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.hijack import RawStream
    from engine.facade_afar import ClusterSession

_MOST_SESSIONS = 200


class Asked(Data, frozen=True, kw_only=True):
    """What any of the calls may need beside the place."""

    place: ClusterPlace = ClusterPlace()
    kind: str = ""
    name: str = ""
    selector: str = ""
    target: str = ""
    texts: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    force: bool = False
    number: int = 0
    local_port: int = 0
    logs: ClusterLogs | None = None
    exec: ClusterExecRequest | None = None
    container: str = ""
    path: str = ""
    """In the pod."""
    file: str = ""
    """Of this computer."""


async def contexts(call: Call) -> web.StreamResponse:
    return _plain(call, list(await call.engine.clusters.contexts((await call.json(Asked)).place)))


async def kinds(call: Call) -> web.StreamResponse:
    return _plain(call, list(await call.engine.clusters.kinds((await call.json(Asked)).place)))


async def get(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    found = await call.engine.clusters.get(asked.place, asked.kind, asked.name, selector=asked.selector)
    return call.answer({"items": list(found)})


async def differences(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    return _plain(call, list(await call.engine.clusters.differences(asked.place, asked.texts, force=asked.force)))


async def apply(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    return _plain(call, list(await call.engine.clusters.apply(asked.place, asked.texts, force=asked.force)))


async def delete(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    if asked.texts:
        return _plain(call, list(await call.engine.clusters.delete_files(asked.place, asked.texts)))
    await call.engine.clusters.delete(asked.place, asked.kind, asked.name)
    return _plain(call, [f"{asked.kind}/{asked.name}"])


async def scale(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    await call.engine.clusters.scale(asked.place, asked.target, asked.number)
    return call.empty()


async def restart(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    await call.engine.clusters.restart(asked.place, asked.target)
    return call.empty()


async def rollout(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    return _plain(call, await call.engine.clusters.rollout(asked.place, asked.target))


async def undo(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    return _plain(call, await call.engine.clusters.undo(asked.place, asked.target, revision=asked.number))


async def usage(call: Call) -> web.StreamResponse:
    return _plain(call, list(await call.engine.clusters.usage((await call.json(Asked)).place)))


async def logs(call: Call) -> web.StreamResponse:
    """A JSON line for each line; an error is the last."""
    asked = await call.json(Asked)
    response = await call.stream()
    try:
        async with aclosing(  # type: ignore[type-var]
            call.engine.clusters.logs(asked.place, asked.logs or ClusterLogs(target=asked.target))
        ) as lines:
            async for line in lines:
                await response.write(encode(msgspec.to_builtins(line)))
    except WherryError as error:
        await response.write(encode({"error": str(error)}))
    await response.write_eof()
    return response


async def exec_(call: Call) -> web.StreamResponse:
    """Output piece by piece, and at the end the exit code. Nothing is put in."""
    asked = await call.json(Asked)
    if asked.exec is None:
        raise Refusal(400, "it is not said what to run (exec)")
    session = await call.engine.clusters.exec(asked.place, asked.exec)
    response = await call.stream()
    try:
        while (piece := await session.read()) is not None:
            await response.write(encode({"stream": piece[0], "text": piece[1].decode(errors="replace")}))
        try:
            await response.write(encode({"code": await session.exit_code()}))
        except WherryError as error:
            await response.write(encode({"error": str(error)}))
    finally:
        await session.close()
    await response.write_eof()
    return response


async def session(call: Call) -> web.StreamResponse:
    """A command whose input and output become the connection; `name` is the client's own word for it."""
    asked = await call.json(Asked)
    if asked.exec is None or not asked.name:
        raise Refusal(400, "it is not said what to run (exec) or how it is called (name)")
    request, sessions = asked.exec, call.served.cluster_sessions
    running = sessions[asked.name] = await call.engine.clusters.exec(asked.place, request)
    while len(sessions) > _MOST_SESSIONS:
        del sessions[next(iter(sessions))]

    async def talk(raw: RawStream) -> None:
        try:
            await converse(raw, running, stdin=request.stdin)
        finally:
            await running.close()

    return await hijack(call.request, tty=request.tty, version=call.version, talk=talk)


async def resize(call: Call) -> web.StreamResponse:
    rows, columns = window_size(call)
    await _session(call).resize(rows, columns)
    return call.empty()


async def ended(call: Call) -> web.StreamResponse:
    """Of a command whose output was read to its end."""
    return call.answer({"code": await _session(call).exit_code()})


def _session(call: Call) -> ClusterSession:
    found = call.served.cluster_sessions.get(call.words["id"])
    if found is None:
        raise Refusal(404, "no such command runs in a pod")
    return found


async def watch(call: Call) -> web.StreamResponse:
    """A JSON line for each change, without an end of its own. What cannot be watched is refused before the first."""
    asked = await call.json(Asked)

    async def lines() -> AsyncGenerator[bytes, None]:
        changes = call.engine.clusters.watch(asked.place, asked.kind, selector=asked.selector)
        async with aclosing(changes):  # type: ignore[type-var]
            async for change in changes:
                yield encode(msgspec.to_builtins(change))

    return await call.send(lines(), "application/json")


async def copy_out(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    count = await call.engine.clusters.copy_out(
        asked.place, asked.target, asked.path, asked.file, container=asked.container
    )
    return call.answer({"files": count})


async def copy_in(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    count = await call.engine.clusters.copy_in(
        asked.place, asked.target, asked.file, asked.path, container=asked.container
    )
    return call.answer({"files": count})


async def put_back(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    return _plain(call, list(await call.engine.clusters.put_back(asked.place, asked.texts)))


async def forward(call: Call) -> web.StreamResponse:
    asked = await call.json(Asked)
    made = await call.engine.clusters.forward(asked.place, asked.target, asked.number, local_port=asked.local_port)
    return _plain(call, made)


async def forwards(call: Call) -> web.StreamResponse:
    return _plain(call, list(await call.engine.clusters.forwards()))


async def stop_forward(call: Call) -> web.StreamResponse:
    await call.engine.clusters.stop_forward(call.words["id"])
    return call.empty()


def _plain(call: Call, value: Any) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(value))
