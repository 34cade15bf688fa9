"""As much of rtnetlink as bridges and pairs of interfaces take: one socket, one request, one answer."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

NEWLINK, DELLINK, SETLINK, NEWADDR = 16, 17, 19, 20
ADDRESS, NAME, MTU, MASTER, PORT, KIND_INFO, NAMESPACE = 1, 3, 4, 10, 12, 18, 28
KIND, KIND_DATA, PEER, ISOLATED = 1, 2, 1, 33
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_FLAGS = 1, 2, 4, 8
_UP = 1
_SIOCGIFINDEX = 0x8933
_REQUEST, _ACKNOWLEDGE, _CREATE, _EXCLUSIVE = 0x1, 0x4, 0x400, 0x200
_NESTED = 0x8000
_NO_DUPLICATE_DETECTION = 0x02
"""We give the addresses, so nobody else has them; they are good at once."""
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ANSWER_BYTES = 65536


class Netlink:
    """Speaks to the network namespace in which it was made, wherever the process goes afterwards."""

    def __init__(self, fd: int = -1) -> None:
        """`fd` is one that was made elsewhere."""
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = (
            socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) if fd < 0 else socket.socket(fileno=fd)
        )

    def detach(self) -> int:
        return self._socket.detach()

    def close(self) -> None:
        self._socket.close()

    def index(self, name: str) -> int:
        """Of an interface there."""
        found = fcntl.ioctl(self._socket, _SIOCGIFINDEX, struct.pack("16si20x", name.encode(), 0))
        return int(struct.unpack_from("=i", found, 16)[0])

    def link(self, name: str, kind: str, *attributes: bytes, data: bytes = b"", up: bool = True) -> None:
        info = attribute(KIND, kind.encode()) + (attribute(KIND_DATA | _NESTED, data) if data else b"")
        body = link_header(up=up) + attribute(NAME, name.encode() + b"\0") + b"".join(attributes)
        self._ask(NEWLINK, _CREATE | _EXCLUSIVE, body + attribute(KIND_INFO | _NESTED, info))

    def change(self, index: int, *attributes: bytes, up: bool = False) -> None:
        self._ask(NEWLINK, 0, link_header(index, up=up) + b"".join(attributes))

    def set_port(self, index: int, *attributes: bytes) -> None:
        """What a bridge keeps of one of its ports."""
        body = link_header(index, family=socket.AF_BRIDGE) + attribute(PORT | _NESTED, b"".join(attributes))
        self._ask(SETLINK, 0, body)

    def delete(self, index: int) -> None:
        self._ask(DELLINK, 0, link_header(index))

    def add_address(self, index: int, text: str, length: int) -> None:
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        packed = socket.inet_pton(family, text)
        body = struct.pack("=BBBBI", family, length, _NO_DUPLICATE_DETECTION, 0, index)
        body += attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
        if family == socket.AF_INET and length < 31:
            ones = (1 << (32 - length)) - 1
            body += attribute(_IFA_BROADCAST, (int.from_bytes(packed, "big") | ones).to_bytes(4, "big"))
        if family == socket.AF_INET6:
            body += attribute(_IFA_FLAGS, struct.pack("=I", _NO_DUPLICATE_DETECTION))
        self._ask(NEWADDR, _CREATE | _EXCLUSIVE, body)

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        length = _HEADER.size + len(body)
        self._socket.send(_HEADER.pack(length, kind, _REQUEST | _ACKNOWLEDGE | flags, 1, 0) + body)
        answer = self._socket.recv(_ANSWER_BYTES)
        number = -int(struct.unpack_from("=i", answer, _HEADER.size)[0])
        if number:
            raise OSError(number, os.strerror(number))


def link_header(index: int = 0, *, up: bool = False, family: int = socket.AF_UNSPEC) -> bytes:
    return _LINK.pack(family, 0, index, _UP if up else 0, _UP if up else 0)


def attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))
