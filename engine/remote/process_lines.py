"""Lines to processes by Docker's hijacked streams: exec sessions and attached containers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from engine.errors import MachineError, RuntimeFailure, Unsupported

if TYPE_CHECKING:
    from engine.remote.link import Link
    from engine.types.containers import Exec

_PIECE = 1 << 16
_HEAD = 8
_LOOK_SECONDS = 0.1
_MOST_LOOKS = 50


class HijackedLine:
    """Implements `facade.ByteStream`."""

    def __init__(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, tty: bool, resize: str
    ) -> None:
        self._link = link
        self._reader = reader
        self._writer = writer
        self._tty = tty
        self._resize = resize
        self._ready: deque[tuple[Literal["stdout", "stderr"], bytes]] = deque()
        self._kept = b""
        self._closed = False

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        if self._tty:
            data = await self._more()
            return ("stdout", data) if data else None
        while not self._ready:
            data = await self._more()
            if not data:
                return None
            self._take_apart(data)
        return self._ready.popleft()

    async def _more(self) -> bytes:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = await self._reader.read(_PIECE)
        if not data and not self._closed and (why := await self._link.cut_off(self._writer)):
            raise why
        return data

    def _take_apart(self, data: bytes) -> None:
        self._kept += data
        while len(self._kept) >= _HEAD:
            size = int.from_bytes(self._kept[4:_HEAD], "big")
            if len(self._kept) < _HEAD + size:
                return
            stream: Literal["stdout", "stderr"] = "stderr" if self._kept[0] == 2 else "stdout"
            self._ready.append((stream, self._kept[_HEAD : _HEAD + size]))
            self._kept = self._kept[_HEAD + size :]

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            await self._writer.drain()
        except OSError as error:
            words = "The command has ended, or its line broke off."
            raise RuntimeFailure("Nobody reads what is written there", words) from error

    async def close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    async def resize(self, rows: int, columns: int) -> None:
        await self._link.json("POST", self._resize, {"h": rows, "w": columns})

    async def close(self) -> None:
        self._closed = True
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class RemoteExec(HijackedLine):
    """Implements `facade.ExecSession`."""

    def __init__(self, exec_id: str, *rest: Any, **more: Any) -> None:
        super().__init__(*rest, **more)
        self.id = exec_id
        self.pid = 0

    async def exit_code(self) -> int:
        """The engine may take a moment to know it after the output's end."""
        for _ in range(_MOST_LOOKS):
            facts = await self._link.json("GET", f"/exec/{self.id}/json")
            if not facts.get("Running"):
                return int(facts.get("ExitCode") or 0)
            await asyncio.sleep(_LOOK_SECONDS)
        raise MachineError("The line to the command broke off", "It may still run there.", subject=self.id)

    async def kill(self, signal: str = "KILL") -> None:
        raise Unsupported("A command there cannot be sent a signal", f"Docker's API has none for it ({signal}).")


async def begin_exec(link: Link, container: str, request: Exec) -> RemoteExec:
    body = {
        "AttachStdin": request.stdin, "AttachStdout": True, "AttachStderr": True, "Tty": request.tty,
        "Cmd": list(request.command), "User": request.user, "WorkingDir": request.workdir,
        "Env": [f"{key}={value}" for key, value in request.env.items()], "Privileged": request.privileged,
    }  # fmt: skip
    if request.tty and request.rows:
        body["ConsoleSize"] = [request.rows, request.columns]
    made = await link.json("POST", f"/containers/{quote(container)}/exec", body=body)
    exec_id = str(made["Id"])
    reader, writer = await link.hijack(f"/exec/{exec_id}/start", {"Detach": False, "Tty": request.tty})
    line = RemoteExec(exec_id, link, reader, writer, tty=request.tty, resize=f"/exec/{exec_id}/resize")
    if request.tty and request.rows:
        await line.resize(request.rows, request.columns)
    return line


async def begin_attach(link: Link, container: str, *, tty: bool, stdin: bool, logs: bool, stream: bool) -> HijackedLine:
    words = {"stdin": stdin, "logs": logs, "stream": stream, "stdout": True, "stderr": True}
    query = "&".join(f"{key}=1" for key, value in words.items() if value)
    reader, writer = await link.hijack(f"/containers/{quote(container)}/attach?{query}")
    return HijackedLine(link, reader, writer, tty=tty, resize=f"/containers/{quote(container)}/resize")
