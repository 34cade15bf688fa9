"""The heads of HTTP/1 messages: read strictly, and written again without what belongs to one connection only. Pure.

What two readers could understand in two ways is refused, not mended: that is how a request hides inside another's body.
So there is one way to end a line, one place for a length, one transfer coding, and no line that goes on in the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.frontdoor.framing import Chunked, Counted, Framing, NoBody, UntilEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Fields = tuple[tuple[bytes, bytes], ...]

LARGEST_HEAD = 64 * 1024
_MOST_FIELDS = 200
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REQUEST_LINE = re.compile(rb"([A-Z][A-Z_-]{0,31}) (/[\x21-\x7e]*|\*) HTTP/(1\.[01])")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])( [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_OF_ONE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"http2-settings", b"proxy-authorization"}
)
_NEVER_DROPPED = frozenset({b"host", b"content-length", b"transfer-encoding"})
_OURS = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"})
"""What somebody before us claims of the way here; nobody is before us."""


class BadHead(Exception):
    """Not readable in exactly one way; `status` is what HTTP calls that."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    method: bytes
    target: bytes
    version: bytes
    fields: Fields
    host: str
    """As written."""
    keeps: bool
    """The connection is to stay open."""
    websocket: bool

    def framing(self) -> Framing:
        """What follows the head."""
        return _request_framing(self.fields)

    def head(self, *, scheme: str, visitor: str) -> bytes:
        """To be sent on. The Host stays, for services make links of it."""
        own = [
            (b"X-Forwarded-For", visitor.encode()),
            (b"X-Forwarded-Host", self.host.encode()),
            (b"X-Forwarded-Proto", scheme.encode()),
        ]
        if self.websocket:
            own += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        elif not self.keeps:
            own.append((b"Connection", b"close"))
        kept = [(name, value) for name, value in _without_hops(self.fields) if name.lower() not in _OURS]
        return _written(b"%s %s HTTP/%s" % (self.method, self.target, self.version), [*kept, *own])


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    line: bytes
    fields: Fields
    keeps: bool

    @property
    def is_last(self) -> bool:
        """Not one of those that only announce another."""
        return self.status >= 200 or self.status == 101

    @property
    def is_stream_of_events(self) -> bool:
        return any(value.lower().startswith(b"text/event-stream") for value in _values(self.fields, b"content-type"))

    def framing(self, method: bytes) -> Framing:
        if method == b"HEAD" or self.status in (204, 304) or self.status < 200:
            return NoBody()
        return _response_framing(self.fields)

    def head(self, *, keeps: bool) -> bytes:
        if self.status == 101:
            own = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        else:
            own = [] if keeps or not self.is_last else [(b"Connection", b"close")]
        return _written(self.line, [*_without_hops(self.fields), *own])


def read_request(head: bytes) -> Request:
    """`head` ends with its empty line."""
    line, fields = _split(head, 400)
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise BadHead("The first line is no request.")
    method, target, version = found.groups()
    if method == b"CONNECT" or (target == b"*" and method != b"OPTIONS"):
        raise BadHead("The door makes no tunnels.", 405)
    hosts = _values(fields, b"host")
    if len(hosts) != 1:
        raise BadHead("A request names one host.")
    tokens = _tokens(fields, b"connection")
    websocket = b"upgrade" in tokens and _tokens(fields, b"upgrade") == [b"websocket"]
    framing = _request_framing(fields)
    if websocket and not (framing.over and method == b"GET" and version == b"1.1"):
        raise BadHead("A websocket begins with a GET that has no body.")
    if version == b"1.0" and _values(fields, b"transfer-encoding"):
        raise BadHead("HTTP/1.0 has no transfer codings.")
    keeps = version == b"1.1" and b"close" not in tokens
    return Request(method, target, version, fields, hosts[0].decode("latin-1"), keeps, websocket)


def read_response(head: bytes) -> Response:
    line, fields = _split(head, 502)
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise BadHead("The first line is no answer.", 502)
    keeps = line.startswith(b"HTTP/1.1") and b"close" not in _tokens(fields, b"connection")
    response = Response(int(found.group(1)), b"HTTP/1.1" + line[8:], fields, keeps)
    if len(_values(fields, b"content-length")) > 1 or (
        _values(fields, b"content-length") and _values(fields, b"transfer-encoding")
    ):
        raise BadHead("The answer has two lengths.", 502)
    response.framing(b"GET")
    return response


def _split(head: bytes, status: int) -> tuple[bytes, Fields]:
    first, *lines = head[:-4].split(b"\r\n")
    if len(lines) > _MOST_FIELDS:
        raise BadHead("There are too many fields.", 431 if status == 400 else status)
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or _FORBIDDEN.search(value):
            raise BadHead("A field is not written as HTTP writes them.", status)
        fields.append((name, value.strip(b" \t")))
    return first, tuple(fields)


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [value for key, value in fields if key.lower() == name]


def _tokens(fields: Fields, name: bytes) -> list[bytes]:
    return [part for value in _values(fields, name) for part in value.lower().replace(b" ", b"").split(b",") if part]


def _request_framing(fields: Fields) -> Framing:
    lengths, codings = _values(fields, b"content-length"), _values(fields, b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise BadHead("A request has one length.")
    if lengths:
        return _counted(lengths[0], 400)
    if codings:
        if codings[0].lower() != b"chunked":
            raise BadHead("The door knows no transfer coding but chunked.", 501)
        return Chunked()
    return NoBody()


def _response_framing(fields: Fields) -> Framing:
    lengths, codings = _values(fields, b"content-length"), _values(fields, b"transfer-encoding")
    if lengths:
        return _counted(lengths[0], 502)
    if codings:
        if [value.lower() for value in codings] != [b"chunked"]:
            raise BadHead("The answer has a transfer coding that the door does not know.", 502)
        return Chunked()
    return UntilEnd()


def _counted(length: bytes, status: int) -> Framing:
    if not _LENGTH.fullmatch(length):
        raise BadHead("The length is no number.", status)
    return Counted(int(length))


def _without_hops(fields: Fields) -> list[tuple[bytes, bytes]]:
    named = set(_tokens(fields, b"connection")) - _NEVER_DROPPED
    dropped = _OF_ONE_CONNECTION | named
    return [(name, value) for name, value in fields if name.lower() not in dropped]


def _written(line: bytes, fields: Sequence[tuple[bytes, bytes]] | Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\r\n".join([line, *(name + b": " + value for name, value in fields), b"", b""])
