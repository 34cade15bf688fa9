"""Heads, bodies, frames and pages of the front door as tables: what is read, what is passed on, and what is refused."""

from __future__ import annotations

import pytest
from hpack import Decoder, Encoder

from engine.frontdoor import pages
from engine.frontdoor.framing import BadBody, Chunked, Counted, Framing, NoBody, UntilEnd
from engine.frontdoor.heads import BadHead, read_request, read_response
from engine.frontdoor.http2 import BadFrame, Edges, Frames, Piece, answer, frame, goaway
from engine.types.frontdoor import DoorAddress


def head(first: str, *fields: str) -> bytes:
    return "\r\n".join([first, *fields, "", ""]).encode("latin-1")


# --- requests ---


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ((), []),
        (("Accept: a", "X-Own:  b\t"), ["Accept: a", "X-Own: b"]),
        (("Keep-Alive: 1", "Proxy-Connection: x", "TE: x", "Upgrade: h2c", "HTTP2-Settings: x",
          "Proxy-Authorization: x"), []),
        (("Connection: x-one, X-Two", "X-One: 1", "x-two: 2", "X-Three: 3"), ["X-Three: 3"]),
        (("Connection: host", "Connection: content-length", "Content-Length: 0"), ["Content-Length: 0"]),
        (("Forwarded: for=1", "X-Forwarded-For: 1", "x-forwarded-host: h", "X-FORWARDED-PROTO: p", "X-Forwarded: y"),
         ["X-Forwarded: y"]),
    ],
)  # fmt: skip
def test_a_request_is_passed_on_without_what_is_of_one_connection(fields: tuple[str, ...], kept: list[str]) -> None:
    request = read_request(head("GET /a?b HTTP/1.1", "Host: web.localhost:80", *fields))
    assert request.head(scheme="https", visitor="127.0.0.1") == head(
        "GET /a?b HTTP/1.1", "Host: web.localhost:80", *kept, "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: web.localhost:80", "X-Forwarded-Proto: https",
    )  # fmt: skip
    assert (request.method, request.target, request.host, request.websocket) == (
        b"GET",
        b"/a?b",
        "web.localhost:80",
        False,
    )


@pytest.mark.parametrize(
    ("first", "fields", "keeps"),
    [
        ("GET / HTTP/1.1", (), True),
        ("GET / HTTP/1.1", ("Connection: Close",), False),
        ("GET / HTTP/1.1", ("Connection: x , close",), False),
        ("GET / HTTP/1.0", (), False),
        ("GET / HTTP/1.0", ("Connection: keep-alive",), False),
        ("OPTIONS * HTTP/1.1", (), True),
        ("M-SEARCH / HTTP/1.1", (), True),
    ],
)
def test_whether_a_connection_stays_is_said_both_ways(first: str, fields: tuple[str, ...], *, keeps: bool) -> None:
    request = read_request(head(first, "Host: h", *fields))
    assert request.keeps is keeps
    assert (b"Connection: close" in request.head(scheme="http", visitor="v")) is not keeps


