"""Mounts and their like as data: a plan is a sequence of steps, each of which can describe itself.

Paths are as seen in the keeper's mount namespace. `Keeper.execute` runs a plan in order and stops at the first failure;
nothing is undone, so put `Unmount` in the plan that cleans up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class MakeDirectory(NamedTuple):
    """Make a directory with its parents; one that is there is left alone."""

    path: str | os.PathLike[str]
    mode: int = 0o755
    uid: int = 0
    gid: int = 0

    def describe(self) -> str:
        return f"make directory {self.path}"


class MakeFile(NamedTuple):
    """Make a file, empty (to bind another on) or with a few words in it, unless something is there."""

    path: str | os.PathLike[str]
    mode: int = 0o644
    contents: str = ""
    """Appear with the file or not at all, also on a full disk."""

    def describe(self) -> str:
        return f"make file {self.path}"


class Tmpfs(NamedTuple):
    target: str | os.PathLike[str]
    size: int = 0
    """Bytes; 0 is the kernel's default, half of the memory."""
    mode: int = 0o755
    read_only: bool = False
    nosuid: bool = True
    nodev: bool = True
    noexec: bool = False
    options: str = ""
    """More of the kernel's own, which count more than those above."""

    def describe(self) -> str:
        return f"tmpfs on {self.target}"


class Overlay(NamedTuple):
    """The kernel's overlay. `lower` is top first; relative paths are below `base`, which keeps the options short."""

    target: str | os.PathLike[str]
    lower: Sequence[str | os.PathLike[str]]
    upper: str = ""
    """Empty for a read-only mount."""
    work: str = ""
    base: str | os.PathLike[str] = "/"

    def describe(self) -> str:
        return f"overlay of {len(self.lower)} layers on {self.target}"


class Unmount(NamedTuple):
    """Take off the topmost mount of `target`; nothing mounted there is no failure."""

    target: str | os.PathLike[str]
    lazy: bool = True
    every: bool = False
    """All mounts stacked there, not only the topmost."""

    def describe(self) -> str:
        return f"unmount {self.target}"


class Link(NamedTuple):
    """Make a symbolic link, replacing one that is there."""

    path: str | os.PathLike[str]
    points_to: str

    def describe(self) -> str:
        return f"link {self.path} to {self.points_to}"


class ContainerMarks(NamedTuple):
    """What every container of Docker has in its root, and programs look for: `/.dockerenv`, by which they know where
    they are, and `/etc/mtab`. Neither replaces what the image has there; a link in the way is not followed."""

    root: str | os.PathLike[str]

    def describe(self) -> str:
        return f"marks of a container in {self.root}"


class Rename(NamedTuple):
    """Move within one file system, atomically; refuses to replace unless told so."""

    source: str | os.PathLike[str]
    target: str | os.PathLike[str]
    replace: bool = False

    def describe(self) -> str:
        return f"rename {self.source} to {self.target}"


class Remove(NamedTuple):
    """Remove one file, link or empty directory; one that is not there is no failure."""

    path: str | os.PathLike[str]

    def describe(self) -> str:
        return f"remove {self.path}"


class Own(NamedTuple):
    """Give a path an owner (ids inside) and, when `mode` is not negative, a mode. Links are not followed."""

    path: str | os.PathLike[str]
    uid: int
    gid: int
    mode: int = -1

    def describe(self) -> str:
        return f"give {self.path} to {self.uid}:{self.gid}"


Step = MakeDirectory | MakeFile | Tmpfs | Overlay | Unmount | Link | ContainerMarks | Rename | Remove | Own
