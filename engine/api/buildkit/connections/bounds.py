"""What a peer may make us keep and do: messages, what waits to be read, what waits to be written.

The libraries below obey the protocol and set no bound of their own: a message may say that it is 4 GiB long, an answer
to each of a million pings is queued for a reader that never comes, and some frames they have no word for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.encoding.proto import ProtoCodec
from grpclib.protocol import Connection, H2Protocol, Stream
from grpclib.server import Handler

from engine.api.buildkit.faults import refused

if TYPE_CHECKING:
    from asyncio import BaseTransport

_log = logging.getLogger(__name__)
_LARGEST_MESSAGE: Final = 16 << 20
_MOST_INCOMPLETE: Final = 64 << 20
"""Bytes of messages that a connection has begun and not ended."""
_SMALL: Final = 64 << 10
_HEAD: Final = 5
_PEERS_FAULTS: Final = ("Timeout occurred", "Failed to handle cancellation")


def _is_ours(record: logging.LogRecord) -> bool:
    """How long a call may take, and whether it is taken back, is the client's choice and no line of our log."""
    return not str(record.msg).startswith(_PEERS_FAULTS)


logging.getLogger("grpclib.server").addFilter(_is_ours)


class BoundedProtocol(H2Protocol):
    """One connection. What is no HTTP/2, or none that is known here, ends it and nothing else."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        connection = self.connection
        connection.__class__ = _BoundedConnection

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception as error:
            _log.debug("a connection of BuildKit's door ends: %r", error)
            self.processor.close("this is no HTTP/2 that is known here")


class BoundedHandler(Handler):
    """Calls of one connection; requests that are none, and ends of calls that are over, are no faults of ours."""

    def accept(self, stream: Stream, headers: Any, release_stream: Any) -> None:
        if {":method", ":path"} <= {name for name, _ in headers}:
            super().accept(stream, headers, release_stream)
        else:
            release_stream()
            stream.reset_nowait()

    def cancel(self, stream: Stream) -> None:
        if stream in self._tasks:
            super().cancel(stream)


class _BoundedConnection(Connection):
    incomplete = 0

    def create_stream(self, *, stream_id: int | None = None, wrapper: Any = None) -> _BoundedStream:
        if self.is_closing():
            raise ConnectionResetError("the client's session has ended")
        return _BoundedStream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)


class _BoundedStream(Stream):
    """A message is read as a head of five bytes and a body of the length it says."""

    _at_head = True

    async def recv_data(self, size: int) -> bytes:
        at_head, self._at_head = self._at_head, not self._at_head
        if at_head:
            data = await self._received(size)
            if data[:1] not in (b"", b"\0"):
                raise refused("messages are not compressed here", Status.UNIMPLEMENTED)
            if not data:
                self._at_head = True
            return data
        if size > _LARGEST_MESSAGE:
            raise refused(f"a message of {size} bytes is larger than {_LARGEST_MESSAGE}", Status.RESOURCE_EXHAUSTED)
        if size <= _SMALL:
            return await self._received(size)
        connection = self.connection
        assert isinstance(connection, _BoundedConnection)
        if connection.incomplete + size > _MOST_INCOMPLETE:
            raise refused("too many large messages at once", Status.RESOURCE_EXHAUSTED)
        connection.incomplete += size
        try:
            return await self._received(size)
        finally:
            connection.incomplete -= size

    async def _received(self, size: int) -> bytes:
        """All of it; nothing at all is the end of the stream where a message may begin."""
        try:
            data = await super().recv_data(size)
        except AssertionError:
            data = b""
        if len(data) < size and not (size == _HEAD and not data and not self._at_head):
            raise refused("the stream ended in the middle of a message", Status.INVALID_ARGUMENT)
        return data


class Codec(ProtoCodec):
    """What is no message of the call is the peer's fault, and told as that."""

    def decode(self, data: bytes, message_type: Any) -> Any:
        try:
            return super().decode(data, message_type)
        except DecodeError:
            raise refused("that is no message of this call", Status.INVALID_ARGUMENT) from None
