"""Who is at the other end of the socket. Only its owner gets in, whatever the rights of the file say."""

from __future__ import annotations

import os
import socket
import struct
from typing import Protocol

_CREDENTIALS = struct.Struct("3i")


class _HasOptions(Protocol):
    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


def is_own_peer(sock: _HasOptions) -> bool:
    return peer_uid(sock) == os.getuid()


def peer_uid(sock: _HasOptions) -> int:
    """The user that connected, as the kernel noted it then."""
    _, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)