def test_a_websocket_is_passed_on_as_one() -> None:
    request = read_request(head("GET / HTTP/1.1", "Host: h", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket"))
    assert request.websocket
    sent = request.head(scheme="http", visitor="v")
    assert sent.endswith(b"X-Forwarded-Proto: http\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize(
    ("first", "fields", "status", "words"),
    [
        ("get / HTTP/1.1", (), 400, "The first line is no request."),
        ("GET /\x7f HTTP/1.1", (), 400, "The first line is no request."),
        ("GET  / HTTP/1.1", (), 400, "The first line is no request."),
        ("GET / HTTP/2.0", (), 400, "The first line is no request."),
        ("GET http://h/ HTTP/1.1", (), 400, "The first line is no request."),
        ("CONNECT / HTTP/1.1", (), 405, "The door makes no tunnels."),
        ("GET * HTTP/1.1", (), 405, "The door makes no tunnels."),
        ("GET / HTTP/1.1", ("Host: other",), 400, "A request names one host."),
        ("GET / HTTP/1.1", ("Name : x",), 400, "A field is not written as HTTP writes them."),
        ("GET / HTTP/1.1", (" folded",), 400, "A field is not written as HTTP writes them."),
        ("GET / HTTP/1.1", ("A: b\x00",), 400, "A field is not written as HTTP writes them."),
        ("GET / HTTP/1.1", ("no colon",), 400, "A field is not written as HTTP writes them."),
        ("GET / HTTP/1.1", ("Content-Length: 1", "Content-Length: 1"), 400, "A request has one length."),
        ("GET / HTTP/1.1", ("Content-Length: 1", "Transfer-Encoding: chunked"), 400, "A request has one length."),
        ("GET / HTTP/1.1", ("Content-Length: +1",), 400, "The length is no number."),
        ("GET / HTTP/1.1", ("Content-Length: 1234567890123456789",), 400, "The length is no number."),
        ("GET / HTTP/1.1", ("Transfer-Encoding: gzip",), 501, "The door knows no transfer coding but chunked."),
        ("GET / HTTP/1.0", ("Transfer-Encoding: chunked",), 400, "HTTP/1.0 has no transfer codings."),
        ("POST / HTTP/1.1", ("Connection: upgrade", "Upgrade: websocket"), 400, "A websocket begins with a GET that"),
        ("GET / HTTP/1.0", ("Connection: upgrade", "Upgrade: websocket"), 400, "A websocket begins with a GET that"),
        (
            "GET / HTTP/1.1",
            ("Connection: upgrade", "Upgrade: websocket", "Content-Length: 1"),
            400,
            "A websocket begins",
        ),
        ("GET / HTTP/1.1", tuple(f"A{n}: b" for n in range(200)), 431, "There are too many fields."),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(
    first: str, fields: tuple[str, ...], status: int, words: str
) -> None:
    with pytest.raises(BadHead) as caught:
        read_request(head(first, "Host: h", *fields))
    assert (caught.value.status, str(caught.value).startswith(words)) == (status, True), str(caught.value)


def test_as_many_fields_as_are_allowed_and_none_for_the_host() -> None:
    assert len(read_request(head("GET / HTTP/1.1", "Host: h", *(f"A{n}: b" for n in range(199)))).fields) == 200
    with pytest.raises(BadHead, match="names one host"):
        read_request(head("GET / HTTP/1.1"))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [((), NoBody), (("Content-Length: 5",), Counted), (("Transfer-Encoding: Chunked",), Chunked)],
)
def test_the_body_of_a_request_is_as_its_head_says(fields: tuple[str, ...], kind: type[Framing]) -> None:
    assert type(read_request(head("POST / HTTP/1.1", "Host: h", *fields)).framing()) is kind


# --- answers ---


@pytest.mark.parametrize(
    ("first", "fields", "method", "kind"),
    [
        ("HTTP/1.1 200 OK", (), b"GET", UntilEnd),
        ("HTTP/1.1 200 OK", ("Content-Length: 5",), b"GET", Counted),
        ("HTTP/1.1 200 OK", ("Transfer-Encoding: chunked",), b"GET", Chunked),
        ("HTTP/1.1 200 OK", ("Content-Length: 5",), b"HEAD", NoBody),
        ("HTTP/1.1 204 No", ("Content-Length: 5",), b"GET", NoBody),
        ("HTTP/1.1 304 Not", (), b"GET", NoBody),
        ("HTTP/1.1 100 Continue", (), b"GET", NoBody),
        ("HTTP/1.1 199", (), b"GET", NoBody),
        ("HTTP/1.0 201", (), b"GET", UntilEnd),
    ],
)
def test_the_body_of_an_answer_is_as_its_head_says(
    first: str, fields: tuple[str, ...], method: bytes, kind: type[Framing]
) -> None:
    assert type(read_response(head(first, *fields)).framing(method)) is kind


@pytest.mark.parametrize(
    ("first", "fields", "keeps", "sent"),
    [
        ("HTTP/1.1 200 Fine", ("A: b", "Keep-Alive: 5"), True, head("HTTP/1.1 200 Fine", "A: b")),
        ("HTTP/1.0 200", ("A: b",), False, head("HTTP/1.1 200", "A: b")),
        ("HTTP/1.1 200 OK", ("Connection: close",), False, head("HTTP/1.1 200 OK")),
    ],
)
def test_an_answer_is_passed_on(first: str, fields: tuple[str, ...], sent: bytes, *, keeps: bool) -> None:
    response = read_response(head(first, *fields))
    assert (response.keeps, response.is_last) == (keeps, True)
    assert response.head(keeps=True) == sent
    assert response.head(keeps=False) == sent[:-2] + b"Connection: close\r\n\r\n"


def test_answers_that_announce_and_that_change_the_protocol() -> None:
    announced = read_response(head("HTTP/1.1 103 Early", "Link: x"))
    assert (announced.is_last, announced.head(keeps=False)) == (False, head("HTTP/1.1 103 Early", "Link: x"))
    changed = read_response(head("HTTP/1.1 101 Switching", "Upgrade: websocket", "Connection: upgrade"))
    assert changed.is_last
    assert changed.head(keeps=False) == head("HTTP/1.1 101 Switching", "Connection: Upgrade", "Upgrade: websocket")
    assert read_response(head("HTTP/1.1 200", "Content-Type: TEXT/event-stream; x")).is_stream_of_events
    assert not read_response(head("HTTP/1.1 200", "Content-Type: text/html")).is_stream_of_events


@pytest.mark.parametrize(
    ("first", "fields", "words"),
    [
        ("HTTP/1.1 20 OK", (), "The first line is no answer."),
        ("HTTP/1.1 200 O\x01K", (), "The first line is no answer."),
        ("ICY 200 OK", (), "The first line is no answer."),
        ("HTTP/1.1 200", ("Content-Length: 1", "Content-Length: 1"), "The answer has two lengths."),
        ("HTTP/1.1 200", ("Content-Length: 1", "Transfer-Encoding: chunked"), "The answer has two lengths."),
        ("HTTP/1.1 200", ("Content-Length: x",), "The length is no number."),
        ("HTTP/1.1 200", ("Transfer-Encoding: gzip, chunked",), "The answer has a transfer coding that the door does"),
        ("HTTP/1.1 200", ("Bad field",), "A field is not written"),
        ("HTTP/1.1 200", tuple(f"A{n}: b" for n in range(201)), "There are too many fields."),
    ],
)
def test_an_answer_that_cannot_be_shown_is_the_services_fault(first: str, fields: tuple[str, ...], words: str) -> None:
    with pytest.raises(BadHead) as caught:
        read_response(head(first, *fields))
    assert (caught.value.status, str(caught.value).startswith(words)) == (502, True), str(caught.value)


# --- bodies ---


def taken(framing: Framing, data: bytes, step: int) -> int:
    """How much of it belongs to the body, fed so many bytes at a time."""
    count = 0
    for at in range(0, len(data), step):
        if framing.over:
            break
        count += framing.feed(data[at : at + step])
    return count


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_a_body_ends_where_it_says_and_not_before(step: int) -> None:
    chunked = b"5\r\nhello\r\n0A;x=y\r\n0123456789\r\n0\r\nA: b\r\n\r\n"
    for make, body in ((Chunked, chunked), (lambda: Counted(5), b"hello"), (NoBody, b"")):
        framing: Framing = make()
        assert taken(framing, body + b"GET / next", step) == len(body)
        assert framing.over
        framing.end()
    endless = UntilEnd()
    assert (taken(endless, b"anything", step), endless.over) == (8, False)
    endless.end()
    assert endless.over


@pytest.mark.parametrize("cut", [b"", b"5\r\nhel", b"5\r\nhello\r\n", b"0\r\n", b"0\r\nA: b\r\n"])
def test_a_body_that_is_cut_off_is_no_whole_one(cut: bytes) -> None:
    framing = Chunked()
    framing.feed(cut)
    with pytest.raises(BadBody, match="ended early"):
        framing.end()
    counted = Counted(6)
    counted.feed(b"hello")
    with pytest.raises(BadBody, match="ended early"):
        counted.end()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x\r\n", "no number"), (b"-1\r\n", "no number"), (b"\r\n", "no number"), (b"1" * 16 + b"\r\n", "no number"),
        (b"5\n", "no line of HTTP"), (b"1\r\nab\r\n", "longer than it said"), (b"0\r\nbad\r\n", "no field"),
        (b"5;" + b"x" * 4096, "too long"), (b"0\r\n" + 5 * (b"A: " + b"b" * 4080 + b"\r\n"), "no field"),
    ],
)  # fmt: skip
def test_a_body_whose_end_cannot_be_told_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadBody, match=words):
        Chunked().feed(data)


