"""Files of one tree, living or dead: no `path` leaves its `root`, whatever links are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class ListDirectory(NamedTuple):
    """Answered by a list of `FileInfo`."""

    root: str | os.PathLike[str]
    path: str


class Stat(NamedTuple):
    """Answered by `FileInfo`."""

    root: str | os.PathLike[str]
    path: str
    follow: bool = False


class FileInfo(NamedTuple):
    """One entry as lstat sees it inside the namespace; `name` is bytes made text with surrogateescape."""

    name: str
    mode: int
    """Type and permission bits."""
    size: int
    uid: int
    gid: int
    mtime_ns: int
    inode: int
    links: int
    device: int
    """The device number of a device node; 0:0 on a character device is a whiteout."""
    blocks: int
    link: str = ""


class OpenFile(NamedTuple):
    """Answered by a descriptor."""

    root: str | os.PathLike[str]
    path: str
    flags: int
    mode: int
    copy: int
    """To read is to get a copy of so many first bytes; -1 for the file itself."""


class WriteFile(NamedTuple):
    """What the descriptor that comes with it holds replaces the file."""

    root: str | os.PathLike[str]
    path: str
    mode: int | None
    owner: tuple[int, int] | None


class Rename(NamedTuple):
    root: str | os.PathLike[str]
    path: str
    new_path: str


class MakeDirectory(NamedTuple):
    root: str | os.PathLike[str]
    path: str
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)
    parents: bool = False


class Remove(NamedTuple):
    root: str | os.PathLike[str]
    path: str


class MissingPlaces(NamedTuple):
    """Answered by those parts of the paths that are not there, the outermost of each first."""

    root: str | os.PathLike[str]
    paths: Sequence[str]


class RemoveUnused(NamedTuple):
    """Those of the paths that are empty files or directories in what an overlay wrote go from what it shows."""

    written: str | os.PathLike[str]
    root: str | os.PathLike[str]
    paths: Sequence[str]


class RealPath(NamedTuple):
    """Answered by the path with every link followed; the last name must be there."""

    root: str | os.PathLike[str]
    path: str
