"""Errors as gRPC says them: a status, words, and details that clients print an excerpt of the Dockerfile from."""

from __future__ import annotations

import base64
import json
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.exceptions import GRPCError, StreamTerminatedError

from engine.api.buildkit.wire.messages_pb2 import RawAny, RpcStatus
from engine.api.http.statuses import message_of
from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from grpclib.server import Stream

    from engine.errors import WherryError
    from engine.types.builds import Build

_MESSAGE_AT_MOST = 8 << 10
_EXCERPT_FROM_AT_MOST = 64 << 10
"""Errors travel as headers, and compressing a header of megabytes would hold everybody up for minutes."""
_KINDS = "github.com/moby/buildkit/errdefs."


class DetailsCodec(StatusDetailsCodecBase):
    """`grpc-status-details-bin`: whatever details were put into an error, as they are."""

    def encode(self, status: Status, message: str | None, details: Any) -> bytes:
        said = RpcStatus(code=status.value, message=message or "", details=details or [])
        return bytes(said.SerializeToString())

    def decode(self, status: Status, message: str | None, data: bytes) -> Any:
        try:
            return list(RpcStatus.FromString(data).details)
        except DecodeError:
            return []


def refused(message: str, status: Status = Status.UNKNOWN, details: Sequence[RawAny] = ()) -> GRPCError:
    """An error whose words the client prints as they are."""
    kept = [each for each in details if each.ByteSize() <= 2 * _EXCERPT_FROM_AT_MOST][:8]
    return GRPCError(status, message[:_MESSAGE_AT_MOST], kept)


async def asked(stream: Stream[Any, Any]) -> Any:
    """The one message of a call."""
    request = await stream.recv_message()
    if request is None:
        raise refused("the request is missing", Status.INVALID_ARGUMENT)
    return request


async def within_operation(source: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """What a client gives, for an operation: that takes any fault but one of the engine's own for a bug."""
    try:
        async with aclosing(source):
            async for piece in source:
                yield piece
    except GRPCError as error:
        raise InvalidRequest(error.message or "The client's session does not give what it should") from error
    except (StreamTerminatedError, ConnectionError, TimeoutError) as error:
        raise InvalidRequest("The client's session ended: context canceled") from error


def failed_build(error: WherryError, build: Build | None, filename: str, text: str, vertex: str) -> GRPCError:
    """A build's failure with its place in the Dockerfile."""
    details: list[RawAny] = []
    if vertex:
        details.append(_detail("Vertex", {"digest": vertex}))
    if build is not None:
        details += excerpt_details(filename, text, build.error_line)
    return refused(_in_buildkits_words(message_of(error)), details=details)


def excerpt_details(filename: str, text: str, line: int) -> list[RawAny]:
    """What clients print the lines at fault from; nothing where the place is not known."""
    if not line or len(text) > _EXCERPT_FROM_AT_MOST:
        return []
    first, last = lines_of(text, line)
    data = base64.b64encode(text.encode(errors="replace")).decode()
    info = {"filename": filename, "data": data, "language": "Dockerfile"}
    place = {"start": {"line": first}, "end": {"line": last}}
    return [_detail("Source", {"info": info, "ranges": [place]})]


_OTHER_WORDS = (
    (
        re.compile(r"The command '(.*)' returned a non-zero code: (\d+)", re.S),
        r'process "\1" did not complete successfully: exit code: \2',
    ),
    (
        re.compile(r"(?:COPY|ADD) failed: file not found in build context .*stat (\S+): file does not exist"),
        r'failed to calculate checksum: "/\1": not found',
    ),
)


def _in_buildkits_words(message: str) -> str:
    """The classic builder's sentence as BuildKit says it, where clients look for its words."""
    for pattern, words in _OTHER_WORDS:
        if found := pattern.fullmatch(message):
            return found.expand(words)
    return message


def _detail(kind: str, value: dict[str, Any]) -> RawAny:
    return RawAny(type_url=f"{_KINDS}{kind}+json", value=json.dumps(value).encode())


def lines_of(text: str, line: int) -> tuple[int, int]:
    """The lines of the instruction that begins on a line: with what is continued, and here-documents."""
    lines = text.split("\n")
    last = line
    while last <= len(lines) and lines[last - 1].rstrip().endswith("\\"):
        last += 1
    for word in lines[line - 1].split() if line <= len(lines) else ():
        if word.startswith("<<"):
            end = word.lstrip("<-").strip("'\"")
            while last < len(lines) and lines[last - 1].strip() != end:
                last += 1
    return line, min(last, len(lines))
