"""Bridges in network namespaces, and the interfaces that join others to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class MakeBridge(NamedTuple):
    """A bridge in a network namespace, with addresses of its own and the lengths of their subnets."""

    path: str | os.PathLike[str]
    mac: str
    addresses: Sequence[tuple[str, int]]
    mtu: int
    """0 for the kernel's choice."""


class JoinBridge(NamedTuple):
    """An interface inside the member's namespace, whose other end is a port of the network's bridge."""

    network: str | os.PathLike[str]
    member: str | os.PathLike[str]
    port: str
    inside: str
    mac: str
    addresses: Sequence[tuple[str, int]]
    mtu: int
    isolated: bool
    """From the other members; what the bridge itself offers is there for it."""


class LeaveBridge(NamedTuple):
    """That interface goes; not being there is no failure."""

    member: str | os.PathLike[str]
    inside: str