def test_lines_between_pieces_may_be_as_long_as_that() -> None:
    framing = Chunked()
    framing.feed(b"5;" + b"x" * (4096 - 4) + b"\r\nhello\r\n0\r\n\r\n")
    assert framing.over


# --- frames of HTTP/2 ---

BLOCK = [(":method", "GET"), (":authority", "web.localhost"), (":path", "/")]


def headers(
    stream: int, fields: list[tuple[str, str]] = BLOCK, *, flags: int = 5, before: bytes = b"", after: bytes = b""
) -> bytes:
    return frame(1, flags, stream, before + Encoder().encode(fields, huffman=False) + after)


@pytest.mark.parametrize("step", [1, 2, 9, 10, 1000])
def test_frames_are_cut_at_every_border_alike(step: int) -> None:
    sent = [
        frame(4, 0, 0, b"settings"), headers(1), frame(0, 1, 1, b"body" * 3), frame(4, 1, 0), frame(8, 0, 1, b"1234"),
        headers(3, [("te", "trailers")]),
    ]  # fmt: skip
    data, frames, found = b"".join(sent), Frames(), list[Piece]()
    for at in range(0, len(data), step):
        found += frames.feed(data[at : at + step])
    assert b"".join(piece.data for piece in found) == data
    heads = [piece for piece in found if piece.is_head]
    assert [(piece.data, piece.stream, piece.host) for piece in heads] == [
        (sent[1], 1, "web.localhost"), (sent[5], 3, None),
    ]  # fmt: skip
    assert [piece.data for piece in found if piece.is_acknowledgement] == [sent[3]]
    assert b"".join(piece.data for piece in found if piece.stream == 1 and not piece.is_head) == sent[2] + sent[4]


