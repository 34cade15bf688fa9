"""The rooms of another Wherry: each call of the facade is spoken to it (engine/spoken), nothing is worked out here."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import secrets
from typing import TYPE_CHECKING, Any

from engine.errors import Code, MachineError
from engine.remote.link import SILENT_SECONDS
from engine.spoken import packing
from engine.spoken.packing import END, FAILURE, MEDIA_TYPE, VALUE, Unframer
from engine.spoken.signatures import ROOMS, methods
from engine.types.operations import Operation, OperationState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from engine.remote.link import Link
    from engine.spoken.signatures import Method


class SpokenRoom:
    """One room; its methods are those of the facade."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        method = methods().get(f"{self._name}.{verb}")
        if method is None:
            raise AttributeError(verb)
        names = [*inspect.signature(_facade_function(self._name, verb)).parameters][1:]

        def call(*values: Any, **named: Any) -> Any:
            given = dict(zip(names, values, strict=False)) | named
            return _ask(self._link, method, given)

        return call


def _facade_function(room: str, verb: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(ROOMS[room], verb)
    return found


def _ask(link: Link, method: Method, given: dict[str, Any]) -> Any:
    upload = given.pop(method.upload, None) if method.upload else None
    if method.manner == "answer":
        return _answer(link, method, given, upload)
    if method.manner in ("stream", "bytes"):
        return _items(link, method, given)
    return SpokenOperation(link, method, given, upload)


async def _answer(link: Link, method: Method, given: dict[str, Any], upload: AsyncIterator[bytes] | None) -> Any:
    found: Any = None
    async with contextlib.aclosing(frames(link, method.name, given, upload)) as items:
        async for data in items:
            found = packing.unpack(data, method.gives)
    return found


async def _items(link: Link, method: Method, given: dict[str, Any]) -> AsyncGenerator[Any, None]:
    async with contextlib.aclosing(frames(link, method.name, given)) as items:
        async for data in items:
            yield data if method.manner == "bytes" else packing.unpack(data, method.gives)


async def frames(
    link: Link,
    name: str,
    given: dict[str, Any],
    upload: AsyncIterator[bytes] | None = None,
    operation: str = "",
) -> AsyncGenerator[bytes, None]:
    """The values of an answer. Ends with the end the other side told, raises what it told or that it broke off."""

    async def body() -> AsyncGenerator[bytes, None]:
        yield packing.pack_arguments(given)
        if upload is not None:
            async for piece in upload:
                yield piece

    path = f"/wherry/facade/{name.replace('.', '/')}"
    query = {"upload": upload is not None, "operation": operation}
    async with link.stream(
        "POST", path, query, body=body(), headers={"Content-Type": MEDIA_TYPE}, versioned=False, silent=SILENT_SECONDS
    ) as answer:
        async for data in told(link, answer):
            yield data


async def told(link: Link, answer: Any) -> AsyncGenerator[bytes, None]:
    unframer = Unframer()
    async for piece in link.pieces(answer):
        for kind, data in unframer.feed(piece):
            if kind == VALUE:
                yield data
            elif kind == FAILURE:
                raise packing.unpack_error(data)
            elif kind == END:
                return
    raise MachineError("The other machine broke off", "What it was saying has no end.", code=Code.CONNECT)


class SpokenOperation:
    """The handle of an operation there. Its snapshot comes with the machine's other changes too, by the same id."""

    def __init__(
        self, link: Link, method: Method, given: dict[str, Any], upload: AsyncIterator[bytes] | None = None
    ) -> None:
        from engine.types.data import now

        self.id = secrets.token_hex(8)
        self.snapshot = Operation(
            id=self.id, kind=method.name.partition(".")[2], title=method.name, subject="",
            state=OperationState.RUNNING, started=now(),
        )  # fmt: skip
        self._link = link
        self._news = asyncio.Event()
        self._cancelling: set[asyncio.Task[None]] = set()
        self._following = asyncio.create_task(self._follow(method, given, upload), name=f"{method.name} there")
        self._following.add_done_callback(_seen)
        link.keep(self._following)

    def cancel(self) -> None:
        task = asyncio.create_task(self._cancel(), name="cancel there")
        self._cancelling.add(task)
        task.add_done_callback(_seen)

    async def _cancel(self) -> None:
        method = methods()["operations.cancel"]
        await _answer(self._link, method, {"operation": self.id}, None)

    async def result(self) -> str:
        await asyncio.shield(self._following)
        return self.snapshot.result

    async def watch(self) -> AsyncIterator[Operation]:
        last: Operation | None = None
        while True:
            self._news.clear()
            if self.snapshot is not last:
                last = self.snapshot
                yield last
            if self._following.done():
                return
            waiting = asyncio.create_task(self._news.wait())
            await asyncio.wait((waiting, self._following), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def _follow(self, method: Method, given: dict[str, Any], upload: AsyncIterator[bytes] | None) -> None:
        async with contextlib.aclosing(frames(self._link, method.name, given, upload, self.id)) as items:
            async for data in items:
                self.snapshot = packing.unpack(data, Operation)
                self._news.set()


def _seen(task: asyncio.Task[None]) -> None:
    """Nobody need ask how it ended: the operation itself tells."""
    if not task.cancelled():
        task.exception()
