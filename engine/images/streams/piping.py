"""Bytes from one coroutine to another through work that blocks: a thread, with a short queue on either side."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from pathlib import Path

PIECE: Final = 1 << 20
_WAITING: Final = 4


async def file_pieces(path: Path, limit: int | None = None) -> AsyncGenerator[bytes, None]:
    """A file (or its beginning), a mebibyte at a time."""
    file = await asyncio.to_thread(path.open, "rb")
    left = limit
    try:
        while left is None or left > 0:
            piece = await asyncio.to_thread(file.read, PIECE if left is None else min(PIECE, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece
    finally:
        file.close()


async def coalesced(chunks: AsyncIterator[bytes], least: int) -> AsyncGenerator[bytes, None]:
    """The same bytes in fewer pieces: each costs a hop to a thread and back."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= least:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


async def through_thread(
    chunks: AsyncIterator[bytes], work: Callable[[Iterator[bytes]], Iterator[bytes]]
) -> AsyncGenerator[bytes, None]:
    """`work` applied to a stream in a thread. Closing this ends the thread; failures of either side come out."""
    stage = _Stage(work)
    feeding = asyncio.create_task(stage.feed(chunks))
    try:
        while (piece := await stage.next()) is not None:
            yield piece
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await stage.stop()


class _Stopped(Exception):
    """The consumer went away; the thread unwinds."""


class _Stage:
    def __init__(self, work: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._input: queue.Queue[bytes | BaseException | None] = queue.Queue()
        self._output: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self._input_room = asyncio.Semaphore(_WAITING)
        self._output_room = threading.Semaphore(_WAITING)
        self._stopped = threading.Event()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    async def feed(self, chunks: AsyncIterator[bytes]) -> None:
        try:
            async for chunk in chunks:
                await self._input_room.acquire()
                self._input.put(chunk)
        except BaseException as error:
            self._input.put(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._input.put(None)

    async def next(self) -> bytes | None:
        item = await self._output.get()
        if isinstance(item, BaseException):
            raise item
        if item is not None:
            self._output_room.release()
        return item

    async def stop(self) -> None:
        self._stopped.set()
        self._output_room.release()
        self._input.put(_Stopped())
        await self._ended.wait()
        self._thread.join()

    def _run(self) -> None:
        last: BaseException | None = None
        try:
            for piece in self._work(self._chunks()):
                self._output_room.acquire()
                if self._stopped.is_set():
                    break
                self._tell(partial(self._output.put_nowait, piece))
        except BaseException as error:
            last = error
        self._tell(lambda: self._output.put_nowait(last))
        self._tell(self._ended.set)

    def _chunks(self) -> Iterator[bytes]:
        while (item := self._input.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            self._tell(self._input_room.release)
            yield item

    def _tell(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            self._loop.call_soon_threadsafe(callback)