def test_a_head_in_parts_with_padding_and_priority_is_one() -> None:
    block = Encoder().encode(BLOCK, huffman=False)
    first = frame(1, 0x8 | 0x20 | 1, 7, b"\x03" + b"prior" + block[:4] + b"pad")
    second, third = frame(9, 0, 7, block[4:6]), frame(9, 4, 7, block[6:])
    assert list(Frames().feed(first + second + third)) == [
        Piece(first + second + third, 7, "web.localhost", is_head=True)
    ]
    by_host = headers(1, [(":method", "GET"), ("host", "own.localhost")])
    assert next(iter(Frames().feed(by_host))).host == "own.localhost"


@pytest.mark.parametrize(
    "data",
    [
        frame(9, 4, 1, b"x"),
        frame(1, 1, 1, b"") + frame(0, 0, 1, b"x"),
        frame(1, 1, 1, b"") + frame(9, 4, 3, b""),
        frame(1, 5 | 8, 1, b""),
        frame(1, 5 | 8, 1, b"\x09abc"),
        frame(1, 5 | 0x20, 1, b"abc"),
        headers(1, [(":method", "GET")]),
        headers(1, [(":method", "GET"), (":authority", "a"), ("host", "b")]),
        frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
        frame(1, 1, 1, b"x" * 60_000) + frame(9, 0, 1, b"x" * 6_000),
        frame(4, 0, 0, b"x" * 65_537),
    ],
)  # fmt: skip
def test_frames_that_http2_does_not_know_there_are_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Frames().feed(data))


@pytest.mark.parametrize("step", [1, 3, 9, 11, 1000])
def test_where_frames_end_is_known_across_pieces(step: int) -> None:
    sent = [frame(4, 0, 0), frame(0, 0, 1, b"x" * 300), frame(0, 1, 1, b"y")]
    data, edges = b"".join(sent), Edges()
    borders = {len(sent[0]), len(sent[0] + sent[1]), len(data)}
    assert edges.at_edge
    for at in range(0, len(data), step):
        piece = data[at : at + step]
        first = edges.first_edge(piece)
        inside = [border - at for border in sorted(borders) if at < border <= at + len(piece)]
        assert first == (inside[0] if inside else -1)
        assert edges.at_edge is (at + len(piece) in borders)


