"""HTTP over the unix socket, as much as the verbs need, and nothing that costs time to load.

`http.client`, `socket` and `json` together take longer to import than `ps` takes to run; the interpreter's own
`_socket` and `_json` do not.
"""

from __future__ import annotations

import _socket
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PIECE = 1 << 16
_HEAD_BYTES = 1 << 18
_API = "/v1.50"


class Failed(Exception):
    """The engine said no: a status, its words for people, and Docker's, which exit codes are told by."""

    def __init__(self, status: int, message: str, docker: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.docker = docker or message


class Unreachable(Exception):
    """Nobody answers on the socket."""


def decode(data: bytes | str) -> Any:
    """JSON to plain values."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        value, _ = _scanner()(text.lstrip(), 0)
    except StopIteration:
        raise ValueError("not JSON") from None
    return value


class _Context:
    """What the scanner in C asks for."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str]

    def __init__(self) -> None:
        self.memo = {}


_made: list[Any] = []


def _scanner() -> Any:
    if not _made:
        try:
            from _json import make_scanner
        except ImportError:  # an interpreter without the accelerator
            import json

            _made.append(json.JSONDecoder(strict=False).raw_decode)
        else:
            _made.append(make_scanner(_Context()))  # type: ignore[arg-type]
    return _made[0]


def quote(text: str) -> str:
    """Percent-encoding; everything but letters, digits and `-_.~/:` is written out."""
    if text.isalnum() and text.isascii():
        return text
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/:"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def query(values: Mapping[str, object]) -> str:
    """Empty values are left out; a list is repeated."""
    parts: list[str] = []
    for key, value in values.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if each is not None and each != "" and each is not False:
                parts.append(f"{key}={quote('1' if each is True else str(each)).replace('/', '%2F')}")
    return "?" + "&".join(parts) if parts else ""


class Answer:
    """A response: its status and headers are read, its body is read as it is asked for."""

    def __init__(self, connection: _socket.socket, head: bytes, rest: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ", 2)[1])
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self._connection: _socket.socket | None = connection
        self._buffer = rest
        self._left = int(self.headers["content-length"]) if "content-length" in self.headers else -1
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "")
        self._ended = self.status in (204, 304) or self._left == 0

    def detach(self) -> tuple[_socket.socket, bytes]:
        """The connection of a hijacked stream, and what came after the headers."""
        connection, self._connection = self._connection, None
        assert connection is not None
        return connection, self._buffer

    def read(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes."""
        if self._ended:
            return
        self._ended = True
        try:
            yield from self._chunks() if self._chunked else self._plain()
        finally:
            self.close()

    def _plain(self) -> Iterator[bytes]:
        while self._left:
            data = self._buffer or self._receive()
            self._buffer = b""
            if not data:
                if self._left > 0:
                    raise Failed(0, "the connection to the engine broke off")
                return
            self._left -= len(data) if self._left > 0 else 0
            yield data

    def _receive(self) -> bytes:
        return self._connection.recv(_PIECE) if self._connection is not None else b""

    def _chunks(self) -> Iterator[bytes]:
        while True:
            size = int(self._line().split(b";")[0], 16)
            left = size
            while left:
                if not self._buffer:
                    self._more()
                data, self._buffer = self._buffer[:left], self._buffer[left:]
                left -= len(data)
                yield data
            self._line()
            if not size:
                return

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise Failed(0, "the connection to the engine broke off")
        self._buffer += data

    def messages(self) -> Iterator[Any]:
        """The body as JSON values, one a line."""
        kept = b""
        for piece in self.pieces():
            kept += piece
            *lines, kept = kept.split(b"\n")
            for line in lines:
                if line.strip():
                    yield decode(line)
        if kept.strip():
            yield decode(kept)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self.close()


class Client:
    """Talks to one socket. A connection per request: cheaper here than keeping one clean."""

    is_own = True
    """It is this user's engine, and a Wherry."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.api = _API

    def connect(self) -> _socket.socket:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.connect(self.path)
        except OSError as error:
            connection.close()
            raise Unreachable(f"{self.path}: {os.strerror(error.errno or 0)}") from None
        if (owner := _peer(connection)) not in (os.getuid(), 0):
            connection.close()
            raise Failed(
                0, f"{self.path} is answered by user {owner}, not by an engine of yours: nothing was said to it"
            )
        return connection

    def send(
        self,
        method: str,
        path: str,
        values: Mapping[str, object] | None = None,
        *,
        body: object = None,
        stream: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        upgrade: bool = False,
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request and read the head of the answer; the status is not looked at."""
        connection = self.connect()
        lines = [f"{method} {self.api if not path.startswith('/wherry') else ''}{path}{query(values or {})} HTTP/1.1"]
        lines.append("Host: wherry")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        data = b""
        if body is not None:
            data = encode(body)
            lines.append("Content-Type: application/json")
        if stream is not None:
            lines += [f"Content-Type: {content_type}", "Transfer-Encoding: chunked"]
        elif data or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(data)}")
        lines.append("Connection: Upgrade\r\nUpgrade: tcp" if upgrade else "Connection: close")
        try:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)
            if stream is not None:
                _send_chunks(connection, stream)
        except (BrokenPipeError, ConnectionResetError):
            # It has answered before it had all: the answer says why.
            pass
        answer = _read_head(connection)
        if answer is None:
            raise self.broke_off()
        return answer

    def broke_off(self) -> Failed:
        return Failed(0, "the engine closed the connection without an answer")

    def ask(self, method: str, path: str, values: Mapping[str, object] | None = None, **more: Any) -> Answer:
        """As `send`, but a status of 400 or above raises `Failed` with the engine's words."""
        answer = self.send(method, path, values, **more)
        if answer.status >= 400:
            raise failure(answer)
        return answer

    def get(self, path: str, values: Mapping[str, object] | None = None) -> Any:
        """A whole JSON answer."""
        answer = self.ask("GET", path, values)
        data = answer.read()
        answer.close()
        return decode(data)

    def post(self, path: str, values: Mapping[str, object] | None = None, body: object = None) -> Any:
        answer = self.ask("POST", path, values, body=body)
        data = answer.read()
        answer.close()
        return decode(data) if data.strip() else None

    def put(self, path: str, body: object) -> Any:
        answer = self.ask("PUT", path, body=body)
        data = answer.read()
        answer.close()
        return decode(data) if data.strip() else None

    def delete(self, path: str, values: Mapping[str, object] | None = None) -> Any:
        answer = self.ask("DELETE", path, values)
        data = answer.read()
        answer.close()
        return decode(data) if data.strip() else None

    def hijack(
        self, path: str, values: Mapping[str, object] | None = None, body: object = None
    ) -> tuple[_socket.socket, bytes, bool]:
        """A raw stream: the connection, what has already come, and whether it has frames."""
        answer = self.send("POST", path, values, body=body, upgrade=True)
        if answer.status >= 400:
            raise failure(answer)
        framed = "multiplexed" in answer.headers.get("content-type", "")
        return (*answer.detach(), framed)


def _peer(connection: _socket.socket) -> int:
    """Whose process listens there, as the kernel noted it: the second of three numbers."""
    facts = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(facts[4:8], sys.byteorder)


def encode(value: object) -> bytes:
    import json

    return json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogateescape")


def failure(answer: Answer) -> Failed:
    data = answer.read()
    answer.close()
    try:
        said = decode(data)
        return Failed(answer.status, str(said.get("advice") or said["message"]), str(said["message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        text = data.decode("utf-8", "replace").strip()
        return Failed(answer.status, text or f"the engine answered {answer.status}")


def _send_chunks(connection: _socket.socket, stream: Iterable[bytes]) -> None:
    for piece in stream:
        if piece:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


def _read_head(connection: _socket.socket) -> Answer | None:
    """None where the connection ends before it."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            piece = connection.recv(_PIECE)
        except ConnectionResetError:
            piece = b""
        if not piece or len(data) > _HEAD_BYTES:
            connection.close()
            return None
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return Answer(connection, head, rest)
