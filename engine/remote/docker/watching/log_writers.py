"""Whose log a Docker engine is asked for, and its answer as lines: one container, or all tasks of a swarm's service."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from engine.errors import WherryError
from engine.swarm import shapes
from engine.types.logs import SERVICE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from engine.remote.link import Link

_HEAD = 8
_TASK = b"com.docker.swarm.task.id="


@dataclass
class Writer:
    id: str
    name: str
    path: str
    tty: bool = False
    alive: bool = False
    query: dict[str, object] = field(default_factory=dict)

    async def shown(self, line: bytes) -> bytes:
        """A line with its time before it, as it is kept."""
        return line


class ServiceWriter(Writer):
    """Each line with the name of its task before it. A service of the swarm has a log for as long as it is there."""

    def __init__(self, link: Link, name: str) -> None:
        service = name.removeprefix(SERVICE)
        super().__init__(name, service, f"/services/{quote(service, safe='')}/logs", alive=True)
        self.query = {"details": True}
        self._link = link
        self._names: dict[bytes, bytes] = {}

    async def shown(self, line: bytes) -> bytes:
        """TIME com.docker.swarm.node.id=…,com.docker.swarm.task.id=… TEXT"""
        stamp, _, rest = line.partition(b" ")
        details, _, text = rest.partition(b" ")
        task = next((each.removeprefix(_TASK) for each in details.split(b",") if each.startswith(_TASK)), b"")
        if not task:
            return line
        if task not in self._names:
            await self._learn(task)
        return b"%b %b | %b" % (stamp, self._names[task], text)

    async def _learn(self, task: bytes) -> None:
        """Names of all tasks; one that is gone already keeps the beginning of its id."""
        self._names[task] = task[:12]
        with contextlib.suppress(WherryError):
            filters = {"filters": {"service": [self.name]}}
            service = await self._link.json("GET", f"/services/{quote(self.name, safe='')}")
            named = {str(service.get("ID")): str(shapes.part(service, "Spec").get("Name"))}
            for row in await self._link.json("GET", "/tasks", filters) or ():
                found = shapes.task(row, named, {})
                self._names[found.id.encode()] = found.name.encode()


async def unframed(pieces: Any, *, tty: bool) -> AsyncGenerator[tuple[bytes, bytes], None]:
    kept = b""
    async for piece in pieces:
        if tty:
            yield b"stdout", piece
            continue
        kept += piece
        while len(kept) >= _HEAD:
            size = int.from_bytes(kept[4:_HEAD], "big")
            if len(kept) < _HEAD + size:
                break
            yield b"stderr" if kept[0] == 2 else b"stdout", kept[_HEAD : _HEAD + size]
            kept = kept[_HEAD + size :]
