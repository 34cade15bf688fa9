"""Pack a tree as a tar stream: an overlay's upper directory as an OCI layer, or any tree or file as it is."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Literal

from engine.sandbox.keeper.asked.trees import Beside
from engine.sandbox.keeper.disk.files import Inside
from engine.sandbox.keeper.disk.holes import data_of
from engine.sandbox.keeper.layers import marks, tar_writer
from engine.sandbox.keeper.layers.tar_writer import Entry
from engine.sandbox.keeper.requests import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.sandbox.keeper.asked.trees import Pack
    from engine.sandbox.keeper.layers.marks import By
    from engine.sandbox.keeper.requests import Request

PIECE = 1 << 20
DEEPEST = 2000
WORTH_SPARSE = 1 << 20
"""Holes of less than this in sum are written as zeros."""
MOST_NOTES = 50
_OURS = ("user.overlay.", "user.fuseoverlayfs.", "security.selinux")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Segments = list[tuple[int, int]]


def pack(asked: Pack, request: Request) -> Reply:
    packer = _Packer(request.fds[0], request.progress, by=asked.marks, latest=asked.latest)
    mounted = [Beside(*each) for each in asked.mounted]
    packer.elsewhere = {os.fsencode(one.name) for one in mounted}
    _pack_one(packer, Inside(asked.root, asked.path), asked.name)
    for one in mounted:
        with contextlib.suppress(FileNotFoundError):
            _pack_one(packer, Inside(one.root, one.path), one.name)
    packer.finish()
    return Reply(packer.notes)


def _pack_one(packer: _Packer, inside: Inside, shown: str | None) -> None:
    found = os.stat(inside.name, dir_fd=inside.parent, follow_symlinks=False)
    name = os.fsencode(shown or "")
    if stat.S_ISDIR(found.st_mode):
        packer.top_directory(inside.parent, inside.name, name, found)
    else:
        packer.entry(inside.parent, inside.name, name or inside.name, found)


class _Packer:
    """`by` says whose marks to turn into `.wh.` names; "" packs a tree as it is."""

    def __init__(self, out: int, progress: Callable[[int], None], *, by: By | Literal[""], latest: int | None) -> None:
        self._out = out
        self._progress = progress
        self._by = by
        self.notes: list[str] = []
        self._latest_ns = None if latest is None else latest * 1_000_000_000
        self.elsewhere: set[bytes] = set()
        """Names whose place in the tree is covered by a mount: what is below it comes from there."""
        self._linked: dict[tuple[int, int], bytes] = {}
        self._device = -1
        self._done = 0
        self._told = 0
        self._waiting = bytearray()

    def finish(self) -> None:
        self._write(tar_writer.END)
        self._flush()
        self._progress(self._done)

    # --- output ---

    def _write(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= PIECE:
            self._flush()

    def _flush(self) -> None:
        view = memoryview(self._waiting)
        at = 0
        while at < len(view):
            at += os.write(self._out, view[at:])
        self._count(at)
        self._waiting = bytearray()

    def _count(self, written: int) -> None:
        self._done += written
        if self._done - self._told > 8 * PIECE:
            self._told = self._done
            self._progress(self._done)

    # --- the tree ---

    def top_directory(self, parent: int, name: bytes, shown: bytes, found: os.stat_result) -> None:
        self._device = found.st_dev
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            if not self._by:
                self._directory_entry(descriptor, shown or b".", found)
            elif marks.is_opaque(descriptor, self._by):
                self._add(Entry(marks.OPAQUE_NAME, b"0", mode=0))
            self._children(descriptor, shown + b"/" if shown else b"", 0)
        finally:
            os.close(descriptor)

    def _directory_entry(self, descriptor: int, shown: bytes, found: os.stat_result) -> None:
        records = self._attributes(lambda: os.listxattr(descriptor), lambda key: os.getxattr(descriptor, key))
        self._add(self._described(shown + b"/", b"5", found), records)

    def _children(self, descriptor: int, prefix: bytes, depth: int) -> None:
        if depth > DEEPEST:
            raise OSError(errno.ENAMETOOLONG, "directories too deep in each other", prefix[:200])
        for name in sorted(os.fsencode(each) for each in os.listdir(descriptor)):
            if prefix + name in self.elsewhere or self._is_no_entry(prefix, name):
                continue
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    self._directory(descriptor, name, prefix + name, found, depth)
                else:
                    self.entry(descriptor, name, prefix + name, found)
            except FileNotFoundError:
                # It went while we were at it; a living tree does that.
                continue

    def _is_no_entry(self, prefix: bytes, name: bytes) -> bool:
        if not self._by or not name.startswith(marks.WHITEOUT_PREFIX):
            return False
        if marks.names_are_marks(self._by):
            return marks.is_name_of_opaque(name, self._by)
        # An ordinary file here. In a layer it would take another one away: the archive has no way to say it.
        if len(self.notes) < MOST_NOTES:
            shown = os.fsdecode(prefix + name)
            self.notes.append(f"{shown!a} is left out: in a layer a name that begins with .wh. removes a file")
        return True

    def _directory(self, parent: int, name: bytes, shown: bytes, found: os.stat_result, depth: int) -> None:
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            self._directory_entry(descriptor, shown, found)
            if self._by and marks.is_opaque(descriptor, self._by):
                self._add(Entry(shown + b"/" + marks.OPAQUE_NAME, b"0", mode=0))
            if found.st_dev == self._device:
                # What is mounted in the tree is not of the tree.
                self._children(descriptor, shown + b"/", depth + 1)
        finally:
            os.close(descriptor)

    # --- one entry ---

    def entry(self, parent: int, name: bytes, shown: bytes, found: os.stat_result) -> None:
        """Anything but a directory."""
        kind = tar_writer.kind_of(found.st_mode)
        if not kind:
            return
        if self._by:
            directory, slash, last = shown.rpartition(b"/")
            if hidden := marks.hidden_by(last, device=marks.is_whiteout_device(found), by=self._by):
                self._add(Entry(directory + slash + marks.WHITEOUT_PREFIX + hidden, b"0", mode=0))
                return
        if found.st_nlink > 1:
            known = self._linked.setdefault((found.st_dev, found.st_ino), shown)
            if known != shown:
                self._add(self._described(shown, b"1", found)._replace(link=known))
                return
        if kind == b"0":
            self._file(parent, name, shown, found)
            return
        link = os.readlink(name, dir_fd=parent) if kind == b"2" else b""
        entry = self._described(shown, kind, found)._replace(link=link)
        if kind in (b"3", b"4"):
            entry = entry._replace(device=(os.major(found.st_rdev), os.minor(found.st_rdev)))
        self._add(entry)

    def _described(self, shown: bytes, kind: bytes, found: os.stat_result) -> Entry:
        mtime = found.st_mtime_ns
        if self._latest_ns is not None:
            mtime = min(mtime, self._latest_ns)
        if self._by:
            # Layers have whole seconds everywhere, and their digests depend on it.
            mtime -= mtime % 1_000_000_000
        return Entry(shown, kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, 0, mtime)

    def _add(self, entry: Entry, records: dict[bytes, bytes] | None = None) -> None:
        self._write(tar_writer.header(entry, records or {}))

    def _attributes(self, names: Callable[[], list[str]], value: Callable[[str], bytes]) -> dict[bytes, bytes]:
        records: dict[bytes, bytes] = {}
        with contextlib.suppress(OSError):
            for name in names():
                if not name.startswith(_OURS):
                    with contextlib.suppress(OSError):
                        records[b"SCHILY.xattr." + os.fsencode(name)] = value(name)
        return records

    def _file(self, parent: int, name: bytes, shown: bytes, found: os.stat_result) -> None:
        descriptor = os.open(name, _FILE, dir_fd=parent)
        try:
            records = self._attributes(lambda: os.listxattr(descriptor), lambda key: os.getxattr(descriptor, key))
            entry = self._described(shown, b"0", found)._replace(size=found.st_size)
            holes = found.st_size - found.st_blocks * 512
            if holes > WORTH_SPARSE and not self._by:
                self._sparse(descriptor, entry, records)
                return
            self._add(entry, records)
            self._data(descriptor, 0, found.st_size)
            self._write(bytes(-found.st_size % tar_writer.BLOCK))
        finally:
            os.close(descriptor)

    def _sparse(self, descriptor: int, entry: Entry, records: dict[bytes, bytes]) -> None:
        """GNU's sparse format 1.0: a map of what is not a hole, then that."""
        segments = _segments(descriptor, entry.size)
        numbers = [len(segments), *(number for segment in segments for number in segment)]
        table = tar_writer.padded(b"".join(b"%d\n" % number for number in numbers))
        records |= {
            b"GNU.sparse.major": b"1",
            b"GNU.sparse.minor": b"0",
            b"GNU.sparse.name": entry.name,
            b"GNU.sparse.realsize": b"%d" % entry.size,
        }
        stored = len(table) + sum(length for _, length in segments)
        self._add(entry._replace(name=b"GNUSparseFile.0/" + entry.name, size=stored), records)
        self._write(table)
        for offset, length in segments:
            self._data(descriptor, offset, length)
        self._write(bytes(-stored % tar_writer.BLOCK))

    def _data(self, descriptor: int, offset: int, count: int) -> None:
        """Exactly so many bytes, whatever the file does meanwhile."""
        if count <= PIECE:
            data = os.pread(descriptor, count, offset)
            self._write(data + bytes(count - len(data)))
            return
        self._flush()
        while count:
            sent = os.sendfile(self._out, descriptor, offset, min(count, PIECE))
            if sent == 0:
                self._zeros(count)
                return
            offset += sent
            count -= sent
            self._count(sent)

    def _zeros(self, count: int) -> None:
        while count:
            part = min(count, PIECE)
            self._write(bytes(part))
            count -= part


def _segments(descriptor: int, size: int) -> Segments:
    found = [(start, end - start) for start, end in data_of(descriptor, size)]
    # The last entry says where the file ends.
    return [*found, (size, 0)] if not found or sum(found[-1]) < size else found
