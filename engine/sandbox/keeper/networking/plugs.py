"""Sockets by which the keeper itself plugs a namespace into a network.

It may enter neither, for it could not come back to the host's network; a netlink socket that a worker made inside
speaks to its namespace from anywhere. Forking a worker for it costs more than all that the kernel does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.sandbox.keeper.networking.bridging import plug
from engine.sandbox.keeper.networking.netlink import Netlink

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.bridges import JoinBridge
    from engine.sandbox.keeper.requests import Request

_MOST_MEMBERS, _MOST_NETWORKS = 8, 32


class Plugs:
    """Each holds its namespace: those of members until they are plugged in, of networks until these go."""

    def __init__(self) -> None:
        self._members: dict[str, Netlink] = {}
        self._networks: dict[str, Netlink | None] = {}
        self._coming: set[str] = set()

    def expect(self) -> list[str]:
        """Networks that were joined by a worker, for want of a socket: somebody goes to fetch them."""
        missing = [path for path, known in self._networks.items() if known is None]
        self._coming = set(missing)
        return missing

    def keep_member(self, path: str | os.PathLike[str], fd: int) -> None:
        self._members[os.fspath(path)] = Netlink(fd)
        while len(self._members) > _MOST_MEMBERS:  # nobody joins those to a network
            self._members.pop(next(iter(self._members))).close()

    def keep_network(self, path: str, fd: int) -> None:
        if path in self._coming:
            self._networks[path] = Netlink(fd)
        else:
            os.close(fd)  # the network is gone, and another may be in its place

    def can(self, asked: JoinBridge) -> bool:
        network = os.fspath(asked.network)
        if self._networks.get(network) is None and len(self._networks) < _MOST_NETWORKS:
            self._networks[network] = None
        return self._networks.get(network) is not None and os.fspath(asked.member) in self._members

    def join(self, asked: JoinBridge, _request: Request) -> None:
        there = self._networks[os.fspath(asked.network)]
        assert there is not None
        here = self._members.pop(os.fspath(asked.member))
        member = -1
        try:
            member = os.open(asked.member, os.O_RDONLY | os.O_CLOEXEC)
            plug(asked, there, here, member)
        finally:
            here.close()
            if member >= 0:
                os.close(member)

    def forget(self, path: str | os.PathLike[str]) -> None:
        """Let a namespace go."""
        self._coming.discard(os.fspath(path))
        for known in (self._members.pop(os.fspath(path), None), self._networks.pop(os.fspath(path), None)):
            if known is not None:
                known.close()
