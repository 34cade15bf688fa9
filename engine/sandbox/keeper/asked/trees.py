"""Whole trees: unpacked, packed, copied, removed, measured, verified. Forked workers do it, which can be cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from engine.sandbox.keeper.layers.marks import By


class Unpack(NamedTuple):
    """From the descriptor that comes with it. Answered by `Unpacked`."""

    target: str | os.PathLike[str]
    root: str | os.PathLike[str]
    index_at: str | os.PathLike[str]
    """Where to write what is in it; "" for nowhere."""
    layer: bool
    most_bytes: int
    most_entries: int
    owner: tuple[int, int] | None
    single_id: bool
    no_overwrite_kind: bool


class Unpacked(NamedTuple):
    """What an unpacking did."""

    diff_id: str
    """sha256 of the whole stream, "sha256:…"."""
    entries: int
    bytes: int
    """Sizes of regular files, hard links counted once."""
    notes: Sequence[str] = ()
    """What could not be kept as it was, in words (device nodes, attributes the file system refuses)."""


class Beside(NamedTuple):
    """What stands in an archive for a place of the tree that is covered by a mount."""

    root: str | os.PathLike[str]
    path: str
    name: str


class Pack(NamedTuple):
    """Into the descriptor that comes with it. Answered by a list of what was left out, in words."""

    root: str | os.PathLike[str]
    path: str
    name: str | None
    marks: By | Literal[""]
    latest: int | None
    mounted: Sequence[Beside]


class CopyTree(NamedTuple):
    source: str | os.PathLike[str]
    target: str | os.PathLike[str]


class RemoveTree(NamedTuple):
    path: str | os.PathLike[str]


class RemoveTrees(NamedTuple):
    """Behind everybody else. Answered by what could not be removed: pairs of a path and the reason."""

    paths: Sequence[str | os.PathLike[str]]
    mounted: str
    """A place in each whose mounts go too; "" for none."""


class MeasureTree(NamedTuple):
    """Answered by `TreeSize`."""

    path: str | os.PathLike[str]


class TreeSize(NamedTuple):
    bytes: int
    """What the files say they hold, hard links counted once."""
    disk: int
    """What they take on disk."""
    files: int


class Sync(NamedTuple):
    """Bring the file system that the path is on up to date on disk."""

    path: str | os.PathLike[str]


class VerifyLayer(NamedTuple):
    """Answered by the first path that is not as the index says, or ""."""

    tree: str | os.PathLike[str]
    index_at: str | os.PathLike[str]
