"""Whole trees: remove, measure, copy. All by descriptors, never following a link, never leaving the file system."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from engine.sandbox.keeper.asked.steps import Unmount
from engine.sandbox.keeper.asked.trees import RemoveTree, TreeSize
from engine.sandbox.keeper.disk.holes import data_of
from engine.sandbox.keeper.disk.opened import Opened
from engine.sandbox.keeper.mounting import unmount
from engine.sandbox.keeper.requests import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.sandbox.keeper.asked.trees import CopyTree, MeasureTree, RemoveTrees
    from engine.sandbox.keeper.requests import Request

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
COPY_PIECE = 8 << 20
DEEPEST = 500
_BEHIND = 10
"""How nice what nobody waits for is."""


# --- remove ---


def remove_tree(asked: RemoveTree, _request: Request) -> None:
    path = os.fsencode(asked.path)
    parent, _, name = path.rstrip(b"/").rpartition(b"/")
    try:
        descriptor = os.open(parent or b"/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with contextlib.closing(_Descriptor(descriptor)):
        remove_at(descriptor, name)


def remove_trees(asked: RemoveTrees, request: Request) -> Reply:
    """The next whatever becomes of one."""
    os.nice(_BEHIND)
    failed = []
    for path in asked.paths:
        try:
            if asked.mounted:
                unmount(Unmount(os.path.join(path, asked.mounted), every=True))
            remove_tree(RemoveTree(path), request)
        except OSError as error:
            failed.append((path, f"{error.strerror}: {os.fsdecode(error.filename or path)}"))
    return Reply(failed)


def remove_at(parent: int, name: bytes) -> None:
    """Whatever it is; not being there is no failure. A mount point inside raises EBUSY rather than being emptied."""
    try:
        os.unlink(name, dir_fd=parent)
        return
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EPERM):
            raise
    # Depth can be thousands: a stack of (descriptor, names left), not recursion.
    device = os.stat(name, dir_fd=parent, follow_symlinks=False).st_dev
    stack = [_Level(parent, name, device)]
    while stack:
        level = stack[-1]
        child = level.next_directory()
        if child is not None and len(stack) >= DEEPEST:
            # A hostile tree may be deeper than we have descriptors: hang what is below higher up.
            stack[0].adopt(level.descriptor, child)
            continue
        if child is not None:
            stack.append(_Level(level.descriptor, child, device))
            continue
        stack.pop().close()


class _Descriptor:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def close(self) -> None:
        os.close(self._fd)


class _Level:
    """One directory on the way to being removed."""

    def __init__(self, parent: int, name: bytes, device: int) -> None:
        self._parent = parent
        self._name = name
        self.descriptor = os.open(name, _OPEN_DIRECTORY, dir_fd=parent)
        if os.fstat(self.descriptor).st_dev != device:
            os.close(self.descriptor)
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)
        self._names = [os.fsencode(each) for each in os.listdir(self.descriptor)]

    def next_directory(self) -> bytes | None:
        """Unlink files until a directory comes up."""
        while self._names:
            name = self._names.pop()
            try:
                os.unlink(name, dir_fd=self.descriptor)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in (errno.EISDIR, errno.EPERM):
                    raise
                return name
        return None

    def adopt(self, parent: int, name: bytes) -> None:
        fresh = b".deep-" + secrets.token_hex(8).encode()
        os.rename(name, fresh, src_dir_fd=parent, dst_dir_fd=self.descriptor)
        self._names.append(fresh)

    def close(self) -> None:
        os.close(self.descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(self._name, dir_fd=self._parent)


# --- measure ---


def tree_size(asked: MeasureTree, _request: Request) -> Reply:
    path = os.fspath(asked.path)
    size = disk = files = 0
    linked: set[tuple[int, int]] = set()
    device = os.lstat(path).st_dev
    for _, found in walk(path):
        if found.st_dev != device:
            continue
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in linked:
                continue
            linked.add((found.st_dev, found.st_ino))
        files += 1
        disk += found.st_blocks * 512
        if stat.S_ISREG(found.st_mode):
            size += found.st_size
    return Reply(TreeSize(size, disk, files))


def walk(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below `path` in no order; what vanishes meanwhile is left out."""
    waiting = [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.path, entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        except FileNotFoundError:
            continue


# --- copy ---


def copy_tree(asked: CopyTree, request: Request) -> None:
    os.umask(0)
    source = Opened(os.open(asked.source, _OPEN_DIRECTORY))
    target = Opened(os.open(asked.target, _OPEN_DIRECTORY))
    copier = _Copier(request.progress)
    copier.contents(source, target)
    copy_metadata(source, target, os.fstat(source))
    request.progress(copier.done)


class _Copier:
    def __init__(self, progress: Callable[[int], None]) -> None:
        self.done = 0
        self._told = 0
        self._progress = progress
        self._linked: dict[tuple[int, int], str] = {}
        """Inode → a path, relative to the target, where it was put already."""
        self._top = -1

    def contents(self, source: int, target: int, below: str = "") -> None:
        if self._top < 0:
            self._top = target
        for name in sorted(os.listdir(source)):
            found = os.stat(name, dir_fd=source, follow_symlinks=False)
            path = below + name
            if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                known = self._linked.setdefault((found.st_dev, found.st_ino), path)
                if known != path:
                    os.link(known, name, src_dir_fd=self._top, dst_dir_fd=target, follow_symlinks=False)
                    continue
            self._entry(name, found, source, target, path)

    def _entry(self, name: str, found: os.stat_result, source: int, target: int, path: str) -> None:
        if stat.S_ISDIR(found.st_mode):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=target)
            inner_source = os.open(name, _OPEN_DIRECTORY, dir_fd=source)
            inner_target = os.open(name, _OPEN_DIRECTORY, dir_fd=target)
            try:
                self.contents(inner_source, inner_target, path + "/")
                copy_metadata(inner_source, inner_target, found)
            finally:
                os.close(inner_source)
                os.close(inner_target)
        elif stat.S_ISREG(found.st_mode):
            self._file(name, found, source, target)
        elif stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            _own(name, found, target)
        elif stat.S_ISFIFO(found.st_mode) or (stat.S_ISCHR(found.st_mode) and found.st_rdev == 0):
            os.mknod(name, found.st_mode, found.st_rdev, dir_fd=target)
            _own(name, found, target)
        # Sockets belong to whoever listens; devices cannot be made here.

    def _file(self, name: str, found: os.stat_result, source: int, target: int) -> None:
        reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            writing = os.open(name, flags, 0o600, dir_fd=target)
            try:
                copy_contents(reading, writing, found.st_size)
                copy_metadata(reading, writing, found)
            finally:
                os.close(writing)
        finally:
            os.close(reading)
        self.done += found.st_size
        if self.done - self._told > COPY_PIECE:
            self._told = self.done
            self._progress(self.done)


