"""The ends of pipes and terminals on the engine's loop: read what is there, write what goes, never block."""

from __future__ import annotations

import asyncio
import os
from typing import Literal

Stream = Literal["stdout", "stderr"]
_CHUNK = 64 * 1024
_GRACE_SECONDS = 0.3
"""How long after the end of the process something a child of it still writes is waited for."""


def settle(waiting: asyncio.Future[None]) -> None:
    """What a descriptor's readiness does to whoever waits; it may come twice."""
    if not waiting.done():
        waiting.set_result(None)


class Output:
    """Several descriptors read as one; owns them."""

    def __init__(self, sources: dict[int, Stream]) -> None:
        self._sources = sources
        self._loop = asyncio.get_running_loop()
        self._ending = False
        self._waiting: asyncio.Future[None] | None = None
        for fd in sources:
            os.set_blocking(fd, False)

    async def read(self) -> tuple[Stream, bytes] | None:
        """The next output, None at the end of all."""
        while self._sources:
            for fd, stream in list(self._sources.items()):
                try:
                    data = os.read(fd, _CHUNK)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""  # a terminal whose last user is gone says EIO
                if not data:
                    self._drop(fd)
                    continue
                # The other stream is looked at first next time: neither starves.
                self._sources[fd] = self._sources.pop(fd)
                return stream, data
            if self._sources and not await self._readable():
                self.close()
        return None

    async def _readable(self) -> bool:
        """False where the process has ended and nothing more comes."""
        self._waiting = self._loop.create_future()
        watched = list(self._sources)
        for fd in watched:
            self._loop.add_reader(fd, self._wake)
        try:
            if not self._ending:
                await self._waiting
                return True
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._waiting
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting = None
            for fd in watched:
                if fd in self._sources:
                    self._loop.remove_reader(fd)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def end_soon(self) -> None:
        """The process has ended; what it left in the pipes is still given."""
        self._ending = True
        self._wake()

    def _drop(self, fd: int) -> None:
        del self._sources[fd]
        self._loop.remove_reader(fd)
        os.close(fd)

    def close(self) -> None:
        for fd in list(self._sources):
            self._drop(fd)
        self._wake()


class Input:
    """One descriptor to write to; owns it, or, not `owned`, a duplicate."""

    def __init__(self, fd: int, *, owned: bool = True) -> None:
        os.set_blocking(fd, False)
        # A terminal is read and written through one descriptor: with one each, their closing cannot collide.
        self.fd = fd if owned else os.dup(fd)
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._waiting: asyncio.Future[None] | None = None

    async def write(self, data: bytes) -> None:
        """Writes all of it; quietly nothing once the reader is gone."""
        view = memoryview(data)
        async with self._lock:
            while view and self.fd >= 0:
                try:
                    view = view[os.write(self.fd, view) :]
                except BlockingIOError:
                    await self._writable()
                except OSError:
                    self.close()

    async def _writable(self) -> None:
        fd = self.fd
        self._waiting = waiting = self._loop.create_future()
        self._loop.add_writer(fd, settle, waiting)
        try:
            await waiting
        finally:
            self._waiting = None
            if self.fd == fd:
                self._loop.remove_writer(fd)

    def close(self) -> None:
        if self.fd >= 0:
            self._loop.remove_writer(self.fd)
            os.close(self.fd)
            self.fd = -1
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(None)
