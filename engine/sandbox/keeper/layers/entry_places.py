"""Where an entry of an archive goes: a directory descriptor and a name that no link can lead elsewhere.

FreshTree is a directory of our own in which nobody else writes: what we made is known without asking the kernel.
LivingTree may be in use by a hostile container: every parent is opened by the kernel inside the root.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import NamedTuple, Protocol

from engine.sandbox.keeper import kernel
from engine.sandbox.keeper.disk.links import LONGEST_PATH, resolved
from engine.sandbox.keeper.requests import BadInput

_has_odd_part = re.compile(rb"(?:^|/)\.{0,2}(?:/|$)|\0").search
"""Whether a path has a part that is empty, "." or "..", or a zero byte."""


class Place(NamedTuple):
    directory: int
    name: bytes
    path: bytes
    """Canonical, relative to the root of the tree."""


class Tree(Protocol):
    def place(self, path: bytes) -> Place: ...
    def made_directory(self, place: Place) -> None: ...
    def made_link(self, place: Place, target: bytes) -> None: ...
    def gone(self, place: Place) -> None: ...


def normalised(name: bytes) -> bytes:
    """Without "/" at either end, ".", "..", and doubled slashes; b"" is the root. Refuses to climb out."""
    if len(name) > LONGEST_PATH:
        raise BadInput(f"a path of {len(name)} bytes: {os.fsdecode(name[:60])!a}…")
    if not _has_odd_part(name):
        return name
    if b"\0" in name:
        raise BadInput("a name with a zero byte in it")
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if not parts:
                raise BadInput(f"the path {os.fsdecode(name)!a} leads out of the archive")
            parts.pop()
        else:
            parts.append(part)
    return b"/".join(parts)


class FreshTree:
    def __init__(self, root: int) -> None:
        self.root = root
        self._directories = {b""}
        self._links: dict[bytes, bytes] = {}
        self.implicit: list[bytes] = []
        """Directories the archive did not name, made for their children, since this was last emptied."""
        self.reborn: list[bytes] = []
        """Of those, the ones that were whiteouts before: they hide what is below them."""

    def place(self, path: bytes) -> Place:
        parent, _, name = path.rpartition(b"/")
        if parent not in self._directories:
            parent = self._resolve(parent)
            path = parent + b"/" + name if parent else name
        return Place(self.root, path, path)

    def made_directory(self, place: Place) -> None:
        self._directories.add(place.path)

    def is_directory(self, path: bytes) -> bool:
        return path in self._directories

    def made_link(self, place: Place, target: bytes) -> None:
        self._links[place.path] = target

    def gone(self, place: Place) -> None:
        self._links.pop(place.path, None)
        if place.path in self._directories:
            prefix = place.path + b"/"
            self._directories = {
                each for each in self._directories if each != place.path and not each.startswith(prefix)
            }
            self._links = {each: to for each, to in self._links.items() if not each.startswith(prefix)}

    def _resolve(self, path: bytes) -> bytes:
        """Walk links of our own making inside the root; make what is missing."""

        def target_of(here: bytes) -> bytes | None:
            if (target := self._links.get(here)) is None and here not in self._directories:
                self._make(here)
            return target

        return resolved(path, target_of, lambda: BadInput(f"too many links on the way to {os.fsdecode(path)!a}"))

    def _make(self, path: bytes) -> None:
        try:
            os.mkdir(path, 0o755, dir_fd=self.root)
        except FileExistsError:
            # Not one of ours, so not a directory; a whiteout makes way as it would for a named directory.
            if not stat.S_ISCHR(os.stat(path, dir_fd=self.root, follow_symlinks=False).st_mode):
                raise BadInput(f"{os.fsdecode(path)!a} is no directory, yet has entries below it") from None
            os.unlink(path, dir_fd=self.root)
            os.mkdir(path, 0o755, dir_fd=self.root)
            self.reborn.append(path)
        self._directories.add(path)
        self.implicit.append(path)


class LivingTree:
    """`base` is the path inside the root that names are relative to."""

    def __init__(self, root: int, base: bytes) -> None:
        self.root = root
        self._base = base
        self._parent = b"\0"
        self._descriptor = -1

    def place(self, path: bytes) -> Place:
        parent, _, name = path.rpartition(b"/")
        if parent != self._parent:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            self._descriptor = self._open(parent)
            self._parent = parent
        return Place(self._descriptor, name or b".", path)

    def _open(self, parent: bytes) -> int:
        path = self._base + b"/" + parent
        try:
            return _directory_in(self.root, path)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        return self._make(path)

    def _make(self, path: bytes) -> int:
        at = b""
        descriptor = -1
        for part in path.split(b"/"):
            at = at + b"/" + part
            try:
                fresh = _directory_in(self.root, at)
            except FileNotFoundError:
                os.mkdir(part, 0o755, dir_fd=descriptor)
                fresh = _directory_in(self.root, at)
            if descriptor >= 0:
                os.close(descriptor)
            descriptor = fresh
        return descriptor

    def made_directory(self, place: Place) -> None:
        self._forget()

    def made_link(self, place: Place, target: bytes) -> None:
        self._forget()

    def gone(self, place: Place) -> None:
        self._forget()

    def _forget(self) -> None:
        self._parent = b"\0"


def _directory_in(root: int, path: bytes) -> int:
    return kernel.openat2(root, path.lstrip(b"/") or b".", os.O_PATH | os.O_DIRECTORY, resolve=kernel.RESOLVE_IN_ROOT)
