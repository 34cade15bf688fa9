"""Raw streams over a connection that began as HTTP: taking the connection over, half-close, and the 8-byte frames.

A client asks for this with `Upgrade: tcp` (answered 101) or, the old way, without (answered 200); in both cases
everything after the headers is bytes of the process, both ways, until one side is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.http import StreamWriter

from engine.api.http.detach import DetachWatch
from engine.api.http.other_end import until_read, watch_hangup
from engine.api.http.peers import is_own_peer

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from engine.facade import ByteStream

log = logging.getLogger(__name__)

_FRAME_NUMBER = {"stdin": 0, "stdout": 1, "stderr": 2}
_FRAME_MAXIMUM = 1 << 24
_PAUSE_BYTES = 256 * 1024
HEAD_SECONDS = 30.0
"""So long the head of a request may take from its first byte; its client is a process of the same machine."""
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_AS_IF_UPGRADED = b"POST /grpc HTTP/1.1\r\nHost: wherry\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"


def frame(stream: str, data: bytes) -> bytes:
    """Docker's 8-byte header (which stream, three zeros, length as big-endian) and the bytes."""
    return bytes((_FRAME_NUMBER[stream], 0, 0, 0)) + len(data).to_bytes(4, "big") + data


def frames(stream: str, data: bytes) -> bytes:
    """As many frames as the length needs."""
    if len(data) <= _FRAME_MAXIMUM:
        return frame(stream, data)
    pieces = range(0, len(data), _FRAME_MAXIMUM)
    return b"".join(frame(stream, data[start : start + _FRAME_MAXIMUM]) for start in pieces)


def _upgrade_body(data: bytes) -> int:
    """How long the body of this beginning of a request is, if it asks for `Upgrade: tcp`; else -1."""
    if not data.startswith(b"POST "):
        return -1
    head = data[: data.find(b"\r\n\r\n") + 2].lower()
    if b"\r\nupgrade: tcp\r\n" not in head:
        return -1
    match = re.search(rb"\r\ncontent-length: *(\d{1,7})\r\n", head)
    return int(match[1]) if match else 0


class Connection(web.RequestHandler):
    """One client. Turns strangers away, and lets a hijacked stream live on after the client ended its input."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._raw: _Incoming | None = None
        self._body_left = -1
        """Bytes of body still to come of a request that asks for an upgrade; -1 where none does."""
        self._early = b""
        self._half_sent: asyncio.TimerHandle | None = None
        self._first: bytes | None = b""
        """What came, while it may still be the beginning of HTTP/2; None once that is known."""
        self.began_as_http2 = False
        """The client knows already what we speak: nothing is upgraded, and nothing answered to an upgrade."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and not is_own_peer(sock):
            self.force_close()

    def data_received(self, data: bytes) -> None:
        """What follows a request for an upgrade is no HTTP: it is kept until the stream is taken over."""
        if self._first is not None and data:
            data = self._look_for_http2(data)
            if not data:
                return
        if self._raw is None:
            if self._body_left < 0:
                self._body_left = _upgrade_body(data)
            if self._body_left >= 0:
                data = self._divide(data)
                if not data:
                    return
        # Also with nothing: that is how aiohttp goes on with what it kept while reading was paused.
        super().data_received(data)
        self._expect_the_rest(came=bool(data))

    def _look_for_http2(self, data: bytes) -> bytes:
        """What is to be read as HTTP/1, if anything. HTTP/2 from the first byte is a call that needs no upgrade."""
        assert self._first is not None
        data = self._first + data
        if not data.startswith(_HTTP2[:4]):
            may_become = len(data) < 4 and _HTTP2.startswith(data)
            self._first = data if may_become else None
            self._expect_the_rest(came=may_become)
            return b"" if may_become else data
        self._first = None
        self.began_as_http2 = True
        self._early, self._body_left = data, 0
        self._forget_the_rest()
        super().data_received(_AS_IF_UPGRADED)
        return b""

    def _expect_the_rest(self, *, came: bool) -> None:
        """A request that begins and goes no further must not keep its connection for ever."""
        if self._messages or self._current_request is not None or self._raw is not None:
            self._forget_the_rest()
        elif came and self._half_sent is None:
            self._half_sent = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._give_up_the_rest)

    def _give_up_the_rest(self) -> None:
        self._half_sent = None
        if not self._messages and self._current_request is None and self._raw is None:
            self.force_close()

    def _forget_the_rest(self) -> None:
        if self._half_sent is not None:
            self._half_sent.cancel()
            self._half_sent = None

    def _divide(self, data: bytes) -> bytes:
        head = data.find(b"\r\n\r\n") + 4 if data.startswith(b"POST ") and not self._early else 0
        whole = head + self._body_left
        self._body_left -= min(len(data) - head, self._body_left)
        self._early += data[whole:]
        if len(self._early) > _PAUSE_BYTES:
            self.force_close()
        return data[:whole]

    def take_over(self) -> _Incoming:
        """From now on nothing is read as HTTP any more."""
        incoming = _Incoming(self)
        if self._early:
            incoming.feed_data(self._early)
            self._early = b""
        self._raw = incoming
        self.set_parser(incoming)  # type: ignore[arg-type]
        return incoming

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What is no HTTP gets a 400 in words, and leaves no line in the log: anybody can send it."""
        if isinstance(exc, ConnectionError):
            raise ConnectionResetError("the client is gone") from exc
        if status >= 500 and exc is not None:
            log.error("a request failed outside its handler", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionResetError("a part of the answer is out; there is no taking it back") from exc
        text = "the request is no HTTP" if status == 400 else "the request could not be handled"
        response = web.json_response({"message": text}, status=status)
        response.force_close()
        return response

    def eof_received(self) -> bool | None:  # type: ignore[override]
        if self._raw is None:
            return None
        self._raw.feed_end_of_input()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget_the_rest()
        if self._raw is not None:
            self._raw.feed_eof()
        super().connection_lost(exc)


class _Incoming:
    """Bytes from the client, bounded by pausing the transport."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._paused = False
        self._news = asyncio.Event()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._pieces.append(data)
        self._size += len(data)
        self._news.set()
        transport = self._connection.transport
        if self._size > _PAUSE_BYTES and not self._paused and transport is not None:
            self._paused = True
            transport.pause_reading()
        return False, b""

    def feed_end_of_input(self) -> None:
        self._ended = True
        self._news.set()

    feed_eof = feed_end_of_input

    async def read(self) -> bytes:
        """The next bytes; b"" once the client has ended its input."""
        while not self._pieces:
            if self._ended:
                return b""
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        transport = self._connection.transport
        if self._paused and transport is not None:
            self._paused = False
            transport.resume_reading()
        return data


