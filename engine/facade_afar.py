"""The contract's part about other machines, held by the engine of this computer. The rules of `engine.facade` hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import Engine
    from engine.types import machines


class Machines(Protocol):
    """Other machines, whose engines keep this contract too. Held by the engine of this computer."""

    async def list(self) -> Sequence[machines.Machine]:
        """Of our own list, of docker's and of podman's."""
        ...

    def watch(self) -> AsyncIterator[Sequence[machines.Machine]]:
        """All of them, again whenever one of them changed."""
        ...

    async def add(self, machine: machines.Machine) -> machines.Machine: ...
    async def change(self, name: str, machine: machines.Machine) -> machines.Machine: ...
    async def remove(self, name: str) -> None: ...
    async def find_out(self, machine: machines.Machine) -> machines.Found:
        """Try one that need not be in the list, now."""
        ...

    async def suggestions(self) -> Sequence[machines.Suggestion]:
        """Addresses that ssh, docker, podman and this computer's sockets know of and that are not in the list."""
        ...

    async def engine(self, name: str) -> Engine:
        """Its engine, at once: with what was last known of it, and the truth as soon as that comes. "" is this one."""
        ...
