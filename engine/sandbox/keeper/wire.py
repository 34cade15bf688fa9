"""One frame is one packet of JSON on a SOCK_SEQPACKET socket, with file descriptors beside it; used by both ends.

A packet cannot be torn or interleaved, so forked workers answer on the keeper's own socket. A frame too large for a
packet travels in a memfd, which is then the last descriptor.

    request   {"id": n, "op": "subject.Operation", "with": [its fields], "repeated": …}
    cancel    {"id": n, "cancel": the number of the request}
    reply     {"id": n, "ok": …} or {"id": n, "error": {"kind": …, "errno": …, "text": …, "path": …}}
    progress  {"id": n, "progress": …}
    event     {"event": "exit", "pid": …, "status": …}
"""

from __future__ import annotations

import array
import contextlib
import errno
import json
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple

PACKET = 60_000
LARGEST = 256 << 20
MOST_DESCRIPTORS = 250


def connect() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def name_of(operation: type) -> str:
    """An operation's name on the wire: its module, which is its subject, and its class."""
    return f"{operation.__module__.rpartition('.')[2]}.{operation.__name__}"


def request(number: int, operation: NamedTuple, *, repeated: bool) -> dict[str, Any]:
    return {"id": number, "op": name_of(type(operation)), "with": operation, "repeated": repeated}


def send(channel: socket.socket, message: dict[str, Any], fds: tuple[int, ...] | list[int] = ()) -> None:
    data = json.dumps(message, separators=(",", ":"), default=os.fspath).encode()
    if len(data) <= PACKET:
        _send_packet(channel, data, list(fds))
        return
    body = in_memory("frame", data)
    try:
        wrapper = {"in_memfd": len(data), "id": message.get("id", -1)}
        _send_packet(channel, json.dumps(wrapper).encode(), [*fds, body])
    finally:
        os.close(body)


def in_memory(name: str, data: bytes) -> int:
    """A file that is nowhere, with this in it: any length travels as a descriptor."""
    body = os.memfd_create(name, os.MFD_CLOEXEC)
    try:
        written = 0
        while written < len(data):
            written += os.write(body, memoryview(data)[written:])
    except OSError:
        os.close(body)
        raise
    return body


def _send_packet(channel: socket.socket, data: bytes, fds: list[int]) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    channel.sendmsg([data], rights)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next frame, or None when the other end is gone. Raises BlockingIOError on an empty non-blocking socket."""
    room = socket.CMSG_SPACE(MOST_DESCRIPTORS * 4)
    try:
        data, ancillary, flags, _address = channel.recvmsg(PACKET + 4096, room, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        return None
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    if not data:
        close_all(list(fds))
        return None
    message: dict[str, Any] = json.loads(data)
    if flags & socket.MSG_CTRUNC:
        # We had no number left for a descriptor, so the kernel dropped it: that call has failed, and no other.
        close_all(list(fds))
        return _without_room(message), []
    if (length := message.get("in_memfd")) is not None:
        body = fds.pop()
        try:
            message = json.loads(os.pread(body, min(length, LARGEST), 0))
        finally:
            os.close(body)
    return message, list(fds)


def _without_room(message: dict[str, Any]) -> dict[str, Any]:
    error = {"kind": "os", "errno": errno.EMFILE, "text": os.strerror(errno.EMFILE), "lost": message.get("ok")}
    return {"id": message.get("id", -1), "error": error}


def close_all(fds: list[int]) -> None:
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
