"""Mounts and their like as data: a plan is a sequence of operations, each of which can describe itself.

Paths are as seen in the keeper's mount namespace. `Keeper.execute` runs a plan in order and stops at the first failure;
nothing is undone, so put `Unmount` in the plan that cleans up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

Propagation = Literal["", "private", "rprivate", "slave", "rslave", "shared", "rshared"]


@dataclass(frozen=True, kw_only=True)
class FsOperation:
    """One step. Its fields travel to the keeper by their names."""

    kind: ClassVar[str]

    def describe(self) -> str:
        raise NotImplementedError

    def encode(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"kind": self.kind} | {
            name: str(value) if isinstance(value, Path) else [str(item) for item in value] if name == "lower" else value
            for name, value in values.items()
        }


@dataclass(frozen=True, kw_only=True)
class MakeDirectory(FsOperation):
    """Make a directory with its parents; one that is there is left alone."""

    kind = "directory"
    path: Path
    mode: int = 0o755
    uid: int = 0
    gid: int = 0

    def describe(self) -> str:
        return f"make directory {self.path}"


@dataclass(frozen=True, kw_only=True)
class MakeFile(FsOperation):
    """Make a file, empty (to bind another on) or with a few words in it, unless something is there."""

    kind = "file"
    path: Path
    mode: int = 0o644
    contents: str = ""
    """Appear with the file or not at all, also on a full disk."""

    def describe(self) -> str:
        return f"make file {self.path}"


@dataclass(frozen=True, kw_only=True)
class Tmpfs(FsOperation):
    kind = "tmpfs"
    target: Path
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


@dataclass(frozen=True, kw_only=True)
class Overlay(FsOperation):
    """The kernel's overlay. `lower` is top first; relative paths are below `base`, which keeps the options short."""

    kind = "overlay"
    target: Path
    lower: tuple[str | Path, ...]
    upper: str = ""
    """Empty for a read-only mount."""
    work: str = ""
    base: Path = Path("/")

    def describe(self) -> str:
        return f"overlay of {len(self.lower)} layers on {self.target}"


@dataclass(frozen=True, kw_only=True)
class Unmount(FsOperation):
    """Take off the topmost mount of `target`; nothing mounted there is no failure."""

    kind = "unmount"
    target: Path
    lazy: bool = True
    every: bool = False
    """All mounts stacked there, not only the topmost."""

    def describe(self) -> str:
        return f"unmount {self.target}"


@dataclass(frozen=True, kw_only=True)
class Link(FsOperation):
    """Make a symbolic link, replacing one that is there."""

    kind = "link"
    path: Path
    points_to: str

    def describe(self) -> str:
        return f"link {self.path} to {self.points_to}"


@dataclass(frozen=True, kw_only=True)
class ContainerMarks(FsOperation):
    """What every container of Docker has in its root, and programs look for: `/.dockerenv`, by which they know where
    they are, and `/etc/mtab`. Neither replaces what the image has there; a link in the way is not followed."""

    kind = "marks"
    root: Path

    def describe(self) -> str:
        return f"marks of a container in {self.root}"


@dataclass(frozen=True, kw_only=True)
class Rename(FsOperation):
    """Move within one file system, atomically; refuses to replace unless told so."""

    kind = "rename"
    source: Path
    target: Path
    replace: bool = False

    def describe(self) -> str:
        return f"rename {self.source} to {self.target}"


@dataclass(frozen=True, kw_only=True)
class Remove(FsOperation):
    """Remove one file, link or empty directory; one that is not there is no failure."""

    kind = "remove"
    path: Path

    def describe(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, kw_only=True)
class Own(FsOperation):
    """Give a path an owner (ids inside) and, when `mode` is not negative, a mode. Links are not followed."""

    kind = "own"
    path: Path
    uid: int
    gid: int
    mode: int = -1

    def describe(self) -> str:
        return f"give {self.path} to {self.uid}:{self.gid}"
