"""HTTP/2 visitors: frames go through as they are; heads of requests are read on the way, for the name they ask for.

The first request chooses the service, for a connection's header compression cannot be split between two. One for
another name ends the connection politely (GOAWAY): what is under way goes on, and the visitor asks again anew.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpack import Decoder, Encoder, HPACKError

from engine.frontdoor.addresses import host_of
from engine.frontdoor.services import NotThere
from engine.frontdoor.wire import Ended, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from engine.frontdoor.visit import House

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SECOND_HALF = b"SM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS, _GOAWAY, _CONTINUATION = 0, 1, 4, 7, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_STREAM_BITS = 0x7FFFFFFF
_HEAD = struct.Struct(">HBBBI")
_LARGEST_READ = 64 * 1024
_LARGEST_TABLE = 64 * 1024
_FIRST_SECONDS = 20.0


class BadFrame(Exception):
    """No frame HTTP/2 knows in this place."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes to pass on."""

    data: bytes
    stream: int = 0
    host: str | None = None
    """Of a request that begins here, as written; None for anything else."""
    is_head: bool = False
    is_acknowledgement: bool = False


class Frames:
    """What a visitor sends after the preface, cut into pieces. Pure: heads are read, data is only counted."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._passing = self._of_passing = 0
        """Bytes left of the frame that is being passed on, and its stream."""
        self._block = bytearray()
        self._whole = bytearray()
        """The frames of a head that is not complete yet."""
        self._stream = 0
        self._decoder = Decoder(max_header_list_size=_LARGEST_READ)
        self._decoder.max_allowed_table_size = _LARGEST_TABLE

    def feed(self, data: bytes) -> Iterator[Piece]:
        self._waiting += data
        while self._waiting:
            if self._passing:
                taken = bytes(self._waiting[: self._passing])
                del self._waiting[: len(taken)]
                self._passing -= len(taken)
                yield Piece(taken, self._of_passing)
                continue
            if len(self._waiting) < _HEAD.size:
                return
            high, low, kind, flags, stream = _HEAD.unpack_from(self._waiting)
            length = high << 8 | low
            if self._stream and (kind, stream) != (_CONTINUATION, self._stream):
                raise BadFrame
            if kind not in (_HEADERS, _CONTINUATION, _SETTINGS):
                self._passing, self._of_passing = _HEAD.size + length, stream & _STREAM_BITS
                continue
            if length + len(self._whole) > _LARGEST_READ:
                raise BadFrame
            if len(self._waiting) < _HEAD.size + length:
                return
            frame = bytes(self._waiting[: _HEAD.size + length])
            del self._waiting[: len(frame)]
            piece = self._read(frame, kind, flags, stream)
            if piece is not None:
                yield piece

    def _read(self, frame: bytes, kind: int, flags: int, stream: int) -> Piece | None:
        if kind == _SETTINGS:
            return Piece(frame, is_acknowledgement=bool(flags & _ACK))
        if kind == _CONTINUATION and not self._stream:
            raise BadFrame
        payload = frame[_HEAD.size :]
        self._block += _without_padding(payload, flags) if kind == _HEADERS else payload
        self._whole += frame
        self._stream = stream
        if not flags & _END_HEADERS:
            return None
        block, whole = bytes(self._block), bytes(self._whole)
        self._block, self._whole, self._stream = bytearray(), bytearray(), 0
        return Piece(whole, stream, self._host(block), is_head=True)

    def _host(self, block: bytes) -> str | None:
        try:
            fields = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(block, raw=True)]
        except HPACKError as error:
            raise BadFrame from error
        names = {name for name, _ in fields}
        if b":method" not in names:
            return None
        hosts = {value for name, value in fields if name in (b":authority", b"host")}
        if len(hosts) != 1:
            raise BadFrame  # two names for one request would be two readings of it
        return hosts.pop().decode("latin-1")


def _without_padding(payload: bytes, flags: int) -> bytes:
    start, end = 0, len(payload)
    if flags & _PADDED:
        if not payload:
            raise BadFrame
        start, end = 1, end - payload[0]
    if flags & _PRIORITY:
        start += 5
    if start > end:
        raise BadFrame
    return payload[start:end]


class Edges:
    """Where frames end in what a service sends: only there something of ours may stand between."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    @property
    def at_edge(self) -> bool:
        return not self._left and not self._head

    def first_edge(self, data: bytes) -> int:
        """Take all of it; gives where its first frame ends, -1 where none does."""
        place, first = 0, -1
        while place < len(data):
            if not self._left:
                taken = data[place : place + _HEAD.size - len(self._head)]
                self._head += taken
                place += len(taken)
                if len(self._head) < _HEAD.size:
                    break
                high, low, *_ = _HEAD.unpack(self._head)
                self._left, self._head = high << 8 | low, b""
            else:
                taken_count = min(self._left, len(data) - place)
                self._left -= taken_count
                place += taken_count
            if not self._left and first < 0:
                first = place
        return first


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return _HEAD.pack(len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def goaway(last_stream: int) -> bytes:
    return frame(_GOAWAY, 0, 0, struct.pack(">II", last_stream, 0))


def answer(stream: int, status: int, words: str) -> bytes:
    """A whole answer of the door's own, after which it takes no other request."""
    head = Encoder().encode([(":status", str(status)), ("content-type", "text/plain; charset=utf-8")], huffman=False)
    body = words.encode()[:8192]
    return (
        frame(_HEADERS, _END_HEADERS, stream, head) + frame(_DATA, _END_STREAM, stream, body) + goaway(stream)
    )  # fmt: skip


async def serve_http2(visitor: Wire, house: House) -> None:
    """The first half of the preface was read. Until either side ends."""
    await _Passage(visitor, house).serve()


class _Passage:
    def __init__(self, visitor: Wire, house: House) -> None:
        self._visitor = visitor
        self._house = house
        self._frames = Frames()
        self._edges = Edges()
        self._host = ""
        self._last_stream = 0
        self._pending = b""
        """Of ours for the visitor, until the service is between two frames."""
        self._is_ending = False
        self._acknowledged = False

    async def serve(self) -> None:
        # Some visitors wait for the other side's settings before they ask for anything. The service's own follow.
        self._visitor.write(frame(_SETTINGS, 0, 0))
        pieces = self._pieces()
        service: Wire | None = None
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                before, first = await self._first_request(pieces)
                service = await self._open(before, first)
            if service is not None:
                await self._both_ways(pieces, service)
        except (BadFrame, TimeoutError):
            self._visitor.write(goaway(self._last_stream))
        finally:
            await pieces.aclose()
            if service is not None:
                service.abort()

    async def _pieces(self) -> AsyncGenerator[Piece, None]:
        rest = b""
        while len(rest) < len(_SECOND_HALF):
            data = await self._visitor.read()
            if not data:
                raise Ended
            rest += data
        if not rest.startswith(_SECOND_HALF):
            raise BadFrame
        self._visitor.give_back(rest[len(_SECOND_HALF) :])
        while data := await self._visitor.read():
            for piece in self._frames.feed(data):
                if piece.is_acknowledgement and not self._acknowledged:
                    self._acknowledged = True  # of the settings that were ours
                else:
                    yield piece

    async def _first_request(self, pieces: AsyncGenerator[Piece, None]) -> tuple[bytes, Piece]:
        before = bytearray()
        async for piece in pieces:
            if piece.host is not None:
                return bytes(before), piece
            before += piece.data
            if len(before) > _LARGEST_READ:
                raise BadFrame
        raise Ended

    async def _open(self, before: bytes, first: Piece) -> Wire | None:
        """The service that is asked for; None where the door has answered itself."""
        self._host, self._last_stream = first.host or "", first.stream
        host = host_of(self._host)
        address = self._house.find(host) if host else None
        words, status = "", 502
        if address is None:
            words, status = "The door knows no such name.", 404 if host else 421
        elif not address.runs:
            words, status = f"{address.name} does not run.", 503
        else:
            try:
                service = await self._house.connect(address.container_id, address.port)
            except NotThere:
                words = f"{address.name} does not answer on its port {address.port}."
            else:
                service.write(_PREFACE + before + first.data)
                if await self._speaks(service):
                    return service
                service.abort()
                words = f"{address.name} does not speak HTTP/2 on its port {address.port}."
        self._visitor.write(answer(first.stream, status, words))
        return None

    async def _speaks(self, service: Wire) -> bool:
        """Whether the other side begins as HTTP/2 does."""
        begin = b""
        while len(begin) < _HEAD.size and (data := await service.read()):
            begin += data
        service.give_back(begin)
        return len(begin) >= _HEAD.size and begin[3] == _SETTINGS and begin[5:9] == bytes(4)

    async def _both_ways(self, pieces: AsyncGenerator[Piece, None], service: Wire) -> None:
        there = asyncio.ensure_future(self._send(pieces, service))
        back = asyncio.ensure_future(self._bring(service))
        try:
            done, _ = await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _send(self, pieces: AsyncGenerator[Piece, None], service: Wire) -> None:
        async for piece in pieces:
            if piece.host is not None and piece.host != self._host and not self._is_ending:
                self._is_ending = True
                self._insert(goaway(self._last_stream))
            if self._is_ending and piece.stream > self._last_stream:
                continue
            if self._is_ending and piece.is_head:
                raise Ended  # its compression leans on heads that the service never saw
            if piece.host is not None:
                self._last_stream = piece.stream
            service.write(piece.data)
            await service.drain()

    async def _bring(self, service: Wire) -> None:
        while data := await service.read():
            edge = self._edges.first_edge(data)
            if self._pending and edge >= 0:
                data = data[:edge] + self._pending + data[edge:]
                self._pending = b""
            self._visitor.write(data)
            await self._visitor.drain()

    def _insert(self, ours: bytes) -> None:
        if self._edges.at_edge:
            self._visitor.write(ours)
        else:
            self._pending += ours
