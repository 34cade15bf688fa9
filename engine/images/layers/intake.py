"""Turning a stream of bytes into a stored layer: decompress in a thread, pipe it to the unpacking worker.

The loop hands chunks to the thread through a short queue, so a slow disk slows the network down and memory stays
bounded. Whatever fails first is what the caller hears of; then the other half is stopped and cleaned up.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakValueDictionary

from engine.errors import StorageError
from engine.images.known.records import LayerRecord
from engine.images.streams.decompress import recognise, unfold

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Iterator

    from engine.images.known.catalogue import Catalogue
    from engine.images.layers.layer_archive import ArchiveSink
    from engine.storage.layers import LayerStore

_PIPE_BYTES: Final = 1 << 20
_CHUNKS_WAITING: Final = 2


class Added(NamedTuple):
    """What came in. `tar_size` is 0 if the layer was here already and nobody read the stream to its end."""

    diff_id: str
    tar_size: int


class LayerIntake:
    """Unpacks streams into layers; the same layer never twice at once."""

    def __init__(self, layers: LayerStore, catalogue: Catalogue) -> None:
        self._layers = layers
        self._catalogue = catalogue
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pins: Counter[str] = Counter()

    def lock(self, diff_id: str) -> asyncio.Lock:
        """Hold it around looking whether a layer is here and adding it."""
        return self._locks.setdefault(diff_id, asyncio.Lock())

    @contextmanager
    def pinned(self, diff_ids: Iterable[str]) -> Iterator[None]:
        """Nobody removes these meanwhile, although no image has them yet."""
        pins = list(diff_ids)
        self._pins.update(pins)
        try:
            yield
        finally:
            self._pins.subtract(pins)
            self._pins = +self._pins

    async def hold(self, diff_id: str, pins: ExitStack) -> bool:
        """Pin a layer for as long as `pins` lasts, waiting for a removal that is under way. False if it is not here."""
        async with self.lock(diff_id):
            pins.enter_context(self.pinned([diff_id]))
            return self._layers.has(diff_id)

    def pins(self) -> list[str]:
        """A holder of layers, for the catalogue."""
        return list(self._pins)

    async def describe(self, added: Added) -> LayerRecord:
        """The record of a layer that is in the store: what was known of it, else what its index says."""
        known = self._catalogue.layers.get(added.diff_id)
        if known is not None:
            return known
        files = await asyncio.to_thread(lambda: len(self._layers.index(added.diff_id)))
        return LayerRecord(
            diff_id=added.diff_id, size=self._layers.size(added.diff_id), files=files, tar_size=added.tar_size
        )

    async def drop(self, diff_ids: Iterable[str], *, own_pins: int = 1) -> None:
        """Take back layers that came to nothing, unless somebody else has a use for them by now.

        The caller itself may hold so many pins on each.
        """
        for diff_id in diff_ids:
            async with self.lock(diff_id):
                is_wanted = diff_id in self._catalogue.layers or self._pins[diff_id] > own_pins
                if not is_wanted and self._layers.has(diff_id):
                    await self._layers.remove(diff_id)

    async def add(
        self,
        diff_id: str | None,
        chunks: AsyncIterable[bytes],
        *,
        sink: ArchiveSink | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Added:
        """Unpack a stream, compressed or not. A `sink` gets the compressed form.

        Who knows the `diff_id` holds its lock, and has seen that the layer is not here.
        The stream is always read to its end, so that whoever checks its digest on the way gets to know it; a failure of
        the stream itself is raised before one of the unpacking, which it would only have caused.
        """
        reader, writer = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        feeder = _Feeder(writer, sink)
        unpacking = asyncio.create_task(self._unpack(diff_id, reader, progress))
        try:
            async for chunk in chunks:
                await feeder.put(chunk)
            await feeder.finish()
            try:
                found = await asyncio.shield(unpacking)
            except StorageError:
                feeder.raise_damage()  # the truth behind a tar stream that ended too early
                raise
            feeder.raise_damage()  # all that was unpacked is right, but its end is missing, or rubbish follows it
            return Added(found, feeder.whole_size)
        except BaseException:
            await asyncio.shield(self._take_back(unpacking, is_locked=diff_id is not None))
            raise
        finally:
            unpacking.cancel()
            await asyncio.gather(unpacking, return_exceptions=True)
            await feeder.stop()

    async def _take_back(self, unpacking: asyncio.Task[str], *, is_locked: bool) -> None:
        """Stop the unpacking; if it was through already, nobody shall find the layer."""
        unpacking.cancel()
        (made,) = await asyncio.gather(unpacking, return_exceptions=True)
        if isinstance(made, str) and is_locked:  # by the caller, who has seen that it was not here before
            await self._layers.remove(made)
        elif isinstance(made, str):
            await self.drop([made], own_pins=0)

    async def _unpack(self, diff_id: str | None, reader: int, progress: Callable[[int], None] | None) -> str:
        try:
            return await self._layers.add(diff_id, reader, progress=progress)
        finally:
            os.close(reader)  # a feeder that still writes gets EPIPE and stops


class _Feeder:
    """The thread that decompresses into the pipe. After a failure it swallows what still comes."""

    def __init__(self, writer: int, sink: ArchiveSink | None) -> None:
        self.written = 0
        self._writer = writer
        self._sink = sink
        self._nobody_reads = False
        self._queue: queue.Queue[bytes | None] = queue.Queue()
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_CHUNKS_WAITING)
        self._ended = asyncio.Event()
        self._damage: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="decompress", daemon=True)
        self._thread.start()

    async def put(self, chunk: bytes) -> None:
        if not chunk:
            return
        await self._room.acquire()
        self._queue.put(chunk)

    async def finish(self) -> None:
        """No more comes; wait until all is through."""
        self._queue.put(None)
        await self._ended.wait()

    @property
    def whole_size(self) -> int:
        return self.written if self._damage is None else 0

    def raise_damage(self) -> None:
        if self._damage is not None and not isinstance(self._damage, BrokenPipeError):
            raise self._damage

    async def stop(self) -> None:
        """End the thread, whatever it is doing. The pipe's other end is closed already."""
        self._queue.put(None)
        await self._ended.wait()
        self._thread.join()

    def _run(self) -> None:
        chunks = self._chunks()
        try:
            self._decompress(chunks)
        except BaseException as error:
            self._damage = error
        finally:
            os.close(self._writer)
            for _ in chunks:
                continue
            self._tell(self._ended.set)

    def _chunks(self) -> Iterator[bytes]:
        while (chunk := self._queue.get()) is not None:
            self._tell(self._room.release)
            yield chunk

    def _decompress(self, chunks: Iterator[bytes]) -> None:
        kind, stream = recognise(chunks)
        sink = self._sink
        takes_plain = sink is not None and not sink.begin(kind)
        if sink is not None and not takes_plain:
            stream = _teed(stream, sink)
        for piece in unfold(kind, stream):
            self._write(piece)
            if sink is not None and takes_plain:
                sink.write(piece)
        if sink is not None:
            sink.finish()

    def _write(self, piece: bytes) -> None:
        self.written += len(piece)
        if self._nobody_reads:
            return
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._writer, rest) :]
        except BrokenPipeError:
            if self._sink is None:
                raise
            self._nobody_reads = True  # the layer is here already, but its compressed form is wanted all the same

    def _tell(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            self._loop.call_soon_threadsafe(callback)


def _teed(stream: Iterator[bytes], sink: ArchiveSink) -> Iterator[bytes]:
    for chunk in stream:
        sink.write(chunk)
        yield chunk