class Hijacked(web.StreamResponse):
    """What a handler returns after it has used the connection up: nothing more is written, and it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class RawStream:
    """The hijacked connection: read, write, and notice when the client is wholly gone."""

    def __init__(self, request: web.BaseRequest, *, tty: bool, version: tuple[int, int]) -> None:
        connection = request.protocol
        if not isinstance(connection, Connection) or request.transport is None:
            raise ConnectionResetError("the client is gone")
        self._transport = request.transport
        self._writer = StreamWriter(connection, asyncio.get_running_loop())
        wanted = request.headers.get("Upgrade", "").lower()
        self._upgrade = wanted if wanted in ("tcp", "h2c") else ""
        self._tty = tty
        self._socket: socket.socket | None = self._transport.get_extra_info("socket")
        self._head_was_read = connection.began_as_http2
        # Since 1.42 the header says whether frames follow.
        self._kind = RAW_STREAM if tty or version < (1, 42) else MULTIPLEXED_STREAM
        self._connection = connection
        self.incoming: _Incoming = connection.take_over()

    async def begin(self) -> None:
        if self._connection.began_as_http2:
            return
        if self._upgrade:
            head = (
                f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {self._kind}\r\n"
                f"Connection: Upgrade\r\nUpgrade: {self._upgrade}\r\n\r\n"
            )
        else:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {RAW_STREAM}\r\n\r\n"
        await self._writer.write(head.encode())

    async def send(self, stream: str, data: bytes) -> None:
        if not self._head_was_read:
            # Many clients read the headers through a buffer and the stream past it: what came in one piece with the
            # headers would stay in that buffer for ever.
            await until_read(self._socket)
            self._head_was_read = True
        await self._writer.write(data if self._tty else frames(stream, data))

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.close()

    def abort(self) -> None:
        """End it without what waits to be sent."""
        self._transport.abort()

    def watch_hangup(self, gone: Callable[[], object]) -> Callable[[], None]:
        return watch_hangup(self._socket, gone)


class Parting(Enum):
    """Why a conversation is over."""

    ENDED = "the process has ended its output"
    LEFT = "the client has gone"
    DETACHED = "the client typed the keys that let go"


async def converse(
    raw: RawStream, process: ByteStream, *, stdin: bool, stdout: bool = True, stderr: bool = True, keys: bytes = b""
) -> Parting:
    """Carry bytes between client and process until one of them has enough. `keys` are those that let go, if any do."""
    watch = DetachWatch(keys) if keys else None
    sender = asyncio.ensure_future(_to_client(raw, process, {"stdout": stdout, "stderr": stderr}))
    reader = asyncio.ensure_future(_to_process(raw, process, watch) if stdin else _drop_input(raw))
    if watch is not None:
        reader.add_done_callback(lambda _: sender.cancel() if watch.detached else None)
    stop_watching = raw.watch_hangup(sender.cancel)
    try:
        await sender
        return Parting.ENDED
    except (ConnectionError, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Parting.DETACHED if watch is not None and watch.detached else Parting.LEFT
    finally:
        stop_watching()
        reader.cancel()
        sender.cancel()
        await asyncio.gather(reader, sender, return_exceptions=True)


async def _to_client(raw: RawStream, process: ByteStream, wanted: dict[str, bool]) -> None:
    while (piece := await process.read()) is not None:
        stream, data = piece
        if wanted[stream]:
            await raw.send(stream, data)


async def _to_process(raw: RawStream, process: ByteStream, watch: DetachWatch | None) -> None:
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        while data := await raw.incoming.read():
            await process.write(watch.feed(data) if watch is not None else data)
            if watch is not None and watch.detached:
                return
        await process.close_stdin()


async def _drop_input(raw: RawStream) -> None:
    while await raw.incoming.read():
        pass


async def hijack(
    request: web.BaseRequest,
    *,
    tty: bool,
    version: tuple[int, int],
    talk: Callable[[RawStream], Awaitable[None]],
) -> Hijacked:
    """Take the connection, answer the headers, let `talk` use it, and close it whatever happens."""
    raw = RawStream(request, tty=tty, version=version)
    try:
        await raw.begin()
        await talk(raw)
    finally:
        raw.end()
    return Hijacked()