def test_the_doors_own_frames() -> None:
    assert frame(1, 4, 3, b"ab") == b"\0\0\x02\x01\x04\0\0\0\x03ab"
    assert frame(0, 0, 1, b"x" * 70_000)[:9] == b"\x01\x11\x70\0\0\0\0\0\x01"
    assert goaway(5) == b"\0\0\x08\x07\0\0\0\0\0\0\0\0\x05\0\0\0\0"
    told = answer(3, 404, "nobody ü" + "x" * 9000)
    pieces = list(Frames().feed(told))
    assert told.endswith(goaway(3))
    body = b"".join(piece.data for piece in pieces if piece.stream == 3 and not piece.is_head)
    assert (body[:9], len(body), body[9:18]) == (frame(0, 1, 3, b"x" * 8192)[:9], 9 + 8192, "nobody ü".encode())
    assert Decoder().decode(pieces[0].data[9:]) == [(":status", "404"), ("content-type", "text/plain; charset=utf-8")]


# --- pages ---


def page(said: bytes) -> tuple[str, str]:
    """First line and page; with its fields as they must be."""
    top, _, body = said.partition(b"\r\n\r\n")
    first, *fields = top.decode().split("\r\n")
    named = dict(field.split(": ", 1) for field in fields)
    assert int(named["Content-Length"]) == len(body)
    assert (named["Content-Type"], named["Connection"]) == ("text/html; charset=utf-8", "close")
    assert (named["Cache-Control"], named["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "default-src 'none'" in named["Content-Security-Policy"]
    return first, body.decode()


def address(name: str, *, runs: bool = True) -> DoorAddress:
    return DoorAddress(
        container_id="c",
        name=name,
        hosts=(f"{name}.localhost",),
        port=80,
        url=f"http://{name}.localhost/?a&b",
        runs=runs,
    )


def test_pages_say_what_is_there_and_what_is_not() -> None:
    first, body = page(pages.index([]))
    assert first == "HTTP/1.1 200 OK"
    assert "<title>Wherry</title>" in body
    assert "<p>No container has a port that the door could show.</p>" in body
    first, body = page(pages.index([address("web"), address("<old>", runs=False)]))
    assert first == "HTTP/1.1 200 OK"
    assert "<h1>Services of this computer</h1>" in body
    assert '<tr><td><a href="http://web.localhost/?a&amp;b">web.localhost</a></td><td>web</td><td>80</td></tr>' in body
    assert '<tr class="off"><td>&lt;old&gt;.localhost</td><td>&lt;old&gt;</td><td>stopped</td></tr>' in body


@pytest.mark.parametrize(
    ("said", "first", "words", "again"),
    [
        (pages.unknown("<x>"), "HTTP/1.1 404 Not Found", "No container is called &lt;x&gt;.", False),
        (pages.stopped(address("<w>")), "HTTP/1.1 503 Service Unavailable", "&lt;w&gt; does not run. Start it", True),
        (pages.silent(address("<w>")), "HTTP/1.1 502 Bad Gateway",
         "&lt;w&gt; runs, but nobody in it listens on port 80.", True),
        (pages.broken(address("<w>"), "<why>"), "HTTP/1.1 502 Bad Gateway", "asked on port 80. &lt;why&gt;", False),
        (pages.refusal(431, "<T>", "<w>"), "HTTP/1.1 431 Request Header Fields Too Large",
         "<h1>&lt;T&gt;</h1><p>&lt;w&gt;</p>", False),
        (pages.refusal(421, "T", ""), "HTTP/1.1 421 Misdirected Request", "<h1>T</h1></body>", False),
    ],
)  # fmt: skip
def test_why_a_service_is_not_shown_is_told(said: bytes, first: str, words: str, *, again: bool) -> None:
    told, body = page(said)
    assert (told, words in body) == (first, True)
    assert ('http-equiv="refresh" content="2"' in body) is again
