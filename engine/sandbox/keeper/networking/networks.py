"""Network namespaces, and one made ahead: making one takes the kernel milliseconds that no start should wait for.

The spare is descriptors of the keeper's and nothing else: it goes with the keeper, so no crash can leave one behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel, mounting, wire
from engine.sandbox.keeper.asked.steps import Remove, Unmount
from engine.sandbox.keeper.namespaces import attach
from engine.sandbox.keeper.networking.netlink import Netlink
from engine.sandbox.keeper.requests import Reply

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.mounts import CreateNetns, OpenSockets, RemoveNetns
    from engine.sandbox.keeper.networking.plugs import Plugs
    from engine.sandbox.keeper.requests import Request

_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41
_QUIET_MILLISECONDS = 25
"""So long nobody asked for anything: time to make the next spare."""
_OF_A_SPARE = 2
"""Descriptors: the namespace, and a socket that speaks to it."""


def create(asked: CreateNetns, _request: Request) -> None:
    """In a forked worker, which leaves its network behind: only a bind mount can keep the new one."""
    _enter_new()
    pin("/proc/self/ns/net", asked.path)


def pin(namespace: str, path: str | os.PathLike[str]) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    attach(kernel.open_tree(namespace, recursive=False), os.fspath(path))


def remove(asked: RemoveNetns, _request: Request) -> None:
    mounting.execute([Unmount(asked.path, every=True), Remove(asked.path)])


def open_sockets(asked: OpenSockets, _request: Request) -> Reply:
    """In a forked worker, which stays in the network it enters."""
    namespace = os.open(asked.namespace, os.O_RDONLY | os.O_CLOEXEC)
    kernel.setns(namespace, kernel.CLONE_NEWNET)
    kind = asked.kind | socket.SOCK_CLOEXEC
    return Reply(None, [socket.socket(asked.family, kind, asked.protocol).detach() for _ in range(asked.amount)])


def _enter_new() -> None:
    kernel.unshare(kernel.CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
    # As Docker has it, low ports and ping need no privilege; who has a user namespace of its own cannot say so.
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as file:
        file.write("0")
    # The engine gives each address out once. The question whether somebody else has one names no sender, and the
    # pasta of Debian 12 takes that for the address inside: calls of a published port by IPv6 would be sent nowhere.
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv6/conf/default/accept_dad", "w") as file:
        file.write("0")
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/gid_map") as file:
            groups = sum(int(line.split()[2]) for line in file)
        with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
            file.write(f"0 {groups - 1}")


class Spare:
    """At most one. Made by a worker while the keeper has nothing to do, once the first was asked for; the worker brings
    the sockets of networks along that are missing."""

    def __init__(self, plugs: Plugs) -> None:
        self._plugs = plugs
        self._fds: list[int] = []
        self._wanted = False
        self.awaited: socket.socket | None = None
        """Where a worker that makes one will hand it over."""

    @property
    def patience(self) -> int | None:
        """Milliseconds without a request after which to make one; None for not at all."""
        return _QUIET_MILLISECONDS if self._wanted and not self._fds and self.awaited is None else None

    def use(self, path: str | os.PathLike[str]) -> bool:
        """Pin the spare there; False where there is none."""
        self._wanted = True
        if not self._fds:
            return False
        (namespace, speaker), self._fds = self._fds, []
        self._plugs.keep_member(path, speaker)
        try:
            pin(f"/proc/self/fd/{namespace}", path)
        except OSError:
            self._plugs.forget(path)
            raise
        finally:
            os.close(namespace)
        return True

    def expect(self) -> tuple[socket.socket, list[str]]:
        """The end for the worker that is about to be forked, and what it is to bring."""
        self.awaited, theirs = wire.connect()
        return theirs, self._plugs.expect()

    def collect(self) -> None:
        """What the worker handed over. Nothing, where it failed: then the next is made when it is needed."""
        assert self.awaited is not None
        received = None
        with contextlib.suppress(OSError):
            received = wire.receive(self.awaited)
        self.awaited.close()
        self.awaited = None
        if received is None or len(received[1]) < _OF_A_SPARE:
            self._wanted = False
            return
        self._fds, brought = received[1][:_OF_A_SPARE], received[1][_OF_A_SPARE:]
        for path, fd in zip(received[0]["ok"], brought, strict=True):
            self._plugs.keep_network(path, fd)


def hand_over(networks: list[str], _request: Request) -> Reply:
    """In the worker: the new namespace as a descriptor, a socket of it, and sockets of the networks that are there."""
    _enter_new()
    fds = [os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC), Netlink().detach()]
    found = []
    for path in networks:
        with contextlib.suppress(OSError):
            place = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            kernel.setns(place, kernel.CLONE_NEWNET)
            fds.append(Netlink().detach())
            found.append(path)
    return Reply(found, fds)
