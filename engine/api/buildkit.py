"""What `docker build` with the buildx plugin meets: it asks for BuildKit by gRPC, and would print no more of a plain
refusal than its number. So the connection is taken, and every call is answered with the sentence that helps.

Only as much HTTP/2 is spoken as that takes: each call gets one block of headers, and nothing of what the client says is
believed or kept, beyond the length of its frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.hijack import RawStream, hijack
from engine.api.statuses import Refusal

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call

ADVICE = (
    "BuildKit is not part of Wherry, whose builder does the same work: run it with DOCKER_BUILDKIT=0, or `wherry build`"
)

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD_BYTES = 9
_FRAME_MAXIMUM = 1 << 14
_HEADERS, _SETTINGS, _PING, _GOAWAY, _CONTINUATION = 1, 4, 6, 7, 9
_ACK, _END_STREAM, _END_HEADERS = 0x1, 0x1, 0x4
_FAILED_PRECONDITION = "9"


async def refuse_buildkit(call: Call) -> web.StreamResponse:
    """`/grpc`, where the client calls, and `/session`, where it waits to be called."""
    if call.request.headers.get("Upgrade", "").lower() != "h2c":
        raise Refusal(501, ADVICE)
    return await hijack(call.request, tty=True, version=call.version, talk=_talk)


async def _talk(raw: RawStream) -> None:
    await raw.send("stdout", _frame(_SETTINGS, 0, 0, b""))
    answers = _Answers()
    while data := await raw.incoming.read():
        answer = answers.to(data)
        if answer is None:
            return
        if answer:
            await raw.send("stdout", answer)


class _Answers:
    """What to say to each frame that comes."""

    def __init__(self) -> None:
        self._pending = b""
        self._greeted = False

    def to(self, data: bytes) -> bytes | None:
        """None where the conversation is over, or never was one."""
        self._pending += data
        if not self._greeted:
            if not _PREFACE.startswith(self._pending[: len(_PREFACE)]):
                return None
            if len(self._pending) < len(_PREFACE):
                return b""
            self._greeted, self._pending = True, self._pending[len(_PREFACE) :]
        said = b""
        while len(self._pending) >= _HEAD_BYTES:
            length = int.from_bytes(self._pending[:3], "big")
            if length > _FRAME_MAXIMUM or self._pending[3] == _GOAWAY:
                return None
            end = _HEAD_BYTES + length
            if len(self._pending) < end:
                break
            said += _answer(self._pending[:_HEAD_BYTES], self._pending[_HEAD_BYTES:end])
            self._pending = self._pending[end:]
        return said


def _answer(head: bytes, payload: bytes) -> bytes:
    kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
    if kind == _SETTINGS and not flags & _ACK:
        return _frame(_SETTINGS, _ACK, 0, b"")
    if kind == _PING and not flags & _ACK:
        return _frame(_PING, _ACK, 0, payload[:8])
    if kind in (_HEADERS, _CONTINUATION) and flags & _END_HEADERS and stream:
        return _frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, _REFUSAL)
    return b""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _header(name: str, value: str) -> bytes:
    """A literal header that no table remembers; both words are shorter than 127 bytes."""
    words = (name.encode(), value.encode())
    return b"\x00" + b"".join(bytes((len(word),)) + word for word in words)


_STATUS_200 = b"\x88"
_REFUSAL = (
    _STATUS_200
    + _header("content-type", "application/grpc")
    + _header("grpc-status", _FAILED_PRECONDITION)
    + _header("grpc-message", ADVICE)
)
