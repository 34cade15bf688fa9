"""Files of one tree, living or dead: no path leaves its root, whatever links are in it.

Each runs in a forked worker, because a tree may lie on a file system that hangs.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from typing import TYPE_CHECKING

from engine.sandbox.keeper import kernel
from engine.sandbox.keeper.asked.files import FileInfo
from engine.sandbox.keeper.disk import trees
from engine.sandbox.keeper.disk.links import resolved
from engine.sandbox.keeper.disk.opened import Opened
from engine.sandbox.keeper.requests import Reply

if TYPE_CHECKING:
    from engine.sandbox.keeper.asked.files import (
        ListDirectory,
        MakeDirectory,
        MissingPlaces,
        OpenFile,
        RealPath,
        Remove,
        RemoveUnused,
        Rename,
        Stat,
        WriteFile,
    )
    from engine.sandbox.keeper.requests import Request

_NO_MAGIC = kernel.RESOLVE_IN_ROOT | kernel.RESOLVE_NO_MAGICLINKS
_OF_THE_SYSTEM = ("security.selinux", "security.ima", "security.evm", "trusted.")
"""Attributes that the kernel gives a file by itself, or that nobody here may set."""


class Inside:
    """One path inside a root: a descriptor of its parent, and its last name."""

    def __init__(self, root: str | os.PathLike[str], path: str) -> None:
        self.root = _open_root(root)
        self.path = os.fsencode(path)
        if b"\0" in self.path:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), self.path)
        parts = [part for part in self.path.split(b"/") if part not in (b"", b".")]
        if parts and parts[-1] == b"..":
            # A name is wanted, so this one has to be followed first.
            parts = [part for part in _resolve(self.root, self.path).split(b"/") if part]
        self.name = parts[-1] if parts else b"."
        self.parent = Opened(in_root(self.root, b"/".join(parts[:-1]), os.O_PATH | os.O_DIRECTORY))

    @property
    def is_root(self) -> bool:
        return self.name == b"."


def _open_root(root: str | os.PathLike[str]) -> Opened:
    return Opened(os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))


def in_root(root: int, path: bytes, flags: int, mode: int = 0) -> int:
    return kernel.openat2(root, path.lstrip(b"/") or b".", flags, mode, _NO_MAGIC)


def _entry(name: bytes, found: os.stat_result, directory: int) -> FileInfo:
    link = ""
    if stat.S_ISLNK(found.st_mode):
        try:
            link = os.fsdecode(os.readlink(name, dir_fd=directory))
        except OSError:
            link = ""
    return FileInfo(
        os.fsdecode(name), found.st_mode, found.st_size, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_ino,
        found.st_nlink, found.st_rdev, found.st_blocks, link,
    )  # fmt: skip


def list_directory(asked: ListDirectory, _request: Request) -> Reply:
    directory = Opened(in_root(_open_root(asked.root), os.fsencode(asked.path), os.O_RDONLY | os.O_DIRECTORY))
    entries = []
    for text in os.listdir(directory):
        name = os.fsencode(text)
        try:
            entries.append(_entry(name, os.stat(name, dir_fd=directory, follow_symlinks=False), directory))
        except FileNotFoundError:
            continue
    return Reply(entries)


def stat_entry(asked: Stat, _request: Request) -> Reply:
    inside = Inside(asked.root, asked.path)
    if asked.follow:
        reached = Opened(in_root(inside.root, inside.path, os.O_PATH))
        return Reply(_entry(inside.name, os.fstat(reached), reached))
    found = os.stat(inside.name, dir_fd=inside.parent, follow_symlinks=False)
    return Reply(_entry(inside.name, found, inside.parent))


def open_file(asked: OpenFile, _request: Request) -> Reply:
    os.umask(0o022)
    mode = asked.mode if asked.flags & (os.O_CREAT | os.O_TMPFILE) else 0
    # A fifo or a device in the tree must not make us wait.
    flags = asked.flags | os.O_NONBLOCK | os.O_NOCTTY
    descriptor = in_root(_open_root(asked.root), os.fsencode(asked.path), flags, mode)
    if not asked.flags & os.O_NONBLOCK:
        os.set_blocking(descriptor, True)
    if asked.copy >= 0 and stat.S_ISREG(os.fstat(descriptor).st_mode) and _is_read_only(descriptor):
        descriptor = _copied(descriptor, asked.copy)
    return Reply(None, [descriptor])


def _is_read_only(descriptor: int) -> bool:
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _copied(descriptor: int, most: int) -> int:
    """Its beginning, for somebody who is no user of this namespace: of a file on a fuse mount he may read nothing."""
    copy = os.memfd_create("contents", os.MFD_CLOEXEC)
    try:
        trees.copy_contents(descriptor, copy, min(os.fstat(descriptor).st_size, most))
    finally:
        os.close(descriptor)
    return copy


def write_file(asked: WriteFile, request: Request) -> None:
    """By rename; a file that is mounted there cannot be replaced, so it is rewritten."""
    inside = Inside(asked.root, asked.path)
    path = _resolve(inside.root, inside.path)
    parent, _, name = path.rpartition(b"/")
    directory = Opened(in_root(inside.root, parent, os.O_PATH | os.O_DIRECTORY))
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL, "not a regular file", path)
        mode, owner, there_before = stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid), True
    except FileNotFoundError:
        mode, owner, there_before = 0o644, (0, 0), False
    mode = mode if asked.mode is None else asked.mode
    fresh = b".wherry-" + secrets.token_hex(6).encode()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    writing = Opened(os.open(fresh, flags, 0o600, dir_fd=directory))
    try:
        _pour(request.fds[0], writing)
        os.fchown(writing, *(asked.owner or owner))
        os.fchmod(writing, mode)
        if there_before:
            _keep_attributes(directory, name, writing)
        os.rename(fresh, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError as error:
        os.unlink(fresh, dir_fd=directory)
        if error.errno != errno.EBUSY:
            raise
        over = Opened(os.open(name, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory))
        os.lseek(request.fds[0], 0, os.SEEK_SET)
        _pour(request.fds[0], over)


def _keep_attributes(directory: int, name: bytes, writing: int) -> None:
    """What the file of before has besides its contents: capabilities, access lists, whatever a user noted."""
    before = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    try:
        for attribute in os.listxattr(before):
            if attribute.startswith(_OF_THE_SYSTEM):
                continue
            os.setxattr(writing, attribute, os.getxattr(before, attribute))
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
    finally:
        os.close(before)


def _pour(reading: int, writing: int) -> None:
    os.lseek(reading, 0, os.SEEK_SET)
    while os.sendfile(writing, reading, None, 1 << 24):
        pass


def rename(asked: Rename, request: Request) -> None:
    old, new = Inside(asked.root, asked.path), Inside(asked.root, asked.new_path)
    if old.is_root or new.is_root:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), old.path)
    try:
        os.rename(old.name, new.name, src_dir_fd=old.parent, dst_dir_fd=new.parent)
    except FileNotFoundError:
        if not request.is_repeated:
            raise
        os.stat(new.name, dir_fd=new.parent, follow_symlinks=False)


def make_directory(asked: MakeDirectory, request: Request) -> None:
    os.umask(0)
    if not asked.parents:
        inside = Inside(asked.root, asked.path)
        _make(inside.parent, inside.name, asked, may_be_there=request.is_repeated)
        return
    root = _open_root(asked.root)
    at = b""
    for part in os.fsencode(asked.path).split(b"/"):
        if part in (b"", b"."):
            continue
        parent = in_root(root, at, os.O_PATH | os.O_DIRECTORY)
        at = at + b"/" + part
        try:
            os.close(in_root(root, at, os.O_PATH | os.O_DIRECTORY))
        except FileNotFoundError:
            _make(parent, part, asked)
        finally:
            os.close(parent)


def _make(parent: int, name: bytes, asked: MakeDirectory, *, may_be_there: bool = False) -> None:
    try:
        os.mkdir(name, asked.mode & 0o777, dir_fd=parent)
    except FileExistsError:
        if not may_be_there:
            raise
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fchown(descriptor, *asked.owner)
        os.fchmod(descriptor, asked.mode)
    finally:
        os.close(descriptor)


def remove(asked: Remove, request: Request) -> None:
    inside = Inside(asked.root, asked.path)
    if inside.is_root:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), inside.path)
    if not request.is_repeated:
        os.stat(inside.name, dir_fd=inside.parent, follow_symlinks=False)
    trees.remove_at(inside.parent, inside.name)


def missing_places(asked: MissingPlaces, _request: Request) -> Reply:
    root = _open_root(asked.root)
    missing: list[str] = []
    for path in asked.paths:
        at = os.path.normpath("/" + path.lstrip("/"))
        parts: list[str] = []
        while at != "/" and not _is_there(root, os.fsencode(at)):
            parts.append(at)
            at = os.path.dirname(at)
        missing += reversed(parts)
    return Reply(missing)


def _is_there(root: int, path: bytes) -> bool:
    try:
        os.close(in_root(root, path, os.O_PATH))
    except OSError:
        return False
    return True


def remove_unused(asked: RemoveUnused, _request: Request) -> None:
    for path in sorted(set(asked.paths), key=len, reverse=True):
        with contextlib.suppress(OSError):
            written = Inside(asked.written, path)
            found = os.stat(written.name, dir_fd=written.parent, follow_symlinks=False)
            is_empty = stat.S_ISREG(found.st_mode) and found.st_size == 0
            if stat.S_ISDIR(found.st_mode):
                inner = Opened(in_root(written.root, written.path, os.O_RDONLY | os.O_DIRECTORY))
                is_empty = not os.listdir(inner)
            if is_empty:
                shown = Inside(asked.root, path)
                trees.remove_at(shown.parent, shown.name)


def real_path(asked: RealPath, _request: Request) -> Reply:
    root = _open_root(asked.root)
    path = _resolve(root, os.fsencode(asked.path))
    os.close(in_root(root, path, os.O_PATH))
    return Reply(os.fsdecode(path))


def _resolve(root: int, path: bytes) -> bytes:
    """Follow every link as a process whose root this is would; the last name need not exist."""

    def target_of(here: bytes) -> bytes | None:
        directory, _, name = here.rpartition(b"/")
        return _link_at(root, directory, name)

    return b"/" + resolved(path, target_of, lambda: OSError(errno.ELOOP, os.strerror(errno.ELOOP), path))


def _link_at(root: int, directory: bytes, name: bytes) -> bytes | None:
    """Where a link points, None for what is no link. Raises FileNotFoundError."""
    parent = in_root(root, directory, os.O_PATH | os.O_DIRECTORY)
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return None
    finally:
        os.close(parent)
