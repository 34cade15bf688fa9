"""Content stores of the client: directories of blobs that it serves on its session, for caches and OCI layouts."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final

from grpclib.client import StreamStreamMethod, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.faults import refused
from engine.api.buildkit.wire import messages_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from engine.api.buildkit.connections.sessions import Session

_SERVICE: Final = "/containerd.services.content.v1.Content/"
_STORE: Final = "buildkit-attachable-store-id"
_PIECE: Final = 1 << 20
_WRITE, _COMMIT = 1, 2
_LARGEST_SMALL: Final = 8 << 20


class SessionBlobs:
    """One store of one session: `facade_lent.BlobPlace`. Its index is the client's own business: it tells the digest of
    what it wants read, and is told the digest of what was written."""

    def __init__(self, session: Session, store: str, digest: str = "") -> None:
        self._channel = session.channel
        self._metadata = {_STORE: store}
        self._digest = digest

    async def manifest(self) -> bytes:
        return await self.small(self._digest)

    async def small(self, digest: str) -> bytes:
        method = UnaryUnaryMethod(self._channel, f"{_SERVICE}Info", wire.ContentInfoRequest, wire.ContentInfoResponse)
        answer = await method(wire.ContentInfoRequest(digest=digest), timeout=60, metadata=self._metadata)
        if answer.info.size > _LARGEST_SMALL:
            raise refused(f"{digest[:80]} is too large for a document")
        return b"".join([piece async for piece in self.read(digest, answer.info.size)])

    async def read(self, digest: str, size: int) -> AsyncGenerator[bytes, None]:
        method = UnaryStreamMethod(self._channel, f"{_SERVICE}Read", wire.ContentReadRequest, wire.ContentReadResponse)
        came = 0
        async with method.open(metadata=self._metadata) as stream:
            await stream.send_message(wire.ContentReadRequest(digest=digest), end=True)
            async for message in stream:
                came += len(message.data)
                if came > size:
                    raise refused(f"the client sends more of {digest[:80]} than it has")
                if message.data:
                    yield bytes(message.data)

    async def write(self, digest: str, source: Path | bytes) -> None:
        try:
            await self._write(digest, source)
        except GRPCError as error:
            if error.status is not Status.ALREADY_EXISTS:
                raise

    async def put_manifest(self, raw: bytes, media_type: str) -> None:
        await self.write(f"sha256:{hashlib.sha256(raw).hexdigest()}", raw)

    async def _write(self, digest: str, source: Path | bytes) -> None:
        size = len(source) if isinstance(source, bytes) else (await asyncio.to_thread(source.stat)).st_size
        method = StreamStreamMethod(
            self._channel, f"{_SERVICE}Write", wire.ContentWriteRequest, wire.ContentWriteResponse
        )
        async with method.open(metadata=self._metadata) as stream:
            # Where the client has it already it says so in answer to the first message.
            await stream.send_message(wire.ContentWriteRequest(ref=f"wherry-{digest}", total=size, expected=digest))
            await _answered(stream)
            offset = 0
            async for piece in _pieces(source):
                await stream.send_message(wire.ContentWriteRequest(action=_WRITE, offset=offset, data=piece))
                await _answered(stream)
                offset += len(piece)
            last = wire.ContentWriteRequest(action=_COMMIT, offset=size, total=size, expected=digest)
            await stream.send_message(last, end=True)
            await _answered(stream)


async def _answered(stream: object) -> None:
    if await stream.recv_message() is None:  # type: ignore[attr-defined]
        await stream.recv_trailing_metadata()  # type: ignore[attr-defined] # raises what the client has against it
        raise refused("the client ended the transfer of a blob")


async def _pieces(source: Path | bytes) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
