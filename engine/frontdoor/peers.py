"""Whose a connection on the loopback is: the kernel's answer (sock_diag) to a question about its other end."""

from __future__ import annotations

import socket
import struct

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBBI")
_IDENTITY = struct.Struct("!HH16s16s")
_OF_ANSWER = struct.Struct("=BBBB48sIIIII")
_ANY_STATE, _NO_COOKIE, _ERROR = 0xFFFFFFFF, 0xFFFFFFFF, 2


def owner_of(plug: socket.socket) -> int | None:
    """The user id of who holds the other end; None where the kernel does not say."""
    family = plug.family
    mine, theirs = plug.getsockname(), plug.getpeername()
    identity = _IDENTITY.pack(
        theirs[1], mine[1], _packed(family, theirs[0]), _packed(family, mine[0])
    )  # fmt: skip
    question = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE) + identity
    question += struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    message = _HEADER.pack(_HEADER.size + len(question), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0) + question
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.sendto(message, (0, 0))
            answer = kernel.recv(8192)
    except OSError:
        return None
    if len(answer) < _HEADER.size + _OF_ANSWER.size or _HEADER.unpack_from(answer)[1] == _ERROR:
        return None
    uid: int = _OF_ANSWER.unpack_from(answer, _HEADER.size)[8]
    return uid


def _packed(family: int, address: str) -> bytes:
    return socket.inet_pton(family, address.partition("%")[0]).ljust(16, b"\0")
