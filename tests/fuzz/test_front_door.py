"""What the front door lets through reads the same to another reader of HTTP: llhttp, as aiohttp has it."""

from __future__ import annotations

import asyncio

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.frontdoor.framing import BadBody, Chunked
from engine.frontdoor.heads import BadHead, read_request
from engine.frontdoor.http2 import BadFrame, Edges, Frames

_NAMES = (
    b"Host", b"host", b"Content-Length", b"Transfer-Encoding", b"transfer-encoding", b"Connection", b"X", b"Upgrade",
    b" Content-Length", b"Content-Length ", b"Cookie", b"",
)  # fmt: skip
_VALUES = (
    b"a.localhost", b"3", b"03", b"+3", b"3, 3", b"chunked", b"Chunked", b"gzip, chunked", b"close", b"keep-alive",
    b"Transfer-Encoding", b"websocket", b"\tx\t", b"a\rb", b"a\nb", b"a\0b", b"\xff", b"", b"identity",
)  # fmt: skip
_LINES = (
    b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"GET / HTTP/1.0", b"GET  / HTTP/1.1", b"get / HTTP/1.1", b"GET /",
    b"OPTIONS * HTTP/1.1", b"GET http://x/ HTTP/1.1", b"GET / HTTP/1.1 ", b"GET /\xff HTTP/1.1",
)  # fmt: skip
_fields = st.lists(
    st.tuples(st.sampled_from(_NAMES), st.sampled_from([b":", b": ", b" :", b""]), st.sampled_from(_VALUES)), max_size=6
)


class _Reader(asyncio.Protocol):
    """What the other parser wants of a connection."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


@settings(max_examples=600)
@given(st.sampled_from(_LINES), _fields, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
def test_a_head_that_passes_reads_the_same_elsewhere(
    line: bytes, fields: list[tuple[bytes, bytes, bytes]], end: bytes
) -> None:
    head = end.join([line, b"Host: b.localhost", *(b"".join(field) for field in fields), b"", b""])
    if not head.endswith(b"\r\n\r\n"):
        return
    try:
        ours = read_request(head)
    except BadHead:
        return
    sent = ours.head(scheme="http", visitor="127.0.0.1")
    assert read_request(sent).host == ours.host
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(_Reader(), loop, 2**16)  # type: ignore[arg-type]
        messages, _, _ = parser.feed_data(sent)
    except HttpProcessingError:
        return  # stricter still
    finally:
        loop.close()
    [(theirs, payload)] = messages
    assert theirs.method.encode() == ours.method
    assert theirs.headers.getall("Host") == [ours.host]
    assert theirs.chunked == isinstance(ours.framing(), Chunked)
    assert ours.framing().over == (payload.is_eof() or theirs.headers.get("Content-Length") in ("0", "00"))


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_end_where_they_end_however_they_come(data: bytes, cuts: list[int]) -> None:
    """Cut anywhere, the same bytes are taken and the same is said of them."""

    def fed(sizes: list[int]) -> tuple[int, bool, bool]:
        framing, taken, place, number = Chunked(), 0, 0, 0
        try:
            while place < len(data) and not framing.over:
                piece = data[place : place + sizes[number % len(sizes)]]
                taken += framing.feed(piece)
                place += len(piece)
                number += 1
        except BadBody:
            return 0, False, True
        return taken, framing.over, False

    assert fed([len(data) or 1]) == fed(cuts)


@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 30))
def test_well_made_pieces_are_taken_whole(parts: list[bytes], cut: int) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\nT: x\r\n\r\n"
    framing, taken = Chunked(), 0
    stream = body + b"GET / HTTP/1.1\r\n"
    for place in range(0, len(stream), cut):
        if framing.over:
            break
        taken += framing.feed(stream[place : place + cut])
    assert framing.over
    assert taken == len(body)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_frames_of_strangers_end_in_pieces_or_in_a_refusal(data: bytes, cut: int) -> None:
    frames, edges, passed = Frames(), Edges(), b""
    try:
        for place in range(0, len(data), cut):
            for piece in frames.feed(data[place : place + cut]):
                passed += piece.data
            edges.first_edge(data[place : place + cut])
    except BadFrame:
        return
    assert data.startswith(passed)
