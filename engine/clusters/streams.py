"""Exec and port-forward: channels over one websocket, as the API server has spoken them since 1.4."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Literal

from aiohttp import WSMsgType

from engine.clusters.watching import path_of
from engine.errors import ClusterError, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AsyncExitStack

    from aiohttp import ClientWebSocketResponse

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterKind

_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_EXEC = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_FORWARD = ("v4.channel.k8s.io",)
_PIECE = 64 << 10
_NOT_STARTED = 126


class ClusterExec:
    """A command in a pod's container. Implements `facade.ByteStream`."""

    def __init__(self, stack: AsyncExitStack, socket: ClientWebSocketResponse) -> None:
        self._stack = stack
        self._socket = socket
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._failure = ""

    @classmethod
    async def start(
        cls,
        connection: Connection,
        pods: ClusterKind,
        namespace: str,
        pod: str,
        command: Sequence[str],
        *,
        container: str = "",
        tty: bool = False,
        stdin: bool = False,
    ) -> ClusterExec:
        params = [("command", word) for word in command]
        wishes = {"stdout": True, "stderr": not tty, "stdin": stdin, "tty": tty}
        params += [(name, "true") for name, on in wishes.items() if on]
        params += [("container", container)] if container else []
        stack = contextlib.AsyncExitStack()
        socket = await stack.enter_async_context(
            connection.socket(path_of(pods, namespace, pod, "exec"), params, _EXEC)
        )
        return cls(stack, socket)

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                    self._ended(0 if not self._failure else _NOT_STARTED)
                    return None
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == _ERROR:
                self._note(data)
            elif channel in (_STDOUT, _STDERR) and data:
                return ("stdout" if channel == _STDOUT else "stderr"), data

    def _note(self, data: bytes) -> None:
        """The end, as a Status."""
        try:
            status = json.loads(data)
        except ValueError:
            return
        if status.get("status") == "Success":
            self._ended(0)
            return
        causes = (status.get("details") or {}).get("causes") or ()
        code = next((each["message"] for each in causes if each.get("reason") == "ExitCode"), "")
        self._failure = "" if code else str(status.get("message") or "")
        self._ended(int(code) if str(code).isdigit() else _NOT_STARTED)

    def _ended(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            await self._socket.send_bytes(bytes([_STDIN]) + data[start : start + _PIECE])

    async def close_stdin(self) -> None:
        """Only the fifth version of the protocol can say it."""
        if self._socket.protocol == _EXEC[0]:
            await self._socket.send_bytes(bytes([_CLOSE, _STDIN]))

    async def resize(self, rows: int, columns: int) -> None:
        size = json.dumps({"Width": columns, "Height": rows}).encode()
        await self._socket.send_bytes(bytes([_RESIZE]) + size)

    async def exit_code(self) -> int:
        """Known when all was read. Raises where the command never ran."""
        code = await self._code
        if self._failure:
            raise RuntimeFailure("The command could not be run in the pod", self._failure, exit_code=code)
        return code

    async def close(self) -> None:
        await self._stack.aclose()


async def forward_connection(
    connection: Connection,
    pods: ClusterKind,
    place: tuple[str, str],
    port: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """One connection into a pod, until either side ends it. `place` is namespace and pod."""
    namespace, pod = place
    path = path_of(pods, namespace, pod, "portforward")
    async with connection.socket(path, [("ports", str(port))], _FORWARD) as socket:
        up = asyncio.create_task(_upwards(reader, socket))
        try:
            await _downwards(socket, writer)
        finally:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _upwards(reader: asyncio.StreamReader, socket: ClientWebSocketResponse) -> None:
    while data := await reader.read(_PIECE):
        await socket.send_bytes(b"\0" + data)
    # The protocol has no half-closed connections: what the pod still says is awaited by the other direction.


async def _downwards(socket: ClientWebSocketResponse, writer: asyncio.StreamWriter) -> None:
    """Each of both channels begins with the port's number, once."""
    greeted: set[int] = set()
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        if channel not in greeted:
            greeted.add(channel)
            data = data[2:]
        if channel == 1 and data:
            raise ClusterError("The pod's port cannot be reached", data.decode(errors="replace"))
        if data:
            writer.write(data)
            await writer.drain()