def _own(name: str, found: os.stat_result, directory: int) -> None:
    os.chown(name, found.st_uid, found.st_gid, dir_fd=directory, follow_symlinks=False)
    os.utime(name, ns=(found.st_atime_ns, found.st_mtime_ns), dir_fd=directory, follow_symlinks=False)


def copy_contents(reading: int, writing: int, size: int) -> None:
    """Only what is data: holes stay holes. The kernel shares the blocks where the file system can."""
    for start, end in data_of(reading, size):
        at = start
        while at < end:
            copied = _copy_range(reading, writing, min(COPY_PIECE, end - at), at)
            if copied == 0:  # it has become shorter
                os.ftruncate(writing, at)
                return
            at += copied
    os.ftruncate(writing, size)


def _copy_range(reading: int, writing: int, count: int, at: int) -> int:
    try:
        return os.copy_file_range(reading, writing, count, at, at)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    data = os.pread(reading, count, at)
    written = 0
    while written < len(data):
        written += os.pwrite(writing, memoryview(data)[written:], at + written)
    return len(data)


def copy_metadata(reading: int, writing: int, found: os.stat_result) -> None:
    """Owner before mode (a change of owner clears setuid), attributes before times."""
    os.fchown(writing, found.st_uid, found.st_gid)
    os.fchmod(writing, stat.S_IMODE(found.st_mode))
    for name in os.listxattr(reading):
        if name.startswith(("user.overlay.", "user.fuseoverlayfs.", "system.nfs4", "security.selinux")):
            continue
        with contextlib.suppress(OSError):
            os.setxattr(writing, name, os.getxattr(reading, name))
    os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
