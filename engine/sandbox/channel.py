"""The engine's end of the wire: frames in and out on the event loop, replies matched to calls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal as signals
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.sandbox.asking import Answer
from engine.sandbox.failures import ReplyError
from engine.sandbox.keeper import wire
from engine.sandbox.keeper.asked.setup import Entered, Refused

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from typing import NamedTuple

    from engine.sandbox.keeper.asked.setup import Setup

PROGRAM = Path(__file__).parent / "keeper"


def launch(log: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The program, and our end of what it listens to."""
    ours, theirs = wire.connect()
    with theirs, log.open("ab") as words:
        number = theirs.fileno()
        argv = [sys.executable, "-I", "-S", str(PROGRAM), str(number)]
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=words, stderr=words, pass_fds=[number],
            start_new_session=True, cwd="/",
        )  # fmt: skip
    return process, ours


class ChannelClosed(Exception):
    """The keeper is gone."""


@dataclass
class _Call:
    future: asyncio.Future[Answer]
    progress: Callable[[int], None] | None


@dataclass
class Channel:
    """One living keeper process. Once it is gone, the calls under way and all later ones raise ChannelClosed."""

    process: subprocess.Popen[bytes]
    socket: socket.socket
    on_exit: Callable[[int, int], None]
    on_closed: Callable[[], None]
    _calls: dict[int, _Call] = field(default_factory=dict)
    _number: int = 0
    _closed: bool = False

    @classmethod
    async def start(
        cls,
        setup: Setup,
        log: Path,
        on_exit: Callable[[int, int], None],
        on_closed: Callable[[], None],
    ) -> tuple[Channel, Entered | Refused]:
        """Start a keeper; gives its first words. That is vfork and exec of an interpreter: a millisecond."""
        process, ours = launch(log)
        os.set_blocking(ours.fileno(), False)
        channel = cls(process, ours, on_exit, on_closed)
        try:
            wire.send(ours, {"setup": setup})
            first = await channel._first_words()
        except BaseException:
            channel.shut()
            raise
        asyncio.get_running_loop().add_reader(ours, channel._read)
        return channel, first

    async def _first_words(self) -> Entered | Refused:
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self.socket, _settle, readable)
        try:
            await readable
        finally:
            loop.remove_reader(self.socket)
        received = wire.receive(self.socket)
        if received is None:
            return Refused("start", "the keeper ended at once", 0)
        words = received[0]
        return Entered(*words["entered"]) if "entered" in words else Refused(*words["refused"])

    @property
    def closed(self) -> bool:
        return self._closed

    async def call(
        self,
        operation: NamedTuple,
        fds: Sequence[int] = (),
        progress: Callable[[int], None] | None = None,
        *,
        repeated: bool = False,
    ) -> Answer:
        """One request, its reply and the descriptors that came with it. Cancelling it ends a worker's work."""
        if self._closed:
            raise ChannelClosed
        self._number += 1
        number = self._number
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._calls[number] = _Call(future, progress)
        try:
            await self._send(wire.request(number, operation, repeated=repeated), list(fds))
            return await future
        except asyncio.CancelledError:
            if not future.done() or future.cancelled():
                self._number += 1
                with contextlib.suppress(OSError, ChannelClosed):
                    wire.send(self.socket, {"id": self._number, "cancel": number})
            elif future.exception() is None:
                wire.close_all(future.result().fds)
            raise
        finally:
            self._calls.pop(number, None)
            if future.done() and not future.cancelled():
                future.exception()  # told by the sending already

    async def _send(self, message: dict[str, Any], fds: list[int]) -> None:
        """A full socket means the keeper is busy with many: wait until it takes more."""
        while True:
            if self._closed:
                raise ChannelClosed
            try:
                wire.send(self.socket, message, fds)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            except OSError:
                self._lost()  # at once: who tries again right away must find it closed
                raise ChannelClosed from None
            else:
                return

    def _read(self) -> None:
        for _ in range(64):
            try:
                received = wire.receive(self.socket)
            except BlockingIOError:
                return
            except OSError:
                received = None
            if received is None:
                self._lost()
                return
            self._handle(*received)

    def _handle(self, message: dict[str, Any], fds: list[int]) -> None:
        if message.get("event") == "exit":
            self.on_exit(message["pid"], message["status"])
            return
        call = self._calls.get(message["id"])
        if call is None or call.future.done():
            # Cancelled meanwhile, or the obituary of a worker that had answered.
            wire.close_all(fds)
        elif "progress" in message:
            if call.progress:
                call.progress(message["progress"])
        elif "ok" in message:
            call.future.set_result(Answer(message["ok"], fds))
        else:
            call.future.set_exception(ReplyError(message["error"]))

    def _lost(self) -> None:
        if self._closed:
            return
        self._closed = True
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(ChannelClosed())
        self._bury()
        self.on_closed()

    def _bury(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self.process.pid, signals.SIGKILL)
        self.process.wait()

    def shut(self) -> None:
        """Hang up without a word to `on_closed`."""
        self.on_closed = lambda: None
        self._lost()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
