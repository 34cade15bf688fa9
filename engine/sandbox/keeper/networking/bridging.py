"""Bridges, and the pairs of interfaces that join a namespace to one. Workers do it, and leave their network behind."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel
from engine.sandbox.keeper.networking.netlink import (
    ADDRESS,
    ISOLATED,
    MASTER,
    MTU,
    NAME,
    NAMESPACE,
    PEER,
    Netlink,
    attribute,
    link_header,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.sandbox.keeper.asked.bridges import JoinBridge, LeaveBridge, MakeBridge
    from engine.sandbox.keeper.requests import Request

_BRIDGE = "bridge0"


def make_bridge(asked: MakeBridge, request: Request) -> None:
    """In a namespace that is there, with the network's own addresses on it."""
    with _opened(asked.path) as namespace:
        kernel.setns(namespace, kernel.CLONE_NEWNET)
    # What is sent between networks would go by here, had the host's switch for routers been handed down.
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("0")
    here = Netlink()
    if request.is_repeated:
        _delete(here, _BRIDGE)
    # A hardware address of its own, or it would change with every member and neighbours would lose it.
    here.link(_BRIDGE, "bridge", attribute(ADDRESS, _mac(asked.mac)), *_mtu(asked.mtu))
    index = here.index(_BRIDGE)
    for text, length in asked.addresses:
        here.add_address(index, text, length)


def join(asked: JoinBridge, _request: Request) -> None:
    """Give the namespace of a member an interface in the network."""
    with _opened(asked.network) as network, _opened(asked.member) as member:
        kernel.setns(network, kernel.CLONE_NEWNET)
        there = Netlink()
        kernel.setns(member, kernel.CLONE_NEWNET)
        plug(asked, there, Netlink(), member)


def plug(asked: JoinBridge, there: Netlink, here: Netlink, member: int) -> None:
    """The pair of interfaces, by a socket of the network's namespace and one of the member's."""
    peer = link_header() + attribute(NAME, asked.inside.encode() + b"\0")
    peer += attribute(ADDRESS, _mac(asked.mac)) + number(NAMESPACE, member) + b"".join(_mtu(asked.mtu))
    attributes = [number(MASTER, there.index(_BRIDGE)), *_mtu(asked.mtu)]
    try:
        there.link(asked.port, "veth", *attributes, data=attribute(PEER, peer))
    except FileExistsError:
        # The kernel takes a namespace apart some time after its end: the address's last member is there yet.
        _delete(there, asked.port)
        there.link(asked.port, "veth", *attributes, data=attribute(PEER, peer))
    if asked.isolated:
        there.set_port(there.index(asked.port), attribute(ISOLATED, b"\1"))
    index = here.index(asked.inside)
    here.change(index, up=True)
    for text, length in asked.addresses:
        here.add_address(index, text, length)


def leave(asked: LeaveBridge, _request: Request) -> None:
    """Take the interface away again; not being there is no failure."""
    try:
        with _opened(asked.member) as member:
            kernel.setns(member, kernel.CLONE_NEWNET)
    except OSError as error:
        # A namespace that was let go is an empty file, or none.
        if error.errno not in (errno.ENOENT, errno.EINVAL):
            raise
        return
    _delete(Netlink(), asked.inside)


def _delete(here: Netlink, name: str) -> None:
    with contextlib.suppress(OSError):
        here.delete(here.index(name))


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _mtu(size: int) -> list[bytes]:
    return [number(MTU, size)] if size else []
