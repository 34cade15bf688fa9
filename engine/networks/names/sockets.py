"""The sockets of one network, opened inside its namespace.

Who leaves the host's network cannot come back, so a child goes there, opens them and hands them over.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.networks.names.table import Network

_CLONE_NEWNET = 0x40000000
_PORT = 53
_WAITING = 128
_OF_A_NETWORK, _MOST_SOCKETS = 3, 8
_INT_SIZE = array.array("i").itemsize
_RECEIVE_BUFFER = 1 << 20


class Opened:
    """A network's sockets, and which namespace they are in."""

    __slots__ = ("address", "datagrams", "inner", "namespace", "streams")

    def __init__(self, network: Network, namespace: tuple[int, int], fds: list[int]) -> None:
        self.namespace, self.address = namespace, network.address
        self.datagrams, self.streams, self.inner = (socket.socket(fileno=fd) for fd in fds)
        """Where members ask, and from where name servers among them are asked."""
        for each in self.all:
            each.settimeout(0)

    @property
    def all(self) -> tuple[socket.socket, ...]:
        return self.datagrams, self.streams, self.inner

    def still_serves(self, network: Network) -> bool:
        return self.address == network.address and self.namespace == namespace_of(network.netns)


def namespace_of(path: str) -> tuple[int, int]:
    """Which namespace is pinned there, as two numbers; (0, 0) for none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def open_in(network: Network) -> Opened | None:
    """None where the namespace is not, or no more, what the table says."""
    namespace = namespace_of(network.netns)

    def make() -> list[socket.socket]:
        opened = [
            _bound(socket.SOCK_DGRAM, (network.address, _PORT)),
            _bound(socket.SOCK_STREAM, (network.address, _PORT)),
            _bound(socket.SOCK_DGRAM, (network.address, 0)),
        ]
        opened[1].listen(_WAITING)
        return opened

    fds = _fetched(network.netns, make)
    return Opened(network, namespace, fds) if len(fds) == _OF_A_NETWORK else None


def connected_in(netns: str, place: tuple[str, int], count: int) -> list[socket.socket]:
    """Datagram sockets inside a namespace that speak to a place there; [] where it is gone."""

    def make() -> list[socket.socket]:
        made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) for _ in range(count)]
        for each in made:
            each.connect(place)
        return made

    found = [socket.socket(fileno=fd) for fd in _fetched(netns, make)]
    for each in found:
        each.settimeout(0)
    return found


def speaker_in(netns: str) -> socket.socket | None:
    """To the packet filter of a namespace; None where it is gone, or the kernel has none."""
    from engine.networks.names import nftables  # what only limited members need

    found = [socket.socket(fileno=fd) for fd in _fetched(netns, lambda: [nftables.speaker()])]
    return found[0] if found else None


def _fetched(netns: str, make: Callable[[], list[socket.socket]]) -> list[int]:
    """What is made inside a namespace, as descriptors of ours."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with contextlib.suppress(OSError):
                enter(netns)
                made = make()  # held until they are sent
                rights = array.array("i", [each.fileno() for each in made])
                theirs.sendmsg([b"1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                status = 0
        finally:
            os._exit(status)
    theirs.close()
    os.waitpid(child, 0)
    fds = array.array("i")
    with ours, contextlib.suppress(OSError):
        _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_LEN(_MOST_SOCKETS * _INT_SIZE), socket.MSG_DONTWAIT)
        for _, _, data in ancillary:
            fds.frombytes(data[: len(data) - len(data) % _INT_SIZE])
    return list(fds)


def _bound(kind: int, place: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind | socket.SOCK_CLOEXEC)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if place[1]:
        # The next names server opens its own beside this one's before this one leaves.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if kind == socket.SOCK_DGRAM:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    made.bind(place)
    return made


def enter(path: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)
