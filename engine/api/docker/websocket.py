"""Attaching by WebSocket, as consoles in browsers do: each message is bytes of the terminal, and nothing is framed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from engine.api.docker.lookups import docker_words
from engine.api.http.statuses import Refusal
from engine.types.containers import State

if TYPE_CHECKING:
    from engine.api.call import Call
    from engine.facade import ByteStream

_LARGEST_MESSAGE = 1 << 20


async def attach_by_websocket(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    if container.state in (State.PAUSED, State.REMOVING, State.DEAD):
        raise Refusal(409, f"container {container.name} is {container.state.value}: it cannot be attached to")
    socket = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE, compress=False, autoclose=True)
    if not socket.can_prepare(call.request):
        raise Refusal(400, "this is no request for a WebSocket")
    stdin = call.flag("stdin") and container.spec.stdin_open
    stream = await call.engine.containers.attach(
        container.id, stdin=stdin, logs=call.flag("logs"), stream=call.flag("stream")
    )
    wanted = {"stdout": call.flag("stdout"), "stderr": call.flag("stderr")}
    try:
        await socket.prepare(call.request)
        await _carry(socket, stream, wanted, stdin=stdin, binary=call.at_least(28))
    finally:
        await stream.close()
    return socket


async def _carry(
    socket: web.WebSocketResponse, stream: ByteStream, wanted: dict[str, bool], *, stdin: bool, binary: bool
) -> None:
    """Until the process has ended its output, or the client has gone."""
    outwards = asyncio.ensure_future(_to_client(socket, stream, wanted, binary=binary))
    inwards = asyncio.ensure_future(_to_process(socket, stream, stdin=stdin))
    try:
        await asyncio.wait({outwards, inwards}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (outwards, inwards):
            task.cancel()
        await asyncio.gather(outwards, inwards, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await socket.close()


async def _to_client(
    socket: web.WebSocketResponse, stream: ByteStream, wanted: dict[str, bool], *, binary: bool
) -> None:
    while (piece := await stream.read()) is not None:
        name, data = piece
        if not wanted[name]:
            continue
        if binary:
            await socket.send_bytes(data)
        else:
            await socket.send_str(data.decode("utf-8", "replace"))


async def _to_process(socket: web.WebSocketResponse, stream: ByteStream, *, stdin: bool) -> None:
    async for message in socket:
        if not stdin:
            continue
        if message.type is WSMsgType.BINARY:
            await stream.write(message.data)
        elif message.type is WSMsgType.TEXT:
            await stream.write(message.data.encode())
