"""A files room over directories of the test: any tree it is told of, looked at by a keeper in memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import NotFound
from engine.files.file_service import FileService
from engine.files.tree import Tree
from engine.storage.paths import Paths
from engine.types.files import Place
from tests.fakes.machine import KeeperInMemory, MachineInMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.sandbox.asking import Answer

HERE = Place(kind="container", id="here")


@dataclass
class Given:
    """`engine.files.tree.Trees` of one tree, which a test may say more of."""

    tree_here: Tree
    held: int = 0

    @asynccontextmanager
    async def tree(self, place: Place) -> AsyncIterator[Tree]:
        if place != HERE:
            raise NotFound("There is no such place")
        self.held += 1
        try:
            yield self.tree_here
        finally:
            self.held -= 1


class NotingKeeper(KeeperInMemory):
    """Notes what it was asked for, and refuses as a test says."""

    def __init__(self, paths: Paths, machine: MachineInMemory) -> None:
        super().__init__(paths, machine)
        self.operations: list[Any] = []
        self.refusal: OSError | None = None

    async def _carry(
        self, operation: NamedTuple, fds: Sequence[int] = (), progress: Callable[[int], None] | None = None
    ) -> Answer:
        self.operations.append(operation)
        if self.refusal is not None:
            raise self.refusal
        return await super()._carry(operation, fds, progress)


@dataclass
class Room:
    root: Path
    """The top of the tree."""
    given: Given
    files: FileService
    keeper: NotingKeeper

    def says(self, **more: object) -> None:
        """What else is known of the tree."""
        self.given.tree_here = Tree(str(self.root), **more)  # type: ignore[arg-type]


def room_at(place: Path) -> Room:
    keeper = NotingKeeper(Paths(place / "store", place / "run"), MachineInMemory())
    root = place / "tree"
    root.mkdir()
    given = Given(Tree(str(root)))
    return Room(root, given, FileService(keeper, given), keeper)


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 5000):
        yield data[at : at + 5000]
