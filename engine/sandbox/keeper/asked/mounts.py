"""Mounts and network namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from engine.sandbox.keeper.asked.steps import Step


class Execute(NamedTuple):
    """A plan: each step beside the name of its class. In order, up to the first failure."""

    plan: Sequence[tuple[str, Step]]


class Mounts(NamedTuple):
    """Answered by a list of `Mount`."""

    within: str | os.PathLike[str] = ""
    """Leaves most of those out that have nothing to do with that directory."""


class Mount(NamedTuple):
    """One line of the kernel's table, its escapes undone."""

    root: str
    target: str
    kind: str


class CreateNetns(NamedTuple):
    """A network namespace with its loopback up, pinned at the path."""

    path: str | os.PathLike[str]


class CreateShared(NamedTuple):
    """The namespaces that containers of a pod share beside the network, pinned as `ipc` and `uts` in a directory."""

    directory: str | os.PathLike[str]
    hostname: str


class OpenSockets(NamedTuple):
    """Sockets made inside a network namespace, as descriptors."""

    namespace: str
    family: int
    kind: int
    protocol: int
    amount: int


class RemoveNetns(NamedTuple):
    """Not being there is no failure."""

    path: str | os.PathLike[str]
