"""Files inside containers, volumes and image layers."""

from __future__ import annotations

from typing import Literal

from engine.types.data import Data
from engine.types.images import FileKind


class Place(Data, frozen=True, kw_only=True):
    """Which tree a path is in."""

    kind: Literal["container", "volume", "image"]
    id: str
    layer: int = -1
    """For an image: the merged tree up to this layer; -1 is the whole image."""


class DirectoryEntry(Data, frozen=True, kw_only=True):
    name: str
    kind: FileKind
    size: int
    mode: int
    uid: int
    gid: int
    mtime: float
    link: str = ""
    changed: Literal["", "added", "changed", "removed"] = ""


class FileStat(Data, frozen=True, kw_only=True):
    """As Docker's archive header has it."""

    name: str
    size: int
    mode: int
    """Type and permission bits, as in stat(2)."""
    mtime: float
    link_target: str = ""


FileMarkKind = Literal["file", "directory", "symlink", "hardlink", "fifo", "device"]


class FileMark(Data, frozen=True, kw_only=True):
    """What a path in a tree is, to be compared with another tree's; not when it was changed."""

    path: str
    """Without slashes at its ends; "" is the tree's own directory."""
    kind: FileMarkKind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    link: str = ""
    digest: str = ""
    """sha256 of a file's contents, in hexadecimal."""
